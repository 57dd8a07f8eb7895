"""What a transfer leaves behind: consents name the former holder's product, and stay with it."""

from typing import Any

from sqlalchemy import func, select

from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from compliance.consent.events import ConsentsLeftBehind
from compliance.consent.models import Consent
from compliance.consent.states import ConsentState


def count_standing(uow: UnitOfWork, product_id: str) -> dict[str, Any]:
    """Standing consents of a product by purpose, with the last day of each; nobody is named."""
    wanted = (
        select(Consent.purpose, func.count(), func.max(Consent.expires_at))
        .where(
            Consent.product_id == product_id,
            Consent.state == ConsentState.GRANTED,
            Consent.is_test.is_(False),
            Consent.expires_at > uow.now,
        )
        .group_by(Consent.purpose)
        .order_by(Consent.purpose)
    )
    by_purpose = [
        {"purpose": purpose, "standing_count": count, "last_expires_at": iso_instant(until)}
        for purpose, count, until in uow.session.execute(wanted)
        if until is not None
    ]
    return {
        "counted_at": iso_instant(uow.now),
        "standing_count": sum(each["standing_count"] for each in by_purpose),
        "by_purpose": by_purpose,
    }


def leave_behind(
    uow: UnitOfWork,
    *,
    transfer_id: str,
    registration_id: str,
    supplier_id: str,
    transferee_id: str,
    left: dict[str, Any],
) -> None:
    """The transfer is complete: what stands is told to both, and to the log, if anything does."""
    if left["standing_count"]:
        uow.record(
            ConsentsLeftBehind(
                occurred_at=uow.now,
                transfer_id=transfer_id,
                registration_id=registration_id,
                supplier_id=supplier_id,
                transferee_id=transferee_id,
                standing_count=left["standing_count"],
                purposes=tuple(each["purpose"] for each in left["by_purpose"]),
            )
        )
