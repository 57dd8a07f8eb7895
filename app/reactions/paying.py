"""Payments and books: what is asked of a provider, and what its answers mean for the journal.

Neither room knows the other. Each reaction runs in the transaction that changed the operation's
state, so an effect is booked once or its cause did not happen either.
"""

from app.core.ids import TopUpId
from app.core.money import Money
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books import provider_books
from ledger.journal.books.chart import BANK_TRANSFER
from ledger.journal.charge_backs import services as charge_back_services
from ledger.journal.ids import PayoutId
from ledger.journal.payouts import queries as payout_queries
from ledger.journal.payouts import services as payout_services
from ledger.journal.payouts.events import PayoutApproved, PayoutRequested
from ledger.journal.top_ups import services as top_up_services
from ledger.journal.top_ups.events import TopUpCancelled, TopUpRequested
from ledger.journal.wallets.errors import InsufficientFunds
from ledger.journal.wallets.held_money import ask_back_amount
from ledger.payments import account_services as accounts
from ledger.payments import events as paid
from ledger.payments import services as payments

REVERSED = "reversed"
PROVIDER = "provider"
"""Who ends a top-up that nobody paid, and sends a payout."""


def request_payment(uow: UnitOfWork, event: TopUpRequested) -> None:
    """A top-up through a provider asks it for a payment."""
    if event.gateway == BANK_TRANSFER:
        return
    payments.request_payment(
        uow,
        subject_id=event.top_up_id,
        organisation_id=event.organisation_id,
        amount=event.amount,
        currency=event.currency,
        gateway=event.gateway,
    )


def cancel_payment(uow: UnitOfWork, event: TopUpCancelled) -> None:
    """Nobody shall pay for a top-up that was given up; who was faster is credited all the same."""
    if event.gateway != BANK_TRANSFER:
        payments.request_cancellation(
            uow, subject_id=event.top_up_id, requested_by=event.cancelled_by
        )


def credit_top_up(uow: UnitOfWork, event: paid.PaymentReceived) -> None:
    """The money is there: the wallet has it."""
    top_up_services.credit_top_up(
        uow,
        TopUpId(event.subject_id),
        amount=event.amount,
        gateway=event.gateway,
        provider_reference=event.provider_reference,
    )


def close_top_up(uow: UnitOfWork, event: paid.PaymentFailed) -> None:
    """Nobody will pay any more."""
    top_up_services.close_unpaid_top_up(uow, top_up_id=TopUpId(event.subject_id), by=PROVIDER)


def take_refund(uow: UnitOfWork, event: paid.RefundApproved) -> None:
    """The money leaves the wallet before it is sent, so that it is not spent meanwhile.

    Only money that is there: a refund never makes a debt. Raises `InsufficientFunds`,
    `AccountFrozen`.
    """
    ask_back_amount(uow, event.organisation_id, event.currency, event.amount)
    returned = charge_back_services.note_refunded(
        uow,
        top_up_id=TopUpId(event.subject_id),
        amount=event.amount,
        gateway=event.gateway,
        provider_reference=event.operation_id,
    )
    if returned.owed_amount:
        raise InsufficientFunds(
            needed_amount=event.amount,
            available_amount=event.amount - returned.owed_amount,
            currency=event.currency,
        )


def give_refund_back(uow: UnitOfWork, event: paid.RefundFailed) -> None:
    """The payer did not get it: the wallet has it again."""
    charge_back_services.note_refund_failed(
        uow, gateway=event.gateway, provider_reference=event.operation_id
    )


def charge_back(uow: UnitOfWork, event: paid.PaymentDisputed) -> None:
    """The bank took it: out of the wallet, and what the wallet lacks is owed."""
    charge_back_services.note_disputed(
        uow,
        top_up_id=TopUpId(event.subject_id),
        amount=event.amount,
        gateway=event.gateway,
        provider_reference=event.dispute_id,
    )


def close_charge_back(uow: UnitOfWork, event: paid.DisputeClosed) -> None:
    """Lost: it stays away. Won: it is given again."""
    charge_back_services.note_dispute_closed(
        uow, gateway=event.gateway, provider_reference=event.dispute_id, is_lost=event.is_lost
    )


def check_payout_account(uow: UnitOfWork, event: PayoutRequested) -> None:
    """A payout that the provider would refuse is not even proposed."""
    if event.gateway != BANK_TRANSFER:
        accounts.check_ready(uow, organisation_id=event.supplier_id, gateway=event.gateway)


def request_transfer(uow: UnitOfWork, event: PayoutApproved) -> None:
    """A payout that two people let go, through a provider; it waits where that would refuse it."""
    if event.gateway == BANK_TRANSFER:
        return
    accounts.check_ready(uow, organisation_id=event.supplier_id, gateway=event.gateway)
    operation = payments.request_transfer(
        uow,
        subject_id=event.payout_id,
        organisation_id=event.supplier_id,
        amount=event.amount,
        currency=event.currency,
        gateway=event.gateway,
    )
    payout_services.note_sent(
        uow, event.payout_id, provider_reference=operation.operation_id, sent_by=PROVIDER
    )


def pay_out(uow: UnitOfWork, event: paid.TransferPaid) -> None:
    """It left for the supplier's account."""
    payout_services.note_paid(
        uow, PayoutId(event.subject_id), provider_reference=event.provider_reference
    )


def fail_payout(uow: UnitOfWork, event: paid.TransferFailed) -> None:
    """Nothing left: the supplier's balance has it again."""
    payout_services.note_failed(uow, PayoutId(event.subject_id), failure_code=event.reason_code)


def return_payout(uow: UnitOfWork, event: paid.TransferReversed) -> None:
    """Money of a payout came back: all of it ends the payout, a part is owed to the supplier."""
    payout_id = PayoutId(event.subject_id)
    payout = payout_queries.get_payout_for_update(uow.session, payout_id)
    if event.amount == payout.amount:
        payout_services.note_returned(uow, payout_id, failure_code=REVERSED)
        return
    provider_books.note_part_returned(
        uow,
        reference=event.operation_id,
        supplier_id=event.organisation_id,
        money=Money(event.amount, event.currency),
        gateway=event.gateway,
    )


def note_fee(uow: UnitOfWork, event: paid.ProviderFeeCharged) -> None:
    """The provider took its fee."""
    provider_books.open_exchange_accounts(uow, currency=event.currency)
    charge_back_services.note_fee(
        uow,
        movement_id=event.movement_id,
        amount=event.amount,
        currency=event.currency,
        gateway=event.gateway,
    )


def note_paid_out(uow: UnitOfWork, event: paid.ProviderPaidOut) -> None:
    """From the provider to the exchange's bank."""
    provider_books.note_paid_out(
        uow,
        movement_id=event.movement_id,
        amount=event.amount,
        currency=event.currency,
        gateway=event.gateway,
    )


def note_unexplained(uow: UnitOfWork, event: paid.MovementUnexplained) -> None:
    """To the suspense account."""
    provider_books.note_unexplained(
        uow,
        movement_id=event.movement_id,
        amount=event.amount,
        currency=event.currency,
        gateway=event.gateway,
    )
