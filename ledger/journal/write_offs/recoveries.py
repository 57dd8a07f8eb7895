"""What was written off and comes in all the same: by a payment, or by a won charge-back."""

from sqlalchemy import exists, select, text

from app.core.ids import OrganisationId
from app.core.portions import attempt
from app.core.unit_of_work import UnitOfWork
from ledger.journal.billing.credit_bills.bills import match_payment
from ledger.journal.billing.credit_bills.models import BillPayment, CreditBill
from ledger.journal.billing.credit_bills.payment_services import close_bill
from ledger.journal.books.booking import book_now
from ledger.journal.books.chart import receivable_of, wallet_of
from ledger.journal.books.models import AccountFreeze, PostedLine
from ledger.journal.top_ups.models import CHARGE_BACK, TopUpReturn
from ledger.journal.wallets import queries as wallet_queries
from ledger.journal.wallets.models import Wallet
from ledger.journal.write_offs import postings as write_off_postings
from ledger.journal.write_offs.events import WriteOffRecovered
from ledger.journal.write_offs.models import WRITE_OFF, WRITTEN_OFF, WriteOff, WriteOffItem
from ledger.journal.write_offs.queries import CREDIT, list_items

TRIED_MAX = 100
"""Debtors that a look tries, until one of them can be looked at."""

# Writing off, a payment and a won charge-back of one debtor come one after the other.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('write_offs'), hashtext(:wallet_id))")


def lock_debtor(uow: UnitOfWork, organisation_id: OrganisationId, currency: str) -> None:
    """Nobody else changes what was written off of this debtor until the transaction ends."""
    uow.session.execute(_ONE_AT_A_TIME, {"wallet_id": wallet_of(organisation_id, currency)})


def recover_next(uow: UnitOfWork) -> int:
    """Take what was written off from one wallet that has own money again; whether it was taken.

    Oldest write-off first, and in it the credit, then charge-backs, then commitments. Nothing is
    lent for it, what calls hold is left alone, and so are frozen wallets. Needs the exchange's
    reach. A debtor of whom nothing can be taken is left as it was, and the next one looked at.
    """
    debtors = uow.session.execute(
        select(WriteOff.organisation_id, WriteOff.currency)
        .join(
            Wallet,
            (Wallet.organisation_id == WriteOff.organisation_id)
            & (Wallet.currency == WriteOff.currency),
        )
        .where(
            WriteOff.state == WRITTEN_OFF,
            Wallet.balance_amount > Wallet.pending_amount,
            ~exists().where(
                AccountFreeze.account_id == Wallet.account_id, AccountFreeze.lifted_at.is_(None)
            ),
        )
        .order_by(WriteOff.write_off_id)
        .limit(TRIED_MAX)
    ).all()
    for organisation_id, currency in debtors:
        taken = 0
        named = {"organisation_id": organisation_id, "currency": currency}
        with attempt(uow, "written-off debt not recovered", **named) as tried:
            lock_debtor(uow, organisation_id, currency)
            taken = _recover_from_wallet(uow, organisation_id, currency)
        if tried.error is None:
            return taken
    return 0


def recover_won(uow: UnitOfWork, returned: TopUpReturn) -> None:
    """A charge-back was won of which something was written off; needs `lock_debtor`.

    The money given again paid the receivable, which owed it no more: the expense has it back.
    """
    if not returned.written_off_amount:
        return
    item = uow.session.scalars(
        select(WriteOffItem).where(
            WriteOffItem.kind == CHARGE_BACK,
            WriteOffItem.subject == returned.return_id,
            WriteOffItem.amount > WriteOffItem.recovered_amount,
        )
    ).one()
    write_off = uow.session.get_one(WriteOff, item.write_off_id, with_for_update=True)
    amount, returned.written_off_amount = returned.written_off_amount, 0
    item.recovered_amount += amount
    account_id = receivable_of(write_off.organisation_id, write_off.currency)
    _recover(uow, write_off, amount, account_id)


