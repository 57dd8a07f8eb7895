"""Verbs on yearly packages: paid at the order, earned day by day, refunded for days taken away."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from app.core.ids import LicenceId, OrderId, OrganisationId
from app.core.portions import attempt
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.booking import book
from ledger.journal.books.splits import check_split
from ledger.journal.deferrals import postings
from ledger.journal.deferrals.days import (
    DAY,
    days_of,
    days_over,
    due_next,
    earned_amount,
    is_kept,
    whole_days,
)
from ledger.journal.deferrals.events import DeferralEnded, DeferralNarrowed
from ledger.journal.deferrals.models import Deferral
from ledger.journal.trading.events import OrderCharged
from ledger.journal.wallets.covered_booking import book_covered
from ledger.journal.wallets.services import open_receivers

PORTION = 200
RETRY = timedelta(hours=1)


def defer_order(
    uow: UnitOfWork,
    *,
    order_id: OrderId,
    buyer_id: OrganisationId,
    supplier_id: OrganisationId,
    amount: int,
    currency: str,
    split: Mapping[str, int],
    starts_at: datetime,
    ends_at: datetime,
) -> None:
    """Take a yearly package's price (10⁻⁸ units) and keep it until it is earned; once per order.

    Raises `InsufficientFunds`, `AccountFrozen`, `SplitIsWrong`.
    """
    if amount == 0:
        return
    open_receivers(uow, supplier_id=supplier_id, currency=currency, split=split)
    draft = postings.defer_order(
        order_id=order_id, buyer_id=buyer_id, amount=amount, currency=currency
    )
    if book_covered(uow, draft, order_id=order_id) is None:
        return
    deferral = Deferral(
        order_id=order_id,
        buyer_id=buyer_id,
        supplier_id=supplier_id,
        currency=currency,
        split=check_split(split),
        price_amount=amount,
        recognised_amount=0,
        refunded_amount=0,
        recognised_days=0,
    )
    _set_term(deferral, starts_at, ends_at)
    uow.session.add(deferral)
    _tell_charged(uow, deferral)


def note_deferred_licence(
    uow: UnitOfWork, *, order_id: str, licence_id: str, starts_at: datetime, ends_at: datetime
) -> None:
    """The licence's own term decides the days; it may be shorter than the order's."""
    uow.session.flush()
    deferral = uow.session.get(Deferral, order_id, with_for_update=True)
    if deferral is None or deferral.licence_id is not None:
        return
    deferral.licence_id = LicenceId(licence_id)
    _set_term(deferral, starts_at, ends_at)


def recognise_due(uow: UnitOfWork) -> int:
    """Earn every day that is over, however many since the last look; how many packages moved.

    One that cannot is left as it was, and looked at again after `RETRY`, behind the others.
    """
    due = (
        select(Deferral)
        .where(Deferral.next_at <= uow.now)
        .order_by(Deferral.next_at)
        .limit(PORTION)
        # Two workers share the work instead of waiting for each other.
        .with_for_update(skip_locked=True)
    )
    moved = 0
    for deferral in uow.session.scalars(due).all():
        with attempt(uow, "package not earned", order_id=deferral.order_id) as tried:
            _recognise(uow, deferral, uow.now)
        if tried.error:
            deferral.next_at = uow.now + RETRY
        moved += tried.error is None
    return moved


def narrow_deferral(
    uow: UnitOfWork, *, licence_id: str, starts_at: datetime, ends_at: datetime, reason_code: str
) -> None:
    """A licence's term became narrower: what was paid for the days that it took goes back now.

    A narrowed term may also start later than now: until then no call is answered. A day of which
    a part was taken counts for the buyer.
    """
    deferral = _get_open(uow, licence_id)
    if deferral is None:
        return
    _recognise(uow, deferral, uow.now)
    over = deferral.recognised_days
    term = deferral.starts_at, deferral.ends_at
    first, behind = whole_days(*term, from_at=starts_at, until_at=ends_at)
    next_day = max(over, first) if starts_at > uow.now else over
    if next_day >= behind:
        _end(uow, deferral, reason_code)
        return
    was_behind = days_of(*term)
    lost = _of_days(deferral, over, next_day) + _of_days(deferral, behind, was_behind)
    if behind < was_behind:
        deferral.ends_at = deferral.starts_at + behind * DAY
    deferral.recognised_days = next_day
    deferral.next_at = due_next(deferral.starts_at, deferral.ends_at, next_day)
    if lost:
        _refund(uow, deferral, lost, reference=f"{deferral.order_id}:{next_day}-{behind}")
        _tell_narrowed(uow, deferral, lost)


def end_deferral(uow: UnitOfWork, *, licence_id: str, reason_code: str) -> None:
    """A licence ended early: what is not yet earned goes back to the buyer, or is kept.

    Kept are the rests of licences that the buyer ended itself: by breach or by withdrawing the
    scenario (`days.KEPT_REASONS`). Without a deferral nothing happens; nor the second time.
    """
    deferral = _get_open(uow, licence_id)
    if deferral is not None:
        _recognise(uow, deferral, uow.now)
        _end(uow, deferral, reason_code)


def _get_open(uow: UnitOfWork, licence_id: str) -> Deferral | None:
    return uow.session.scalars(
        select(Deferral)
        .where(Deferral.licence_id == licence_id, Deferral.closed_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def _set_term(deferral: Deferral, starts_at: datetime, ends_at: datetime) -> None:
    """From when to when its price is earned, of which nothing is earned yet."""
    deferral.starts_at, deferral.ends_at = starts_at, ends_at
    deferral.days = days_of(starts_at, ends_at)
    deferral.next_at = due_next(starts_at, ends_at, 0)


def _tell_charged(uow: UnitOfWork, deferral: Deferral) -> None:
    uow.record(
        OrderCharged(
            occurred_at=uow.now,
            order_id=deferral.order_id,
            buyer_id=deferral.buyer_id,
            supplier_id=deferral.supplier_id,
            amount=deferral.price_amount,
            currency=deferral.currency,
        )
    )


def _tell_narrowed(uow: UnitOfWork, deferral: Deferral, amount: int) -> None:
    assert deferral.licence_id is not None, "it was found by its licence"
    uow.record(
        DeferralNarrowed(
            occurred_at=uow.now,
            order_id=deferral.order_id,
            licence_id=deferral.licence_id,
            buyer_id=deferral.buyer_id,
            supplier_id=deferral.supplier_id,
            amount=amount,
            currency=deferral.currency,
            ends_at=deferral.ends_at,
        )
    )


def _of_days(deferral: Deferral, first: int, behind: int) -> int:
    """What of the price is for these days of the term as it was paid (10⁻⁸ units)."""
    price, days = deferral.price_amount, deferral.days
    return earned_amount(price, days, behind) - earned_amount(price, days, first)


def _recognise(uow: UnitOfWork, deferral: Deferral, at: datetime) -> None:
    before = deferral.recognised_days
    # Days that a narrowing gave back may be still to come.
    over = max(before, days_over(deferral.starts_at, deferral.ends_at, at))
    _earn(uow, deferral, _of_days(deferral, before, over), days=over, at=at)
    if over == days_of(deferral.starts_at, deferral.ends_at):
        deferral.next_at, deferral.closed_at = None, uow.now
    else:
        deferral.next_at = due_next(deferral.starts_at, deferral.ends_at, over)


def _end(uow: UnitOfWork, deferral: Deferral, reason_code: str) -> None:
    rest = deferral.deferred_amount
    if rest == 0:
        return
    if is_kept(reason_code):
        _earn(uow, deferral, rest, days=deferral.days, at=uow.now)
    else:
        _refund(uow, deferral, rest, reference=deferral.order_id)
    deferral.next_at, deferral.closed_at = None, uow.now
    assert deferral.licence_id is not None, "it was found by its licence"
    uow.record(
        DeferralEnded(
            occurred_at=uow.now,
            order_id=deferral.order_id,
            licence_id=deferral.licence_id,
            buyer_id=deferral.buyer_id,
            supplier_id=deferral.supplier_id,
            recognised_amount=deferral.recognised_amount,
            refunded_amount=deferral.refunded_amount,
            currency=deferral.currency,
            reason_code=reason_code,
        )
    )


def _earn(uow: UnitOfWork, deferral: Deferral, amount: int, *, days: int, at: datetime) -> None:
    if amount > 0:
        draft = postings.recognise(
            reference=f"{deferral.order_id}:{days}",
            supplier_id=deferral.supplier_id,
            amount=amount,
            recognised_before=deferral.recognised_amount,
            currency=deferral.currency,
            split=deferral.split,
        )
        book(
            uow.session,
            draft,
            occurred_at=at,
            booked_at=uow.now,
            licence_id=deferral.licence_id,
            order_id=deferral.order_id,
        )
    deferral.recognised_amount += amount
    deferral.recognised_days = days


def _refund(uow: UnitOfWork, deferral: Deferral, amount: int, *, reference: str) -> None:
    draft = postings.refund_deferred(
        reference=reference,
        buyer_id=deferral.buyer_id,
        amount=amount,
        currency=deferral.currency,
    )
    book(
        uow.session,
        draft,
        occurred_at=uow.now,
        booked_at=uow.now,
        licence_id=deferral.licence_id,
        order_id=deferral.order_id,
    )
    deferral.refunded_amount += amount
