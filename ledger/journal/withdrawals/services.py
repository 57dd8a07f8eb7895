"""Verbs on withdrawals: a buyer asks, a risk officer approves, an operator sends.

The money leaves the wallet with the approval. Nothing here calls a bank: an operator enters the
transfer there and says what became of it.
"""

from app.core.cipher import Cipher
from app.core.ids import OrganisationId, PersonId
from app.core.principals import Permission, Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.bank_accounts import queries as bank_account_queries
from ledger.journal.bank_accounts import return_services
from ledger.journal.bank_accounts import services as bank_account_services
from ledger.journal.bank_accounts.details import BankDetails
from ledger.journal.bank_accounts.outgoing import TRANSITIONS, OutgoingState
from ledger.journal.books.booking import book_now
from ledger.journal.books.chart import wallet_of
from ledger.journal.books.freezes import check_not_frozen
from ledger.journal.deciders import check_independent, check_second
from ledger.journal.ids import BankAccountId, WithdrawalId
from ledger.journal.top_ups.life_cycle import check_transferable
from ledger.journal.wallets import queries as wallet_queries
from ledger.journal.wallets.held_money import ask_back_all, ask_back_amount
from ledger.journal.withdrawals import events
from ledger.journal.withdrawals import postings as withdrawal_postings
from ledger.journal.withdrawals import queries as withdrawal_queries
from ledger.journal.withdrawals.errors import (
    MayNotCancelWithdrawal,
    WithdrawalAccountChanged,
    WithdrawalAccountMissing,
    WithdrawalExceedsRefundable,
    WithdrawalNotApproved,
)
from ledger.journal.withdrawals.models import Withdrawal


def request_withdrawal(
    uow: UnitOfWork, principal: Principal, *, amount: int | None, currency: str
) -> Withdrawal:
    """Ask for money of one's wallet (10⁻⁸ units; None: all that may go back); moves none.

    Raises `WithdrawalAccountMissing`, `WithdrawalExceedsRefundable`, `TopUpAmountUnfit`.
    """
    owner_id = OrganisationId(principal.organisation_id)
    account_id = _account_in_force(uow, owner_id, currency)
    if amount is None:
        ask_back_all(uow, owner_id, currency)
    else:
        ask_back_amount(uow, owner_id, currency, amount)
    standing = withdrawal_queries.standing_of(uow.session, owner_id, currency, counts_requests=True)
    refundable = standing.refundable_amount
    asked = refundable if amount is None else amount
    if not 0 < asked <= refundable:
        raise WithdrawalExceedsRefundable(
            currency, refundable_amount=refundable, asked_amount=asked
        )
    check_transferable(asked)
    withdrawal = Withdrawal(
        withdrawal_id=WithdrawalId(uow.ids.new("wdr")),
        organisation_id=owner_id,
        amount=asked,
        currency=currency,
        bank_account_id=account_id,
        state=OutgoingState.REQUESTED,
        requested_by=PersonId(principal.id),
        requested_at=uow.now,
    )
    uow.session.add(withdrawal)
    uow.record(
        events.WithdrawalRequested(
            occurred_at=uow.now,
            withdrawal_id=withdrawal.withdrawal_id,
            organisation_id=owner_id,
            amount=asked,
            currency=currency,
        )
    )
    return withdrawal


