"""Verbs on debts that nobody expects to be paid: one operator proposes, another agrees.

To write off is to say that the money will not come, and not that it is no longer owed: what comes
in later is taken for it (`recoveries`).
"""

from app.core.ids import OrganisationId, PersonId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.billing.credit_bills.models import CreditBill
from ledger.journal.billing.credit_bills.queries import open_bills
from ledger.journal.billing.credit_lines import services as credit_line_services
from ledger.journal.billing.credit_lines.models import CREDIT_LINE, CreditLine
from ledger.journal.books.booking import book_now
from ledger.journal.books.cursors import cursor_for_update
from ledger.journal.books.freezes import check_not_frozen
from ledger.journal.deciders import check_independent, check_second
from ledger.journal.top_ups.models import CHARGE_BACK
from ledger.journal.wallets import queries as wallet_queries
from ledger.journal.wallets.errors import WalletNotOpen
from ledger.journal.wallets.held_money import ask_back_all
from ledger.journal.wallets.models import Wallet
from ledger.journal.write_offs import postings as write_off_postings
from ledger.journal.write_offs import queries as write_off_queries
from ledger.journal.write_offs.errors import DebtChanged, NothingOwed, WalletInUse, WriteOffProposed
from ledger.journal.write_offs.events import DebtWrittenOff
from ledger.journal.write_offs.models import WRITE_OFF, WriteOff, WriteOffItem
from ledger.journal.write_offs.queries import CREDIT, Debt
from ledger.journal.write_offs.recoveries import lock_debtor


def propose_write_off(
    uow: UnitOfWork, principal: Principal, *, organisation_id: str, currency: str, reason: str
) -> WriteOff:
    """Propose to give up all that an organisation owes in a currency; moves nothing yet.

    Raises `WalletNotOpen`, `NothingOwed`, `WriteOffProposed`, `DeciderNotIndependent`.
    """
    owner_id = OrganisationId(organisation_id)
    check_independent(principal, owner_id, owner_id)
    lock_debtor(uow, owner_id, currency)
    standing = write_off_queries.find_proposed(uow.session, owner_id, currency)
    if standing is not None:
        raise WriteOffProposed(standing.write_off_id)
    debts = write_off_queries.list_debts(uow.session, owner_id, currency)
    if wallet_queries.find_wallet_for_update(uow.session, owner_id, currency) is None:
        raise WalletNotOpen(organisation_id, currency)
    if not debts:
        raise NothingOwed(organisation_id, currency)
    write_off = WriteOff(
        write_off_id=uow.ids.new("wof"),
        organisation_id=owner_id,
        currency=currency,
        amount=sum(debt.amount for debt in debts),
        recovered_amount=0,
        reason=reason,
        state="proposed",
        proposed_by=PersonId(principal.id),
        proposed_at=uow.now,
    )
    uow.session.add(write_off)
    return write_off


def approve_write_off(uow: UnitOfWork, principal: Principal, *, write_off_id: str) -> WriteOff:
    """The second person's word: the debt is an expense, its credit line ends, its bills rest.

    Suppliers, commission and tax keep what the charges gave them. Raises `WriteOffNotFound`,
    `IllegalTransition`, `SecondPersonRequired`, `DeciderNotIndependent`, `WalletInUse`,
    `DebtChanged` unless exactly the proposed amount is owed now, `AccountFrozen`.
    """
    proposed = write_off_queries.get_write_off(uow.session, write_off_id, None)
    lock_debtor(uow, proposed.organisation_id, proposed.currency)
    write_off = write_off_queries.get_write_off_for_update(uow.session, write_off_id)
    state = WRITE_OFF.next(write_off.state, "approve")
    check_independent(principal, write_off.organisation_id, write_off.organisation_id)
    check_second(principal, write_off.proposed_by, write_off_id)
    ask_back_all(uow, write_off.organisation_id, write_off.currency)
    line, bills, wallet = _lock(uow, write_off)
    debts = write_off_queries.list_debts(uow.session, write_off.organisation_id, write_off.currency)
    _check_unchanged(uow, write_off, wallet, debts)
    write_off.decide(state, by=principal.id, at=uow.now)
    _book(uow, write_off, debts)
    uow.session.expire(wallet)
    if line is not None:
        line.state = CREDIT_LINE.next(line.state, "write_off")
        wallet.credit_limit_amount, wallet.is_credit_suspended = 0, False
    _rest(uow, write_off, bills)
    uow.record(
        DebtWrittenOff(
            occurred_at=uow.now,
            write_off_id=write_off_id,
            organisation_id=write_off.organisation_id,
            amount=write_off.amount,
            currency=write_off.currency,
            proposed_by=write_off.proposed_by,
            approved_by=PersonId(principal.id),
        )
    )
    return write_off


