"""Verbs on payouts: one person proposes, another approves, and what became of the money.

Nothing here calls a bank or a provider. An approval records `PayoutApproved`; who owns the gateway
sends the money and tells the outcome with `note_sent`, `note_paid`, `note_failed`,
`note_returned`, each of which may be told again without effect.
"""

from app.core.ids import PersonId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.bank_accounts import queries as bank_account_queries
from ledger.journal.bank_accounts.outgoing import TRANSITIONS, OutgoingState
from ledger.journal.books.booking import book_now
from ledger.journal.books.chart import BANK_TRANSFER, payable_of, settled_of
from ledger.journal.books.clearing import book_cleared
from ledger.journal.books.freezes import check_not_frozen
from ledger.journal.books.postings import Draft
from ledger.journal.deciders import check_independent, check_second
from ledger.journal.ids import BankAccountId, PayoutId, SettlementId
from ledger.journal.payouts import events
from ledger.journal.payouts import postings as payout_postings
from ledger.journal.payouts import queries as payout_queries
from ledger.journal.payouts.errors import (
    BankAccountChanged,
    BankAccountMissing,
    NothingToPayOut,
    PayoutExists,
)
from ledger.journal.payouts.models import Payout
from ledger.journal.settlement import queries as settlement_queries


def request_payout(
    uow: UnitOfWork,
    principal: Principal,
    *,
    settlement_id: SettlementId,
    gateway: str = BANK_TRANSFER,
) -> Payout:
    """Propose to send what a settlement fixed; moves no money.

    Raises `SettlementNotFound`, `NothingToPayOut`, `PayoutExists`, `BankAccountMissing`,
    `DeciderNotIndependent`.
    """
    # The lock lets the second of two proposals find the first.
    settlement = settlement_queries.get_settlement_for_update(uow.session, settlement_id)
    check_independent(principal, settlement.supplier_id, settlement_id)
    if settlement.settled_amount == 0:
        raise NothingToPayOut(settlement_id)
    existing = payout_queries.find_open_payout(uow.session, settlement_id)
    if existing is not None:
        raise PayoutExists(settlement_id, existing.payout_id)
    payout = Payout(
        payout_id=PayoutId(uow.ids.new("pay")),
        settlement_id=settlement_id,
        supplier_id=settlement.supplier_id,
        amount=settlement.settled_amount,
        currency=settlement.currency,
        gateway=gateway,
        bank_account_id=None,
        state=OutgoingState.REQUESTED,
        requested_by=PersonId(principal.id),
        requested_at=uow.now,
    )
    payout.bank_account_id = _account_in_force(uow, payout)
    uow.session.add(payout)
    _tell_requested(uow, payout)
    return payout


def _tell_requested(uow: UnitOfWork, payout: Payout) -> None:
    uow.record(
        events.PayoutRequested(
            occurred_at=uow.now,
            payout_id=payout.payout_id,
            settlement_id=payout.settlement_id,
            supplier_id=payout.supplier_id,
            amount=payout.amount,
            currency=payout.currency,
            gateway=payout.gateway,
            requested_by=payout.requested_by,
        )
    )


def approve_payout(uow: UnitOfWork, principal: Principal, *, payout_id: PayoutId) -> Payout:
    """Let a proposed payout go: a second person, of neither side, takes it out of the balance.

    Raises `PayoutNotFound`, `IllegalTransition`, `SecondPersonRequired`, `DeciderNotIndependent`,
    `BankAccountChanged`, `AccountFrozen`.
    """
    payout = payout_queries.get_payout_for_update(uow.session, payout_id)
    state = TRANSITIONS.next(payout.state, "approve")
    check_independent(principal, payout.supplier_id, payout_id)
    check_second(principal, payout.requested_by, payout_id)
    check_not_frozen(
        uow.session,
        settled_of(payout.supplier_id, payout.currency),
        payable_of(payout.supplier_id, payout.currency),
    )
    if _account_in_force(uow, payout) != payout.bank_account_id:
        raise BankAccountChanged(payout_id)
    payout.state = state
    payout.approved_by, payout.approved_at = PersonId(principal.id), uow.now
    draft = payout_postings.pay_out(
        payout_id=payout_id,
        supplier_id=payout.supplier_id,
        amount=payout.amount,
        currency=payout.currency,
    )
    book_now(uow, draft)
    uow.record(
        events.PayoutApproved(
            occurred_at=uow.now,
            payout_id=payout_id,
            settlement_id=payout.settlement_id,
            supplier_id=payout.supplier_id,
            amount=payout.amount,
            currency=payout.currency,
            gateway=payout.gateway,
            requested_by=payout.requested_by,
            approved_by=payout.approved_by,
        )
    )
    return payout


