"""What opens, closes and ends a licence, in money."""

from app.core.ids import LicenceId
from app.core.unit_of_work import UnitOfWork
from compliance.events import LicenceIssued, LicenceNarrowed, LicenceRevoked
from compliance.review.listing_machine import RevocationReason
from ledger.journal.credits import period_returns
from ledger.journal.deferrals import services as deferral_services
from ledger.journal.periods import services as period_services
from metering.events import PeriodClosed, PeriodOpened
from metering.plans.charged_periods import charged_periods


def charge_period(uow: UnitOfWork, event: PeriodOpened) -> None:
    """The period is paid in the transaction that opens it, or is not opened."""
    period_services.charge_period(
        uow,
        licence_id=event.licence_id,
        buyer_id=event.buyer_id,
        supplier_id=event.supplier_id,
        period=event.period,
        amount=event.fee_amount,
        currency=event.currency,
        split=event.split,
    )


def adjust_period(uow: UnitOfWork, event: PeriodClosed) -> None:
    """What the plan asks for the whole period is what the buyer pays for it.

    What credits gave back of its calls before is not given back again.
    """
    due_amount = max(event.total_amount, event.minimum_amount)
    excess_amount = max(0, event.charged_amount - due_amount) + event.returned_amount
    if excess_amount:
        returnable_amount = period_returns.returnable_amount(
            uow.session, charged_periods, LicenceId(event.licence_id), event.period
        )
        if returnable_amount is not None:
            excess_amount = min(excess_amount, returnable_amount)
    period_services.adjust_period(
        uow,
        licence_id=event.licence_id,
        buyer_id=event.buyer_id,
        supplier_id=event.supplier_id,
        period=event.period,
        excess_amount=excess_amount,
        missing_amount=max(0, due_amount - event.charged_amount),
        currency=event.currency,
        split=event.split,
        until_at=event.until_at,
    )


def note_deferred_licence(uow: UnitOfWork, event: LicenceIssued) -> None:
    """A yearly package is earned over the licence's own term."""
    deferral_services.note_deferred_licence(
        uow,
        order_id=event.order_id,
        licence_id=event.licence_id,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
    )


def end_deferral(uow: UnitOfWork, event: LicenceRevoked) -> None:
    """What was paid for the days that will not come goes back, or stays with the supplier."""
    deferral_services.end_deferral(uow, licence_id=event.licence_id, reason_code=event.reason_code)


def narrow_deferral(uow: UnitOfWork, event: LicenceNarrowed) -> None:
    """So do the days that a narrowed term took; only who grants the rights, or a reviewer, narrows.

    Narrowed to nothing a licence is revoked, for the same reason.
    """
    deferral_services.narrow_deferral(
        uow,
        licence_id=event.licence_id,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        reason_code=RevocationReason.RIGHTS_ENDED,
    )