def decline_write_off(uow: UnitOfWork, principal: Principal, *, write_off_id: str) -> WriteOff:
    """Give a proposal up; raises `WriteOffNotFound`, `IllegalTransition`."""
    write_off = write_off_queries.get_write_off_for_update(uow.session, write_off_id)
    declined = WRITE_OFF.next(write_off.state, "decline")
    write_off.decide(declined, by=principal.id, at=uow.now)
    return write_off


def _lock(
    uow: UnitOfWork, write_off: WriteOff
) -> tuple[CreditLine | None, list[CreditBill], Wallet]:
    """Everything that changes what is owed, in the order in which all others take it."""
    owner_id, currency = write_off.organisation_id, write_off.currency
    cursor_for_update(uow.session, "minimums")  # nobody collects a commitment meanwhile
    line = credit_line_services.find_active(uow.session, owner_id, currency)
    bills = open_bills(uow.session, owner_id, currency)
    write_off_queries.lock_owed_returns(uow.session, owner_id, currency)
    wallet = wallet_queries.find_wallet_for_update(uow.session, owner_id, currency)
    assert wallet is not None, "a debt is proposed of a wallet, and wallets are never closed"
    return line, bills, wallet


def _check_unchanged(
    uow: UnitOfWork, write_off: WriteOff, wallet: Wallet, debts: list[Debt]
) -> None:
    check_not_frozen(uow.session, wallet.account_id)
    if wallet.pending_amount:
        raise WalletInUse(write_off.organisation_id, pending_amount=wallet.pending_amount)
    owed = sum(debt.amount for debt in debts)
    if owed != write_off.amount:
        raise DebtChanged(
            write_off.write_off_id, proposed_amount=write_off.amount, owed_amount=owed
        )


def _book(uow: UnitOfWork, write_off: WriteOff, debts: list[Debt]) -> None:
    drawn = sum(debt.amount for debt in debts if debt.kind == CREDIT)
    returns = {
        each.return_id: each
        for each in write_off_queries.lock_owed_returns(
            uow.session, write_off.organisation_id, write_off.currency
        )
    }
    for debt in debts:
        uow.session.add(
            WriteOffItem(
                write_off_id=write_off.write_off_id,
                kind=debt.kind,
                subject=debt.subject,
                organisation_id=write_off.organisation_id,
                amount=debt.amount,
                recovered_amount=0,
            )
        )
        if debt.kind == CHARGE_BACK:
            returns[debt.subject].written_off_amount += debt.amount
    draft = write_off_postings.write_off(
        write_off_id=write_off.write_off_id,
        organisation_id=write_off.organisation_id,
        wallet_amount=drawn,
        receivable_amount=write_off.amount - drawn,
        currency=write_off.currency,
    )
    book_now(uow, draft)


def _rest(uow: UnitOfWork, write_off: WriteOff, bills: list[CreditBill]) -> None:
    """Nobody is asked for a bill any more, and it was not paid either."""
    for bill in bills:
        bill.written_off_amount = bill.open_amount
        bill.written_off_at, bill.write_off_id = uow.now, write_off.write_off_id