def cancel_payout(uow: UnitOfWork, principal: Principal, *, payout_id: PayoutId) -> Payout:
    """Give a proposal up; its settlement may be proposed again. Raises `IllegalTransition`."""
    payout = payout_queries.get_payout_for_update(uow.session, payout_id)
    payout.state = TRANSITIONS.next(payout.state, "cancel")
    payout.cancelled_by, payout.cancelled_at = PersonId(principal.id), uow.now
    uow.record(
        events.PayoutCancelled(
            occurred_at=uow.now,
            payout_id=payout_id,
            supplier_id=payout.supplier_id,
            cancelled_by=payout.cancelled_by,
        )
    )
    return payout


def note_sent(
    uow: UnitOfWork, payout_id: PayoutId, *, provider_reference: str, sent_by: str
) -> Payout:
    """The money is on its way under the gateway's reference; the same again changes nothing."""
    payout = payout_queries.get_payout_for_update(uow.session, payout_id)
    if payout.sent_at is not None and payout.provider_reference == provider_reference:
        return payout
    payout.state = TRANSITIONS.next(payout.state, "send")
    payout.sent_by, payout.sent_at = sent_by, uow.now
    payout.provider_reference = provider_reference
    uow.record(
        events.PayoutSent(
            occurred_at=uow.now,
            payout_id=payout_id,
            supplier_id=payout.supplier_id,
            provider_reference=provider_reference,
        )
    )
    return payout


def note_paid(
    uow: UnitOfWork, payout_id: PayoutId, *, provider_reference: str | None = None
) -> Payout:
    """The money left for good; told again, nothing happens. Raises `IllegalTransition`."""
    payout = payout_queries.get_payout_for_update(uow.session, payout_id)
    if payout.state == OutgoingState.PAID:
        return payout
    payout.state = TRANSITIONS.next(payout.state, "pay")
    payout.paid_at = uow.now
    payout.provider_reference = provider_reference or payout.provider_reference
    draft = payout_postings.payout_paid(
        payout_id=payout_id,
        amount=payout.amount,
        currency=payout.currency,
        gateway=payout.gateway,
    )
    book_cleared(uow, draft, gateway=payout.gateway)
    uow.record(
        events.PayoutPaid(
            occurred_at=uow.now,
            payout_id=payout_id,
            supplier_id=payout.supplier_id,
            amount=payout.amount,
            currency=payout.currency,
            gateway=payout.gateway,
        )
    )
    return payout


def note_failed(uow: UnitOfWork, payout_id: PayoutId, *, failure_code: str) -> Payout:
    """The money did not go: the payable has it again, for the next settlement. Once.

    Raises `IllegalTransition` for a payout that is paid (see `note_returned`) or not approved.
    """
    payout = payout_queries.get_payout_for_update(uow.session, payout_id)
    if payout.state == OutgoingState.FAILED:
        return payout
    payout.state = TRANSITIONS.next(payout.state, "fail")
    draft = payout_postings.payout_failed(
        payout_id=payout_id,
        supplier_id=payout.supplier_id,
        amount=payout.amount,
        currency=payout.currency,
    )
    return _fail(uow, payout, draft, failure_code)


def note_returned(uow: UnitOfWork, payout_id: PayoutId, *, failure_code: str) -> Payout:
    """Money reported as paid came back through the gateway; as `note_failed`, once.

    A provider says so itself; of a bank transfer two people do (`desk.confirm_failed`).
    """
    payout = payout_queries.get_payout_for_update(uow.session, payout_id)
    if payout.state == OutgoingState.FAILED:
        return payout
    payout.state = TRANSITIONS.next(payout.state, "return")
    draft = payout_postings.payout_returned(
        payout_id=payout_id,
        supplier_id=payout.supplier_id,
        amount=payout.amount,
        currency=payout.currency,
        gateway=payout.gateway,
    )
    return _fail(uow, payout, draft, failure_code)


def _fail(uow: UnitOfWork, payout: Payout, draft: Draft, failure_code: str) -> Payout:
    payout.failed_at, payout.failure_code = uow.now, failure_code
    book_cleared(uow, draft, gateway=payout.gateway)
    uow.record(
        events.PayoutFailed(
            occurred_at=uow.now,
            payout_id=payout.payout_id,
            supplier_id=payout.supplier_id,
            amount=payout.amount,
            currency=payout.currency,
            gateway=payout.gateway,
            failure_code=failure_code,
            return_stated_by=payout.return_stated_by,
            returned_by=payout.returned_by,
        )
    )
    return payout


def _account_in_force(uow: UnitOfWork, payout: Payout) -> BankAccountId | None:
    """The bank details that count now; other gateways know their payees themselves."""
    if payout.gateway != BANK_TRANSFER:
        return None
    account = bank_account_queries.find_bank_account(
        uow.session, payout.supplier_id, payout.currency, at=uow.now
    )
    if account is None:
        raise BankAccountMissing(payout.supplier_id, payout.currency)
    return account.bank_account_id