def approve_withdrawal(
    uow: UnitOfWork, principal: Principal, *, withdrawal_id: WithdrawalId
) -> Withdrawal:
    """Let it go: somebody of the exchange takes it out of the wallet, if it still may go back.

    Raises `WithdrawalNotFound`, `IllegalTransition`, `SecondPersonRequired`,
    `DeciderNotIndependent`, `WithdrawalAccountChanged`, `WithdrawalExceedsRefundable`,
    `AccountFrozen`.
    """
    withdrawal = withdrawal_queries.get_withdrawal_for_update(uow.session, withdrawal_id)
    withdrawal_state = TRANSITIONS.next(withdrawal.state, "approve")
    owner_id, currency = withdrawal.organisation_id, withdrawal.currency
    check_independent(principal, owner_id, withdrawal_id)
    check_second(principal, withdrawal.requested_by, withdrawal_id)
    if _account_in_force(uow, owner_id, currency) != withdrawal.bank_account_id:
        raise WithdrawalAccountChanged(withdrawal_id)
    check_not_frozen(uow.session, wallet_of(owner_id, currency))
    ask_back_amount(uow, owner_id, currency, withdrawal.amount)
    # Calls and other withdrawals take from the wallet under the same lock.
    wallet = wallet_queries.find_wallet_for_update(uow.session, owner_id, currency)
    standing = withdrawal_queries.standing_of(
        uow.session, owner_id, currency, counts_requests=False
    )
    if withdrawal.amount > standing.refundable_amount:
        raise WithdrawalExceedsRefundable(
            currency,
            refundable_amount=standing.refundable_amount,
            asked_amount=withdrawal.amount,
        )
    withdrawal.state = withdrawal_state
    withdrawal.approved_by, withdrawal.approved_at = PersonId(principal.id), uow.now
    book_now(uow, withdrawal_postings.withdraw(**_facts(withdrawal)))
    uow.session.expire(wallet)
    uow.record(
        events.WithdrawalApproved(
            occurred_at=uow.now,
            withdrawal_id=withdrawal_id,
            organisation_id=owner_id,
            requested_by=withdrawal.requested_by,
            approved_by=withdrawal.approved_by,
        )
    )
    return withdrawal


def cancel_withdrawal(
    uow: UnitOfWork, principal: Principal, *, withdrawal_id: WithdrawalId
) -> Withdrawal:
    """Give a request up before it is approved.

    Raises `WithdrawalNotFound`, `MayNotCancelWithdrawal`, `IllegalTransition`.
    """
    withdrawal = withdrawal_queries.get_withdrawal_for_update(uow.session, withdrawal_id)
    is_own = principal.organisation_id == withdrawal.organisation_id
    if not (
        principal.may(Permission.PROPOSE_PAYOUTS) or (is_own and principal.may(Permission.BUY))
    ):
        raise MayNotCancelWithdrawal(withdrawal_id)
    withdrawal.state = TRANSITIONS.next(withdrawal.state, "cancel")
    withdrawal.cancelled_by, withdrawal.cancelled_at = PersonId(principal.id), uow.now
    uow.record(
        events.WithdrawalCancelled(
            occurred_at=uow.now,
            withdrawal_id=withdrawal_id,
            organisation_id=withdrawal.organisation_id,
            cancelled_by=withdrawal.cancelled_by,
        )
    )
    return withdrawal


def read_instructions(
    uow: UnitOfWork, principal: Principal, cipher: Cipher, withdrawal: Withdrawal
) -> BankDetails:
    """The payee's bank details in clear, while the transfer is due; the reading is recorded.

    Raises `WithdrawalNotApproved`.
    """
    if withdrawal.state != OutgoingState.APPROVED:
        raise WithdrawalNotApproved(withdrawal.withdrawal_id, withdrawal.state)
    account = bank_account_queries.get_bank_account(uow.session, withdrawal.bank_account_id, None)
    uow.record(
        events.WithdrawalInstructionsRead(
            occurred_at=uow.now,
            withdrawal_id=withdrawal.withdrawal_id,
            organisation_id=withdrawal.organisation_id,
            read_by=PersonId(principal.id),
        )
    )
    return bank_account_services.open_details(cipher, account)


def note_sent(
    uow: UnitOfWork,
    principal: Principal,
    *,
    withdrawal_id: WithdrawalId,
    provider_reference: str,
) -> Withdrawal:
    """The bank took the transfer under its reference; the same again changes nothing.

    Raises `WithdrawalNotFound`, `IllegalTransition`, `SecondPersonRequired` for who approved it.
    """
    withdrawal = withdrawal_queries.get_withdrawal_for_update(uow.session, withdrawal_id)
    if withdrawal.sent_at is not None and withdrawal.provider_reference == provider_reference:
        return withdrawal
    withdrawal.state = TRANSITIONS.next(withdrawal.state, "send")
    check_second(principal, withdrawal.approved_by, withdrawal_id)
    withdrawal.sent_by, withdrawal.sent_at = PersonId(principal.id), uow.now
    withdrawal.provider_reference = provider_reference
    uow.record(
        events.WithdrawalSent(
            occurred_at=uow.now,
            withdrawal_id=withdrawal_id,
            organisation_id=withdrawal.organisation_id,
        )
    )
    return withdrawal


