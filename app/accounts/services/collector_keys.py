"""Verbs about the keys of systems that collect consents: issue, rotate, revoke."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.accounts.access_models import CollectorKey
from app.accounts.collector_errors import (
    CollectorKeyLimitReached,
    CollectorKeyNotFound,
    CollectorKeyNotLive,
    CollectorKeyTermRefused,
    CollectorNeedsSupplier,
)
from app.accounts.events import CollectorKeyIssued, CollectorKeyRevoked
from app.accounts.networks import parse_networks
from app.accounts.secret_texts import hash_of, hint_of, new_collector_key
from app.accounts.services.people import lock_organisation
from app.core.clock import iso_instant
from app.core.ids import OrganisationId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork

KEYS_MAX = 20
"""Keys of one organisation that can be used at the same time, rotated ones in overlap included."""
LIFETIME_MAX = timedelta(days=366)
REQUESTS_PER_MINUTE_MAX = 1_200


@dataclass(frozen=True)
class IssuedCollectorKey:
    """A key and, this once, its text."""

    collector_key: CollectorKey
    text: str


def issue_collector_key(
    uow: UnitOfWork,
    entropy: Callable[[int], bytes],
    principal: Principal,
    *,
    name: str,
    networks: Iterable[str],
    requests_per_minute: int,
    expires_at: datetime | None = None,
) -> IssuedCollectorKey:
    """A key with which a system of the principal's organisation records consents, and no more.

    Without ``expires_at`` it lives a year. Raises `CollectorNeedsSupplier`, `InvalidNetwork`,
    `CollectorKeyTermRefused`, `CollectorKeyLimitReached`.
    """
    latest = uow.now + LIFETIME_MAX
    expiry = latest if expires_at is None else expires_at
    if not uow.now < expiry <= latest:
        raise CollectorKeyTermRefused(latest=iso_instant(latest))
    accepted = parse_networks(networks)
    _lock_supplier(uow, principal)
    text = new_collector_key(entropy)
    key_id = uow.ids.new("cky")
    key = CollectorKey(
        id=key_id,
        collector_id=key_id.replace("cky", "col", 1),
        organisation_id=principal.organisation_id,
        name=name,
        hint=hint_of(text),
        secret_hash=hash_of(text),
        networks=list(accepted),
        requests_per_minute=requests_per_minute,
        issued_by=principal.id,
        issued_at=uow.now,
        expires_at=expiry,
    )
    return _keep(uow, key, text)


def rotate_collector_key(
    uow: UnitOfWork,
    entropy: Callable[[int], bytes],
    principal: Principal,
    *,
    key_id: str,
    overlap_seconds: int,
) -> IssuedCollectorKey:
    """A successor for the same collector, alike in all; the old one ends after the overlap.

    Raises `CollectorKeyNotFound`, `CollectorKeyNotLive`, `CollectorKeyLimitReached`.
    """
    # The organisation first, then the key: the same order everywhere.
    _lock_supplier(uow, principal)
    old = _find_key(uow, principal, key_id)
    if old.state(uow.now) != "live":
        raise CollectorKeyNotLive(key_id, state=old.state(uow.now))
    text = new_collector_key(entropy)
    issued = _keep(
        uow,
        CollectorKey(
            id=uow.ids.new("cky"),
            collector_id=old.collector_id,
            organisation_id=old.organisation_id,
            name=old.name,
            hint=hint_of(text),
            secret_hash=hash_of(text),
            networks=list(old.networks),
            requests_per_minute=old.requests_per_minute,
            issued_by=principal.id,
            issued_at=uow.now,
            expires_at=uow.now + (old.expires_at - old.issued_at),
        ),
        text,
    )
    old.rotated_to = issued.collector_key.id
    old.expires_at = min(old.expires_at, uow.now + timedelta(seconds=overlap_seconds))
    _record_issued(uow, old)
    return issued


def revoke_collector_key(uow: UnitOfWork, principal: Principal, *, key_id: str) -> None:
    """End a key now; a second time changes nothing. Raises `CollectorKeyNotFound`."""
    key = _find_key(uow, principal, key_id)
    if key.revoked_at is not None:
        return
    key.revoked_at, key.revoked_by = uow.now, principal.id
    uow.record(
        CollectorKeyRevoked(
            occurred_at=uow.now,
            key_id=key.id,
            collector_id=key.collector_id,
            organisation_id=OrganisationId(key.organisation_id),
        )
    )


def _keep(uow: UnitOfWork, key: CollectorKey, text: str) -> IssuedCollectorKey:
    _check_room_for_one_more(uow, key.organisation_id)
    uow.session.add(key)
    uow.session.flush()
    _record_issued(uow, key)
    return IssuedCollectorKey(key, text)


def _lock_supplier(uow: UnitOfWork, principal: Principal) -> None:
    if not lock_organisation(uow, principal.organisation_id).is_supplier:
        raise CollectorNeedsSupplier


def _check_room_for_one_more(uow: UnitOfWork, organisation_id: str) -> None:
    usable = select(func.count()).where(
        CollectorKey.organisation_id == organisation_id,
        CollectorKey.revoked_at.is_(None),
        CollectorKey.expires_at > uow.now,
    )
    if uow.session.scalars(usable).one() >= KEYS_MAX:
        raise CollectorKeyLimitReached(KEYS_MAX)


def _find_key(uow: UnitOfWork, principal: Principal, key_id: str) -> CollectorKey:
    statement = select(CollectorKey).where(
        CollectorKey.id == key_id, CollectorKey.organisation_id == principal.organisation_id
    )
    found = uow.session.scalars(
        statement.with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise CollectorKeyNotFound(key_id)
    return found


def _record_issued(uow: UnitOfWork, key: CollectorKey) -> None:
    uow.record(
        CollectorKeyIssued(
            occurred_at=uow.now,
            key_id=key.id,
            collector_id=key.collector_id,
            organisation_id=OrganisationId(key.organisation_id),
            expires_at=key.expires_at,
        )
    )
