"""Reads of withdrawals, and of what a wallet may pay back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, select, tuple_
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, between, matching, paginate
from app.core.principals import Principal
from ledger.journal.bank_accounts.outgoing import OutgoingState
from ledger.journal.bank_accounts.queries import awaiting_second
from ledger.journal.billing.credit_bills.models import IS_OPEN, CreditBill
from ledger.journal.books.chart import BANK_TRANSFER, receivable_of, wallet_of
from ledger.journal.books.models import JournalTransaction, PostedLine
from ledger.journal.ids import WithdrawalId
from ledger.journal.top_ups.life_cycle import TopUpState
from ledger.journal.top_ups.models import TopUp
from ledger.journal.wallets.models import Wallet
from ledger.journal.wallets.queries import WalletView, owed_amounts
from ledger.journal.withdrawals.errors import WithdrawalNotFound
from ledger.journal.withdrawals.models import Withdrawal
from ledger.journal.withdrawals.standing import Standing

_GONE = (OutgoingState.APPROVED, OutgoingState.SENT, OutgoingState.PAID)


def get_withdrawal(
    session: Session, withdrawal_id: WithdrawalId, organisation_id: OrganisationId | None
) -> Withdrawal:
    """The withdrawal, of one organisation or of any in reach; raises `WithdrawalNotFound`."""
    found = session.get(Withdrawal, withdrawal_id)
    if found is None or organisation_id not in {None, found.organisation_id}:
        raise WithdrawalNotFound(withdrawal_id)
    return found


def get_withdrawal_for_update(session: Session, withdrawal_id: WithdrawalId) -> Withdrawal:
    """The withdrawal, locked and as last committed; raises `WithdrawalNotFound`."""
    found = session.get(Withdrawal, withdrawal_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise WithdrawalNotFound(withdrawal_id)
    return found


def list_withdrawals(
    session: Session,
    own: OrganisationId | None,
    *,
    asks: Principal | None = None,
    state: str | None = None,
    organisation_id: str | None = None,
    currency: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Withdrawal]:
    """Withdrawals of one's ``own`` organisation, or of all in reach, newest first.

    With ``asks`` those alone that wait for a word of its. The period is that of asking.
    """
    wanted = {
        Withdrawal.state: state,
        Withdrawal.organisation_id: organisation_id,
        Withdrawal.currency: currency,
    }
    statement = select(Withdrawal).where(
        *matching(wanted), *between(Withdrawal.requested_at, from_at, until_at)
    )
    if own is not None:
        statement = statement.where(Withdrawal.organisation_id == own)
    if asks is not None:
        statement = statement.where(
            awaiting_second(
                asks,
                state=Withdrawal.state,
                requested_by=Withdrawal.requested_by,
                stated_by=Withdrawal.return_stated_by,
            )
        )
    return paginate(session, statement, key=Withdrawal.withdrawal_id, cursor=cursor, limit=limit)


def standing_of(
    session: Session, organisation_id: OrganisationId, currency: str, *, counts_requests: bool
) -> Standing:
    """How an organisation's wallet stands; ``counts_requests``: those not approved yet as well.

    Exact under the wallet's lock; else as of now.
    """
    wallet = session.scalar(
        select(Wallet).where(Wallet.organisation_id == organisation_id, Wallet.currency == currency)
    )
    own = 0 if wallet is None else wallet.balance_amount - wallet.pending_amount
    key = (organisation_id, currency)
    return _standings(session, {key: own}, counts_requests=counts_requests)[key]


def refundable_amounts(session: Session, wallets: Sequence[WalletView]) -> dict[str, int]:
    """What each wallet may pay back to a bank now, by its account, whatever their number."""
    own = {
        (OrganisationId(each.organisation_id), each.currency): each.balance_amount
        - each.pending_amount
        for each in wallets
    }
    found = _standings(session, own, counts_requests=True)
    return {
        each.account_id: found[
            OrganisationId(each.organisation_id), each.currency
        ].refundable_amount
        for each in wallets
    }


_Key = tuple[OrganisationId, str]


def _standings(
    session: Session, own: Mapping[_Key, int], *, counts_requests: bool
) -> dict[_Key, Standing]:
    """How wallets stand that hold ``own`` money, in as many statements for all as for one."""
    is_asked = Withdrawal.state == OutgoingState.REQUESTED
    asked = (
        _sums(session, own, Withdrawal, amount=Withdrawal.amount, wanted=is_asked)
        if counts_requests
        else {}
    )
    gone = _sums(
        session, own, Withdrawal, amount=Withdrawal.amount, wanted=Withdrawal.state.in_(_GONE)
    )
    is_from_bank = and_(TopUp.gateway == BANK_TRANSFER, TopUp.state == TopUpState.POSTED)
    paid_in = _sums(session, own, TopUp, amount=TopUp.amount, wanted=is_from_bank)
    assigned = _assigned(session, own)
    open_amount = CreditBill.amount - CreditBill.paid_amount
    billed = _sums(session, own, CreditBill, amount=open_amount, wanted=IS_OPEN)
    # Charge-backs and commitments, beside what bills ask for.
    receivables = {key: receivable_of(*key) for key in own}
    owed = owed_amounts(session, list(receivables.values()))
    return {
        key: Standing(
            own_amount=max(0, amount),
            owed_amount=owed.get(receivables[key], 0) + billed.get(key, 0),
            asked_amount=asked.get(key, 0),
            paid_in_amount=paid_in.get(key, 0) + assigned.get(key, 0),
            withdrawn_amount=gone.get(key, 0),
        )
        for key, amount in own.items()
    }


def _assigned(session: Session, keys: Collection[_Key]) -> dict[_Key, int]:
    """What came to the bank without a reference of a top-up's, and was found to be theirs."""
    wallets = {wallet_of(*key): key for key in keys}
    statement = (
        select(PostedLine.account_id, func.sum(PostedLine.amount))
        .join(JournalTransaction, JournalTransaction.transaction_id == PostedLine.transaction_id)
        .where(
            PostedLine.account_id.in_(wallets),
            JournalTransaction.template == "assign_suspense",
            JournalTransaction.reference.startswith(f"{BANK_TRANSFER}:", autoescape=True),
        )
        .group_by(PostedLine.account_id)
    )
    rows = session.execute(statement)
    return {wallets[account_id]: int(total) for account_id, total in rows}


def _sums(
    session: Session,
    keys: Collection[_Key],
    table: type[Withdrawal | TopUp | CreditBill],
    *,
    amount: SQLColumnExpression[int],
    wanted: ColumnElement[bool],
) -> dict[_Key, int]:
    statement = (
        select(table.organisation_id, table.currency, func.sum(amount))
        .where(tuple_(table.organisation_id, table.currency).in_(keys), wanted)
        .group_by(table.organisation_id, table.currency)
    )
    rows = session.execute(statement)
    return {(organisation_id, currency): int(total) for organisation_id, currency, total in rows}