def note_paid(uow: UnitOfWork, *, withdrawal_id: WithdrawalId) -> Withdrawal:
    """The bank's account shows the transfer; told again, nothing happens.

    Raises `WithdrawalNotFound`, `IllegalTransition`.
    """
    withdrawal = withdrawal_queries.get_withdrawal_for_update(uow.session, withdrawal_id)
    if withdrawal.state == OutgoingState.PAID:
        return withdrawal
    withdrawal.state = TRANSITIONS.next(withdrawal.state, "pay")
    withdrawal.paid_at = uow.now
    book_now(uow, withdrawal_postings.withdrawal_paid(**_facts(withdrawal)))
    uow.record(
        events.WithdrawalPaid(
            occurred_at=uow.now,
            withdrawal_id=withdrawal_id,
            organisation_id=withdrawal.organisation_id,
            amount=withdrawal.amount,
            currency=withdrawal.currency,
        )
    )
    return withdrawal


def note_failed(
    uow: UnitOfWork, principal: Principal, *, withdrawal_id: WithdrawalId, failure_code: str
) -> Withdrawal:
    """The money did not go, or came back: the wallet has it again; once.

    That it came back two people say; the first one's word moves nothing.

    Raises `WithdrawalNotFound`, `IllegalTransition`, `SecondPersonRequired`.
    """
    withdrawal = withdrawal_queries.get_withdrawal_for_update(uow.session, withdrawal_id)
    if withdrawal.state == OutgoingState.FAILED:
        return withdrawal
    was_paid = withdrawal.state == OutgoingState.PAID
    state = TRANSITIONS.next(withdrawal.state, "return" if was_paid else "fail")
    if was_paid and not return_services.state_return(uow, principal, withdrawal, withdrawal_id):
        return withdrawal
    withdrawal.state = state
    withdrawal.failed_at, withdrawal.failure_code = uow.now, failure_code
    template = (
        withdrawal_postings.withdrawal_returned
        if was_paid
        else withdrawal_postings.withdrawal_failed
    )
    book_now(uow, template(**_facts(withdrawal)))
    uow.record(
        events.WithdrawalFailed(
            occurred_at=uow.now,
            withdrawal_id=withdrawal_id,
            organisation_id=withdrawal.organisation_id,
            amount=withdrawal.amount,
            currency=withdrawal.currency,
            failure_code=failure_code,
            return_stated_by=withdrawal.return_stated_by,
            returned_by=withdrawal.returned_by,
        )
    )
    return withdrawal


def withdraw_return(
    uow: UnitOfWork, principal: Principal, *, withdrawal_id: WithdrawalId
) -> Withdrawal:
    """One person's word that it came back does not hold. Raises `NoReturnStated`."""
    withdrawal = withdrawal_queries.get_withdrawal_for_update(uow.session, withdrawal_id)
    stated = return_services.withdraw_return(withdrawal, withdrawal_id)
    uow.record(
        events.WithdrawalReturnWithdrawn(
            occurred_at=uow.now,
            withdrawal_id=withdrawal_id,
            organisation_id=withdrawal.organisation_id,
            **stated,
            withdrawn_by=PersonId(principal.id),
        )
    )
    return withdrawal


def _account_in_force(
    uow: UnitOfWork, organisation_id: OrganisationId, currency: str
) -> BankAccountId:
    account = bank_account_queries.find_bank_account(
        uow.session, organisation_id, currency, at=uow.now
    )
    if account is None:
        raise WithdrawalAccountMissing(organisation_id, currency)
    return account.bank_account_id


def _facts(withdrawal: Withdrawal) -> withdrawal_postings.WithdrawalFacts:
    return {
        "withdrawal_id": withdrawal.withdrawal_id,
        "organisation_id": withdrawal.organisation_id,
        "amount": withdrawal.amount,
        "currency": withdrawal.currency,
    }
