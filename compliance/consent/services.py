"""Consents are recorded as they were answered, and withdrawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Select, select

from app.core.clock import iso_instant
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.consent.errors import (
    ConsentNotFound,
    ConsentRecipientUnknown,
    ConsentTermRefused,
)
from compliance.consent.events import (
    ConsentDenied,
    ConsentGranted,
    ConsentWithdrawn,
)
from compliance.consent.models import Consent, ConsentRegister
from compliance.consent.ports import ConsentKit
from compliance.consent.registers import get_open_register, lock_register
from compliance.consent.states import (
    LIFETIME_MAX,
    ConsentAnswer,
    ConsentState,
    WithdrawalReason,
)
from compliance.consent.tokens import token_of
from compliance.models.reviews import Party
from compliance.terms import purposes

WITHDRAWN_AT_ONCE_MAX = 200
"""Consents of one person that are held and ended together; a person gives a handful."""


@dataclass(frozen=True)
class RecordedConsent:
    """A consent as it was recorded, and its token where it was granted."""

    consent: Consent
    token: str | None


def record_consent(
    uow: UnitOfWork,
    kit: ConsentKit,
    principal: Principal,
    *,
    product_id: str,
    recipient_id: str,
    subject: str,
    purpose: str,
    answer: str,
    evidence_hash: str,
    notice_hash: str | None = None,
    expires_at: datetime | None = None,
    is_test: bool = False,
) -> RecordedConsent:
    """What the person answered; a denial ends what they had granted for that use.

    For a use that is a part of it, too, and one that it is a part of. A test is answered like any
    other and lets no call pass. Raises `ConsentRegisterNotFound`, `ConsentRegisterClosed`,
    `ConsentTermRefused`.
    """
    register = get_open_register(uow, principal, product_id, is_test=is_test)
    is_grant = answer == ConsentAnswer.GRANT
    consent = Consent(
        id=uow.ids.new("con"),
        product_id=product_id,
        listing_code=register.listing_code,
        supplier_id=register.supplier_id,
        recipient_id=recipient_id,
        subject=subject,
        purpose=purpose,
        state=ConsentState.GRANTED if is_grant else ConsentState.DENIED,
        is_test=is_test,
        evidence_hash=evidence_hash,
        notice_hash=notice_hash,
        recorded_by=principal.id,
        recorded_at=uow.now,
        expires_at=_end(uow, expires_at) if is_grant else None,
    )
    uow.session.add(consent)
    if is_grant:
        return RecordedConsent(consent, _grant(uow, kit, register, consent))
    _deny(uow, principal, register, consent)
    return RecordedConsent(consent, None)


def _end(uow: UnitOfWork, expires_at: datetime | None) -> datetime:
    latest = uow.now + LIFETIME_MAX
    if expires_at is None or not uow.now < expires_at <= latest:
        raise ConsentTermRefused(iso_instant(latest))
    return expires_at


def _grant(uow: UnitOfWork, kit: ConsentKit, register: ConsentRegister, consent: Consent) -> str:
    token = token_of(consent, issuer=kit.issuer, signer=kit.signer)
    consent.token_hash = sha256(token.encode()).hexdigest()
    if consent.is_test:
        register.test_granted_at = uow.now
        return token
    assert consent.listing_code is not None, "only a test is recorded without a listing"
    assert consent.expires_at is not None, "a grant has an end"
    uow.record(
        ConsentGranted(
            occurred_at=uow.now,
            consent_id=consent.id,
            listing_code=consent.listing_code,
            supplier_id=consent.supplier_id,
            recipient_id=consent.recipient_id,
            subject=consent.subject,
            purpose=consent.purpose,
            token_hash=consent.token_hash,
            expires_at=consent.expires_at,
        )
    )
    return token


def _deny(
    uow: UnitOfWork, principal: Principal, register: ConsentRegister, denied: Consent
) -> None:
    if denied.is_test:
        register.test_denied_at = uow.now
        return
    uow.record(
        ConsentDenied(
            occurred_at=uow.now,
            consent_id=denied.id,
            supplier_id=denied.supplier_id,
            recipient_id=denied.recipient_id,
        )
    )
    refused = _standing(denied.product_id, denied.subject, denied.recipient_id).where(
        Consent.purpose.in_(purposes.above(denied.purpose) | purposes.closure([denied.purpose]))
    )
    _withdraw_standing(uow, principal, refused, WithdrawalReason.DENIED_LATER)


def _standing(product_id: str, subject: str, recipient_id: str | None) -> Select[Consent]:
    wanted = select(Consent).where(
        Consent.product_id == product_id,
        Consent.subject == subject,
        Consent.state == ConsentState.GRANTED,
        Consent.is_test.is_(False),
    )
    if recipient_id is not None:
        wanted = wanted.where(Consent.recipient_id == recipient_id)
    return wanted.order_by(Consent.id)


def _withdraw_standing(
    uow: UnitOfWork, principal: Principal, standing: Select[Consent], reason: WithdrawalReason
) -> list[Consent]:
    """All of them, a portion after the other: none is left to stand."""
    batch = standing.limit(WITHDRAWN_AT_ONCE_MAX).with_for_update()
    ended: list[Consent] = []
    while found := uow.session.scalars(batch).all():
        _withdraw_all(uow, principal, found, reason)
        uow.session.flush()
        ended += found
    return ended


def demand_recipient(uow: UnitOfWork, recipient_id: str) -> None:
    """Raises `ConsentRecipientUnknown`; needs the exchange's reach."""
    party = uow.session.get(Party, recipient_id)
    if party is None or not party.is_buyer or party.verified_until <= uow.now:
        raise ConsentRecipientUnknown(recipient_id)


def withdraw_consent(
    uow: UnitOfWork, principal: Principal, *, consent_id: str, reason_code: str
) -> Consent:
    """End a consent: no call that begins after the commit is delivered on it.

    What has ended already stays as it ended. Raises `ConsentNotFound`.
    """
    consent = uow.session.get(Consent, consent_id, with_for_update=True)
    if consent is None or consent.supplier_id != principal.organisation_id:
        raise ConsentNotFound(consent_id)
    if consent.state == ConsentState.GRANTED:
        _withdraw_all(uow, principal, [consent], WithdrawalReason(reason_code))
    return consent


def withdraw_consents(
    uow: UnitOfWork,
    principal: Principal,
    *,
    product_id: str,
    subject: str,
    reason_code: str,
    recipient_id: str | None = None,
) -> Sequence[Consent]:
    """End everything that a person granted on a product, perhaps to one recipient only.

    Raises `ConsentRegisterNotFound`.
    """
    get_open_register(uow, principal, product_id, is_test=True)
    standing = _standing(product_id, subject, recipient_id)
    return _withdraw_standing(uow, principal, standing, WithdrawalReason(reason_code))


def _withdraw_all(
    uow: UnitOfWork, principal: Principal, consents: Iterable[Consent], reason: WithdrawalReason
) -> None:
    for consent in consents:
        consent.state, consent.reason_code = ConsentState.WITHDRAWN, reason
        consent.withdrawn_at, consent.withdrawn_by = uow.now, principal.id
        if consent.is_test:
            lock_register(uow, principal, consent.product_id).test_withdrawn_at = uow.now
            continue
        assert consent.token_hash is not None, "what was granted has a token"
        uow.record(
            ConsentWithdrawn(
                occurred_at=uow.now,
                consent_id=consent.id,
                supplier_id=consent.supplier_id,
                recipient_id=consent.recipient_id,
                token_hash=consent.token_hash,
                reason_code=reason,
            )
        )
