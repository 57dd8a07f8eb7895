"""What the consent register tells the data plane: who agreed to what, and who took it back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert

from app.core.unit_of_work import UnitOfWork
from metering.consent_models import CallConsent, PseudonymKey
from metering.models import DeliveryRoute
from metering.services import close_fences

KEPT_AFTER_EXPIRY = timedelta(days=30)
"""So long a call is told that its consent has expired, and not that there is none."""


def admit_consent(
    uow: UnitOfWork,
    *,
    consent_id: str,
    listing_code: str,
    supplier_id: str,
    recipient_id: str,
    subject: str,
    permitted_purposes: Sequence[str],
    token_hash: str,
    expires_at: datetime,
) -> None:
    """Let calls rest on a consent; told again of it, nothing changes."""
    statement = insert(CallConsent).values(
        consent_id=consent_id,
        listing_code=listing_code,
        supplier_id=supplier_id,
        recipient_id=recipient_id,
        subject=subject,
        permitted_purposes=list(permitted_purposes),
        token_hash=token_hash,
        state="granted",
        expires_at=expires_at,
        changed_at=uow.now,
    )
    uow.session.execute(statement.on_conflict_do_nothing(index_elements=[CallConsent.consent_id]))


def withdraw_consent(uow: UnitOfWork, *, consent_id: str) -> None:
    """End a consent: no call about this person that is committed after this is delivered."""
    close_fences(uow, "consent", [consent_id])
    uow.session.execute(
        update(CallConsent)
        .where(CallConsent.consent_id == consent_id, CallConsent.state == "granted")
        .values(state="withdrawn", changed_at=uow.now)
    )


def forget_consents(uow: UnitOfWork, *, limit: int) -> int:
    """Delete what expired long ago and can carry no call; how many rows went."""
    done = uow.session.execute(
        text(
            "DELETE FROM call_consents WHERE consent_id IN (SELECT consent_id FROM call_consents"
            " WHERE expires_at < :before ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED)"
            " RETURNING consent_id"
        ),
        {"before": uow.now - KEPT_AFTER_EXPIRY, "limit": limit},
    )
    return len(done.fetchall())


def keep_pseudonym_key(
    uow: UnitOfWork,
    *,
    listing_code: str,
    supplier_id: str,
    key_ciphertext: bytes,
    key_context: str,
) -> None:
    """The key under which a listing's subjects have their pseudonyms; it never changes."""
    statement = insert(PseudonymKey).values(
        listing_code=listing_code,
        supplier_id=supplier_id,
        key_ciphertext=key_ciphertext,
        key_context=key_context,
        kept_at=uow.now,
    )
    uow.session.execute(
        statement.on_conflict_do_nothing(index_elements=[PseudonymKey.listing_code])
    )
    close_fences(uow, "listing", [listing_code])
    uow.session.execute(
        update(DeliveryRoute)
        .where(DeliveryRoute.listing_code == listing_code)
        .values(revision=DeliveryRoute.revision + 1, changed_at=uow.now)
    )
