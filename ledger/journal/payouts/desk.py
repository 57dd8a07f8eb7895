"""What people do about bank transfers: see where the money goes, and say what the bank did."""

from app.core.cipher import Cipher
from app.core.ids import PersonId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.bank_accounts import queries as bank_account_queries
from ledger.journal.bank_accounts import return_services
from ledger.journal.bank_accounts import services as bank_account_services
from ledger.journal.bank_accounts.details import BankDetails
from ledger.journal.bank_accounts.outgoing import OutgoingState
from ledger.journal.books.chart import BANK_TRANSFER
from ledger.journal.ids import PayoutId
from ledger.journal.payouts import queries as payout_queries
from ledger.journal.payouts import services as payout_services
from ledger.journal.payouts.errors import PayoutNotApproved, PayoutNotByHand
from ledger.journal.payouts.events import PayoutInstructionsRead, PayoutReturnWithdrawn
from ledger.journal.payouts.models import Payout


def read_instructions(
    uow: UnitOfWork, principal: Principal, cipher: Cipher, payout: Payout
) -> BankDetails:
    """The payee's bank details in clear, while the transfer is due; the reading is recorded.

    Raises `PayoutNotByHand`, `PayoutNotApproved`.
    """
    _check_by_hand(payout)
    if payout.state != OutgoingState.APPROVED or payout.bank_account_id is None:
        raise PayoutNotApproved(payout.payout_id, payout.state)
    account = bank_account_queries.get_bank_account(uow.session, payout.bank_account_id, None)
    uow.record(
        PayoutInstructionsRead(
            occurred_at=uow.now,
            payout_id=payout.payout_id,
            supplier_id=payout.supplier_id,
            read_by=PersonId(principal.id),
        )
    )
    return bank_account_services.open_details(cipher, account)


def confirm_sent(
    uow: UnitOfWork, principal: Principal, *, payout_id: PayoutId, provider_reference: str
) -> Payout:
    """The bank took the transfer under its reference. Raises as `payout_services.note_sent`."""
    _check_by_hand(payout_queries.get_payout(uow.session, payout_id, None))
    return payout_services.note_sent(
        uow, payout_id, provider_reference=provider_reference, sent_by=principal.id
    )


def confirm_paid(uow: UnitOfWork, *, payout_id: PayoutId) -> Payout:
    """The bank's account shows the transfer. Raises as `payout_services.note_paid`."""
    _check_by_hand(payout_queries.get_payout(uow.session, payout_id, None))
    return payout_services.note_paid(uow, payout_id)


def confirm_failed(
    uow: UnitOfWork, principal: Principal, *, payout_id: PayoutId, failure_code: str
) -> Payout:
    """The transfer failed, or came back after it had been carried out, which two people say.

    Raises `PayoutNotFound`, `PayoutNotByHand`, `IllegalTransition`, `SecondPersonRequired`.
    """
    payout = payout_queries.get_payout_for_update(uow.session, payout_id)
    _check_by_hand(payout)
    if payout.state != OutgoingState.PAID:
        return payout_services.note_failed(uow, payout_id, failure_code=failure_code)
    if not return_services.state_return(uow, principal, payout, payout_id):
        return payout
    return payout_services.note_returned(uow, payout_id, failure_code=failure_code)


def withdraw_return(uow: UnitOfWork, principal: Principal, *, payout_id: PayoutId) -> Payout:
    """One person's word that it came back does not hold. Raises `NoReturnStated`."""
    payout = payout_queries.get_payout_for_update(uow.session, payout_id)
    stated = return_services.withdraw_return(payout, payout_id)
    uow.record(
        PayoutReturnWithdrawn(
            occurred_at=uow.now,
            payout_id=payout_id,
            supplier_id=payout.supplier_id,
            **stated,
            withdrawn_by=PersonId(principal.id),
        )
    )
    return payout


def _check_by_hand(payout: Payout) -> None:
    if payout.gateway != BANK_TRANSFER:
        raise PayoutNotByHand(payout.payout_id, payout.gateway)
