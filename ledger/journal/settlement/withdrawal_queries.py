"""Reads of withdrawals, and of what a wallet may pay back."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, matching, paginate
from ledger.journal.billing.models import IS_OPEN, CreditBill
from ledger.journal.chart import BANK_TRANSFER, receivable_of
from ledger.journal.models import TopUp, Wallet
from ledger.journal.settlement.ids import WithdrawalId
from ledger.journal.settlement.models import Withdrawal
from ledger.journal.settlement.payouts import PayoutState
from ledger.journal.settlement.withdrawal_errors import WithdrawalNotFound
from ledger.journal.settlement.withdrawals import Standing
from ledger.journal.top_ups import TopUpState
from ledger.journal.wallet_queries import owed_amounts

_GONE = (PayoutState.APPROVED, PayoutState.SENT, PayoutState.PAID)


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
    state: str | None,
    organisation_id: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Withdrawal]:
    """Withdrawals of one's ``own`` organisation, or of all in reach, newest first."""
    wanted = {Withdrawal.state: state, Withdrawal.organisation_id: organisation_id}
    statement = select(Withdrawal).where(*matching(wanted))
    if own is not None:
        statement = statement.where(Withdrawal.organisation_id == own)
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

    def withdrawn(*states: PayoutState) -> int:
        return _sum(
            session,
            Withdrawal.amount,
            Withdrawal.organisation_id == organisation_id,
            Withdrawal.currency == currency,
            Withdrawal.state.in_(states),
        )

    paid_in = _sum(
        session,
        TopUp.amount,
        TopUp.organisation_id == organisation_id,
        TopUp.currency == currency,
        TopUp.gateway == BANK_TRANSFER,
        TopUp.state == TopUpState.POSTED,
    )
    return Standing(
        own_amount=max(0, own),
        owed_amount=_owed(session, organisation_id, currency),
        asked_amount=withdrawn(PayoutState.REQUESTED) if counts_requests else 0,
        paid_in_amount=paid_in,
        withdrawn_amount=withdrawn(*_GONE),
    )


def _owed(session: Session, organisation_id: OrganisationId, currency: str) -> int:
    """What bills, charge-backs and commitments still ask for."""
    receivable = receivable_of(organisation_id, currency)
    billed = _sum(
        session,
        CreditBill.amount - CreditBill.paid_amount,
        CreditBill.organisation_id == organisation_id,
        CreditBill.currency == currency,
        IS_OPEN,
    )
    return owed_amounts(session, [receivable]).get(receivable, 0) + billed


def _sum(
    session: Session, amount: ColumnElement[int] | object, *wanted: ColumnElement[bool]
) -> int:
    statement = select(func.coalesce(func.sum(amount), 0)).where(*wanted)
    return int(session.scalar(statement) or 0)
