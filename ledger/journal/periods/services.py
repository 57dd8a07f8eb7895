"""Verbs on the money of a licence's periods: the fee at the opening, the true-up at the close."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from app.core.ids import LicenceId, OrganisationId
from app.core.portions import alone
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.booking import book
from ledger.journal.books.cursors import cursor_for_update
from ledger.journal.books.errors import AccountFrozen
from ledger.journal.books.freezes import check_givers_not_frozen
from ledger.journal.books.models import JournalTransaction, PostedLine
from ledger.journal.books.postings import Draft
from ledger.journal.periods import postings
from ledger.journal.periods.events import PeriodAdjusted, PeriodCharged
from ledger.journal.wallets.covered_booking import book_covered
from ledger.journal.wallets.errors import InsufficientFunds
from ledger.journal.wallets.services import open_receivers
from ledger.journal.write_offs.models import MINIMUM, WriteOffItem

COLLECT_PORTION = 100
_INSTANT = timedelta(microseconds=1)


def charge_period(
    uow: UnitOfWork,
    *,
    licence_id: str,
    buyer_id: str,
    supplier_id: str,
    period: str | int,
    amount: int,
    currency: str,
    split: Mapping[str, int],
) -> None:
    """Take a period's fee (10⁻⁸ units) from the buyer's wallet, once per period; 0 is no charge.

    Raises `InsufficientFunds` and `AccountFrozen`; the caller's opening is undone with it.
    """
    if amount == 0:
        return
    open_receivers(uow, supplier_id=supplier_id, currency=currency, split=split)
    draft = postings.charge_period(
        reference=f"{licence_id}:{period}",
        buyer_id=buyer_id,
        supplier_id=supplier_id,
        amount=amount,
        currency=currency,
        split=split,
    )
    if book_covered(uow, draft, licence_id=LicenceId(licence_id)) is None:
        return
    uow.record(
        PeriodCharged(
            occurred_at=uow.now,
            licence_id=LicenceId(licence_id),
            buyer_id=OrganisationId(buyer_id),
            supplier_id=OrganisationId(supplier_id),
            period=str(period),
            amount=amount,
            currency=currency,
        )
    )


def adjust_period(
    uow: UnitOfWork,
    *,
    licence_id: str,
    buyer_id: str,
    supplier_id: str,
    period: str | int,
    excess_amount: int,
    missing_amount: int,
    currency: str,
    split: Mapping[str, int],
    until_at: datetime | None = None,
) -> None:
    """True a closed period up: give back what was charged beyond the due, charge what it lacks.

    Amounts in 10⁻⁸ units; each once per period. The last period of a plan that counts over its
    term may do both: give back of earlier ones, and lack of its own commitment. What is lacking
    never holds the close up: it is owed by the buyer's receivable at once and taken from the wallet
    as soon as that holds it (`collect_minimums`). A frozen supplier gives nothing back: raises
    `AccountFrozen`. ``until_at``, the period's end, lets both stand
    on the bill of that month.
    """
    if not excess_amount and not missing_amount:
        return
    open_receivers(uow, supplier_id=supplier_id, currency=currency, split=split)
    closed = _ClosedPeriod(
        LicenceId(licence_id),
        OrganisationId(buyer_id),
        OrganisationId(supplier_id),
        str(period),
        currency,
        split,
        # A period excludes its end; its last instant is inside it.
        uow.now if until_at is None else min(until_at - _INSTANT, uow.now),
    )
    # The giving first: it may pay for what is lacking.
    if excess_amount:
        _give_back(uow, closed, excess_amount)
    if missing_amount:
        _charge_missing(uow, closed, missing_amount)


@dataclass(frozen=True)
class _ClosedPeriod:
    """Whose period it is, and when its adjustments happened."""

    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    period: str
    currency: str
    split: Mapping[str, int]
    occurred_at: datetime

    def book(self, uow: UnitOfWork, template: Callable[..., Draft], amount: int) -> Draft | None:
        """The draft, booked; None where it was booked before."""
        draft = template(
            reference=f"{self.licence_id}:{self.period}",
            buyer_id=self.buyer_id,
            supplier_id=self.supplier_id,
            amount=amount,
            currency=self.currency,
            split=self.split,
        )
        booked = book(
            uow.session,
            draft,
            occurred_at=self.occurred_at,
            booked_at=uow.now,
            licence_id=self.licence_id,
        )
        return None if booked is None else draft

    def adjusted(self, uow: UnitOfWork, amount: int, *, is_owed: bool) -> PeriodAdjusted:
        """The event of an adjustment."""
        return PeriodAdjusted(
            occurred_at=uow.now,
            licence_id=self.licence_id,
            buyer_id=self.buyer_id,
            supplier_id=self.supplier_id,
            period=self.period,
            amount=amount,
            currency=self.currency,
            is_owed=is_owed,
        )


def _give_back(uow: UnitOfWork, closed: _ClosedPeriod, amount: int) -> None:
    draft = closed.book(uow, postings.true_up, amount)
    if draft is not None:
        # Refused, the whole closing is undone, and tried again a minute later.
        check_givers_not_frozen(uow.session, draft)
        uow.record(closed.adjusted(uow, -amount, is_owed=False))


def _charge_missing(uow: UnitOfWork, closed: _ClosedPeriod, amount: int) -> None:
    draft = closed.book(uow, postings.charge_minimum, amount)
    if draft is None:
        return
    is_paid = _collect(
        uow, draft.reference, closed.buyer_id, amount=amount, currency=closed.currency
    )
    uow.record(closed.adjusted(uow, amount, is_owed=not is_paid))


def collect_minimums(uow: UnitOfWork) -> int:
    """Take owed minimums from wallets that hold them by now; how many were taken.

    Round and round, so that those who never pay do not stand before those who do.
    """
    cursor = cursor_for_update(uow.session, "minimums")
    collected = aliased(JournalTransaction)
    is_collected = exists().where(
        collected.template == "collect_minimum",
        collected.reference == JournalTransaction.reference,
    )
    is_written_off = exists().where(
        WriteOffItem.kind == MINIMUM, WriteOffItem.subject == JournalTransaction.reference
    )
    owed = (
        select(JournalTransaction, PostedLine)
        .join(PostedLine, PostedLine.transaction_id == JournalTransaction.transaction_id)
        .where(
            JournalTransaction.template == "charge_minimum",
            JournalTransaction.transaction_id > cursor.seen,
            PostedLine.line == 1,
            ~is_collected,
            ~is_written_off,
        )
        .order_by(JournalTransaction.transaction_id)
        .limit(COLLECT_PORTION)
    )
    rows = uow.session.execute(owed).all()
    cursor.seen = rows[-1][0].transaction_id if len(rows) == COLLECT_PORTION else 0
    return sum(_collect_alone(uow, *row) for row in rows)


def _collect_alone(uow: UnitOfWork, booked: JournalTransaction, line: PostedLine) -> int:
    reference = booked.reference

    def collect() -> int:
        amount, buyer_id = -line.amount, line.organisation_id
        return _collect(uow, reference, buyer_id, amount=amount, currency=line.currency)

    return alone(uow, "minimum not taken", collect, reference=reference)


def _collect(uow: UnitOfWork, reference: str, buyer_id: str, *, amount: int, currency: str) -> bool:
    """Whether the wallet held what was owed; nothing happens when it does not."""
    draft: Draft = postings.collect_minimum(
        reference=reference, buyer_id=buyer_id, amount=amount, currency=currency
    )
    try:
        # One after the other in one transaction: the wallets of those before are locked.
        book_covered(uow, draft, may_wait=False)
    except (InsufficientFunds, AccountFrozen):
        # Both are raised before anything is written.
        return False
    return True
