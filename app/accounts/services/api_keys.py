"""Verbs about API keys: issue, rotate, revoke; the text exists only in the answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.accounts.access_models import ApiKey, HeldLicence
from app.accounts.errors import (
    ApiKeyLimitReached,
    ApiKeyNotFound,
    ApiKeyNotLive,
    KeyOutlivesLicence,
    LicenceNotHeld,
    LicenceOver,
)
from app.accounts.events import ApiKeyIssued, ApiKeyRevoked
from app.accounts.networks import parse_networks
from app.accounts.secret_texts import hash_of, hint_of, new_api_key
from app.core.clock import iso_instant
from app.core.ids import ApiKeyId, LicenceId, OrganisationId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork

KEYS_MAX = 20
"""Keys of one licence that can be used at the same time, rotated ones in overlap included."""
LIFETIME_MAX = timedelta(days=366)


@dataclass(frozen=True)
class IssuedKey:
    """A key and, this once, its text."""

    api_key: ApiKey
    text: str


def issue_api_key(
    uow: UnitOfWork,
    entropy: Callable[[int], bytes],
    principal: Principal,
    *,
    licence_id: str,
    name: str,
    networks: Iterable[str],
    expires_at: datetime | None = None,
    calls_per_second: int | None = None,
) -> IssuedKey:
    """A key for the calls of one licence of the principal's organisation.

    Without ``expires_at`` it expires with the licence, in a year at the latest. Raises
    `LicenceNotHeld`, `LicenceOver`, `KeyOutlivesLicence`, `InvalidNetwork`, `ApiKeyLimitReached`.
    """
    licence = _lock_licence(uow, principal, licence_id)
    latest = _latest_expiry(uow, licence)
    expiry = latest if expires_at is None else expires_at
    if not uow.now < expiry <= latest:
        raise KeyOutlivesLicence(latest=iso_instant(latest))
    _check_room_for_one_more(uow, licence_id)
    return _issue(
        uow,
        entropy,
        principal,
        licence_id,
        name=name,
        networks=parse_networks(networks),
        calls_per_second=calls_per_second,
        until=expiry,
    )


def rotate_api_key(
    uow: UnitOfWork,
    entropy: Callable[[int], bytes],
    principal: Principal,
    *,
    key_id: str,
    overlap_seconds: int,
) -> IssuedKey:
    """A successor with the same networks, limit and lifetime; the old one ends after the overlap.

    Raises `ApiKeyNotFound`, `ApiKeyNotLive`, `LicenceOver`, `ApiKeyLimitReached`.
    """
    licence_id = _find_key(uow, principal, key_id).licence_id
    # The licence first, then the key: the same order everywhere, so that nobody waits in a circle.
    licence = _lock_licence(uow, principal, licence_id)
    old = _find_key(uow, principal, key_id, lock=True)
    if old.state(uow.now) != "live":
        raise ApiKeyNotLive(key_id, state=old.state(uow.now))
    _check_room_for_one_more(uow, licence_id)
    until = min(uow.now + (old.expires_at - old.issued_at), _latest_expiry(uow, licence))
    issued = _issue(
        uow,
        entropy,
        principal,
        licence_id,
        name=old.name,
        networks=tuple(old.networks),
        calls_per_second=old.calls_per_second,
        until=until,
    )
    old.rotated_to = issued.api_key.id
    old.expires_at = min(old.expires_at, uow.now + timedelta(seconds=overlap_seconds))
    _record_issued(uow, old)
    return issued


def revoke_api_key(uow: UnitOfWork, principal: Principal, *, key_id: str) -> None:
    """End a key now; a second time changes nothing. Raises `ApiKeyNotFound`."""
    key = _find_key(uow, principal, key_id, lock=True)
    if key.revoked_at is not None:
        return
    key.revoked_at = uow.now
    uow.record(
        ApiKeyRevoked(
            occurred_at=uow.now,
            key_id=ApiKeyId(key.id),
            organisation_id=OrganisationId(key.organisation_id),
            licence_id=LicenceId(key.licence_id),
        )
    )


def _issue(
    uow: UnitOfWork,
    entropy: Callable[[int], bytes],
    principal: Principal,
    licence_id: str,
    *,
    name: str,
    networks: tuple[str, ...],
    calls_per_second: int | None,
    until: datetime,
) -> IssuedKey:
    text = new_api_key(entropy)
    key = ApiKey(
        id=uow.ids.new("key"),
        organisation_id=principal.organisation_id,
        licence_id=licence_id,
        name=name,
        hint=hint_of(text),
        secret_hash=hash_of(text),
        networks=list(networks),
        calls_per_second=calls_per_second,
        issued_by=principal.id,
        issued_at=uow.now,
        expires_at=until,
    )
    uow.session.add(key)
    uow.session.flush()
    _record_issued(uow, key)
    return IssuedKey(key, text)


def _record_issued(uow: UnitOfWork, key: ApiKey) -> None:
    uow.record(
        ApiKeyIssued(
            occurred_at=uow.now,
            key_id=ApiKeyId(key.id),
            organisation_id=OrganisationId(key.organisation_id),
            licence_id=LicenceId(key.licence_id),
            secret_hash=key.secret_hash,
            networks=tuple(key.networks),
            expires_at=key.expires_at,
            calls_per_second=key.calls_per_second,
        )
    )


def _lock_licence(uow: UnitOfWork, principal: Principal, licence_id: str) -> HeldLicence:
    statement = select(HeldLicence).where(
        HeldLicence.licence_id == licence_id,
        HeldLicence.organisation_id == principal.organisation_id,
    )
    licence = uow.session.scalars(statement.with_for_update()).one_or_none()
    if licence is None:
        raise LicenceNotHeld(licence_id)
    if licence.is_over(uow.now):
        raise LicenceOver(licence_id)
    return licence


def _latest_expiry(uow: UnitOfWork, licence: HeldLicence) -> datetime:
    return min(licence.ends_at, uow.now + LIFETIME_MAX)


def _check_room_for_one_more(uow: UnitOfWork, licence_id: str) -> None:
    usable = select(func.count()).where(
        ApiKey.licence_id == licence_id,
        ApiKey.revoked_at.is_(None),
        ApiKey.expires_at > uow.now,
    )
    if uow.session.scalars(usable).one() >= KEYS_MAX:
        raise ApiKeyLimitReached(KEYS_MAX)


def _find_key(uow: UnitOfWork, principal: Principal, key_id: str, *, lock: bool = False) -> ApiKey:
    statement = select(ApiKey).where(
        ApiKey.id == key_id, ApiKey.organisation_id == principal.organisation_id
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    key = uow.session.scalars(statement).one_or_none()
    if key is None:
        raise ApiKeyNotFound(key_id)
    return key
