"""What charge-backs left owed is taken from wallets that hold money again, as far as they do."""

from sqlalchemy import ColumnElement, exists, select, tuple_

from app.core.portions import each_alone
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.booking import book_now
from ledger.journal.books.cursors import cursor_for_update
from ledger.journal.books.models import AccountFreeze
from ledger.journal.charge_backs import postings as charge_back_postings
from ledger.journal.top_ups.models import CHARGE_BACK, WON, TopUpReturn
from ledger.journal.wallets import queries as wallet_queries
from ledger.journal.wallets.models import Wallet

PORTION = 100
CURSOR = "charge-backs owed"


def collect_owed(uow: UnitOfWork) -> int:
    """Take what is owed from the next wallets, round and round; how often something was taken.

    Those who cannot be taken from do not stand before those who can.
    From what was paid in or may be lent, and is not held for calls: so what is owed counts against
    a credit line's limit, and stands on its bills. Frozen wallets are left alone. Needs the
    exchange's reach.
    """
    cursor = cursor_for_update(uow.session, CURSOR)
    place = tuple_(Wallet.account_id, TopUpReturn.return_id)
    wanted = (
        select(TopUpReturn, Wallet.account_id)
        .join(
            Wallet,
            (Wallet.organisation_id == TopUpReturn.organisation_id)
            & (Wallet.currency == TopUpReturn.currency),
        )
        .where(
            TopUpReturn.kind == CHARGE_BACK,
            TopUpReturn.state != WON,
            TopUpReturn.owed_amount > TopUpReturn.collected_amount + TopUpReturn.written_off_amount,
            Wallet.balance_amount + Wallet.credit_limit_amount > Wallet.pending_amount,
            ~_is_frozen(),
            place > (*cursor.place.split(), "", "")[:2],
        )
        # Wallets in their order, as everywhere: two that take several must not wait in a ring.
        .order_by(*place)
        .limit(PORTION)
        .with_for_update(of=TopUpReturn, skip_locked=True)
    )
    rows = uow.session.execute(wanted).all()
    cursor.place = f"{rows[-1][1]} {rows[-1][0].return_id}" if len(rows) == PORTION else ""
    return each_alone(uow, [returned for returned, _ in rows], _collect)


def _is_frozen() -> ColumnElement[bool]:
    return exists().where(
        AccountFreeze.account_id == Wallet.account_id, AccountFreeze.lifted_at.is_(None)
    )


def _collect(uow: UnitOfWork, returned: TopUpReturn) -> bool:
    wallet = wallet_queries.find_wallet_for_update(
        uow.session, returned.organisation_id, returned.currency
    )
    assert wallet is not None, "a charge-back opened the accounts"
    amount = min(wallet.bearable_amount, returned.uncollected_amount)
    if amount <= 0:
        return False  # an earlier one, or a call, was faster
    draft = charge_back_postings.collect_owed(
        reference=f"{returned.return_id}:{returned.collected_amount}",
        organisation_id=returned.organisation_id,
        amount=amount,
        currency=returned.currency,
    )
    book_now(uow, draft)
    returned.collected_amount += amount
    uow.session.expire(wallet)
    return True