def _recover_from_wallet(uow: UnitOfWork, organisation_id: OrganisationId, currency: str) -> int:
    waiting = uow.session.scalars(
        select(WriteOff)
        .where(
            WriteOff.organisation_id == organisation_id,
            WriteOff.currency == currency,
            WriteOff.state == WRITTEN_OFF,
        )
        .order_by(WriteOff.write_off_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    # Charge-backs before the wallet, as whoever collects them takes both.
    returns = _lock_returns(uow, organisation_id, currency)
    wallet = wallet_queries.find_wallet_for_update(uow.session, organisation_id, currency)
    assert wallet is not None, "a debt is written off of a wallet, and wallets are never closed"
    free = max(wallet.balance_amount - wallet.pending_amount, 0)
    parts = match_payment(free, [each.outstanding_amount for each in waiting])
    for write_off, part in zip(waiting, parts, strict=True):
        if part:
            posting_id = _recover(uow, write_off, part, wallet.account_id)
            _give_to_items(uow, write_off, part, returns, posting_id=posting_id)
    uow.session.expire(wallet)
    return int(any(parts))


def _lock_returns(
    uow: UnitOfWork, organisation_id: OrganisationId, currency: str
) -> dict[str, TopUpReturn]:
    wanted = (
        select(TopUpReturn)
        .where(
            TopUpReturn.organisation_id == organisation_id,
            TopUpReturn.currency == currency,
            TopUpReturn.written_off_amount > 0,
        )
        .order_by(TopUpReturn.return_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {each.return_id: each for each in uow.session.scalars(wanted)}


def _give_to_items(
    uow: UnitOfWork,
    write_off: WriteOff,
    amount: int,
    returns: dict[str, TopUpReturn],
    *,
    posting_id: int,
) -> None:
    items = list_items(uow.session, write_off.write_off_id)
    parts = match_payment(amount, [item.outstanding_amount for item in items])
    for item, part in zip(items, parts, strict=True):
        if not part:
            continue
        item.recovered_amount += part
        if item.kind == CHARGE_BACK:
            returns[item.subject].written_off_amount -= part
            returns[item.subject].collected_amount += part
        if item.kind == CREDIT:
            is_last = item.outstanding_amount == 0
            _pay_bills(uow, write_off, part, posting_id=posting_id, is_last=is_last)


def _pay_bills(
    uow: UnitOfWork, write_off: WriteOff, amount: int, *, posting_id: int, is_last: bool
) -> None:
    """Bills ask for whole minor units, rounded up: with the last of the credit all are paid."""
    bills = uow.session.scalars(
        select(CreditBill)
        .where(CreditBill.write_off_id == write_off.write_off_id, CreditBill.written_off_amount > 0)
        .order_by(CreditBill.due_at, CreditBill.bill_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    given = match_payment(amount, [bill.written_off_amount for bill in bills])
    for bill, part in zip(bills, given, strict=True):
        paid = bill.written_off_amount if is_last else part
        if not paid:
            continue
        uow.session.add(
            BillPayment(
                bill_id=bill.bill_id,
                posting_id=posting_id,
                organisation_id=bill.organisation_id,
                amount=paid,
                matched_at=uow.now,
            )
        )
        bill.written_off_amount -= paid
        bill.paid_amount += paid
        if bill.paid_amount == bill.amount:
            close_bill(uow, bill)


def _recover(uow: UnitOfWork, write_off: WriteOff, amount: int, account_id: str) -> int:
    """Book it; the posting of the account that gave it."""
    draft = write_off_postings.recover_write_off(
        reference=f"{write_off.write_off_id}:{write_off.recovered_amount}",
        account_id=account_id,
        amount=amount,
        currency=write_off.currency,
    )
    transaction_id = book_now(uow, draft)
    write_off.recovered_amount += amount
    if write_off.outstanding_amount == 0:
        write_off.state = WRITE_OFF.next(write_off.state, "recover")
        write_off.recovered_at = uow.now
    uow.record(
        WriteOffRecovered(
            occurred_at=uow.now,
            write_off_id=write_off.write_off_id,
            organisation_id=write_off.organisation_id,
            amount=amount,
            outstanding_amount=write_off.outstanding_amount,
            currency=write_off.currency,
        )
    )
    return uow.session.scalars(
        select(PostedLine.posting_id).where(
            PostedLine.transaction_id == transaction_id, PostedLine.account_id == account_id
        )
    ).one()
