"""Verbs on top-ups: announce, confirm twice or be told by a gateway, cancel."""

from app.core.errors import CounterfoilError
from app.core.ids import OrganisationId, PersonId, TopUpId
from app.core.money import Money
from app.core.principals import Permission, Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books import postings
from ledger.journal.books.chart import BANK_TRANSFER
from ledger.journal.books.clearing import book_cleared
from ledger.journal.deciders import SecondPersonRequired
from ledger.journal.top_ups import queries
from ledger.journal.top_ups.errors import (
    ConfirmationDiffers,
    ConfirmerNotIndependent,
    MayNotCancelTopUp,
    PaidThroughProvider,
    TopUpArrived,
)
from ledger.journal.top_ups.events import TopUpCancelled, TopUpConfirmed, TopUpPaid, TopUpRequested
from ledger.journal.top_ups.life_cycle import TRANSITIONS, TopUpState, check_transferable
from ledger.journal.top_ups.models import TopUp
from ledger.journal.top_ups.ports import PaymentGateway
from ledger.journal.wallets.services import open_accounts


def request_top_up(
    uow: UnitOfWork, principal: Principal, gateway: PaymentGateway, *, amount: int, currency: str
) -> TopUp:
    """Announce a transfer of ``amount`` (10⁻⁸ units); raises `TopUpAmountUnfit`.

    The gateway refuses what it cannot take: a bank transfer `TopUpCurrencyNotTaken`.
    """
    check_transferable(amount)
    top_up_id = TopUpId(uow.ids.new("tup"))
    instructions = gateway.open_top_up(top_up_id, Money(amount, currency))
    top_up = TopUp(
        top_up_id=top_up_id,
        organisation_id=OrganisationId(principal.organisation_id),
        amount=amount,
        currency=currency,
        gateway=gateway.name,
        reference=instructions.reference,
        pay_into=instructions.pay_into,
        state=TopUpState.REQUESTED,
        requested_by=PersonId(principal.id),
        requested_at=uow.now,
    )
    uow.session.add(top_up)
    uow.record(
        TopUpRequested(
            occurred_at=uow.now,
            top_up_id=top_up_id,
            organisation_id=top_up.organisation_id,
            amount=amount,
            currency=currency,
            gateway=gateway.name,
        )
    )
    return top_up


def confirm_top_up(
    uow: UnitOfWork, principal: Principal, *, top_up_id: TopUpId, amount: int, currency: str
) -> TopUp:
    """State that the transfer arrived; the second of two different people credits the wallet.

    Raises `TopUpNotFound`, `IllegalTransition`, `ConfirmerNotIndependent`,
    `SecondPersonRequired`, `ConfirmationDiffers`, `PaidThroughProvider`.
    """
    # The row lock makes the second of two simultaneous confirmations see the first.
    top_up = queries.get_top_up_for_update(uow.session, top_up_id)
    state = TRANSITIONS.next(top_up.state, "confirm")
    refusal = _refusal_of_confirmation(top_up, principal, Money(amount, currency))
    if refusal is not None:
        raise refusal
    top_up.state = state
    if state is TopUpState.POSTED:
        top_up.second_confirmed_by, top_up.second_confirmed_at = PersonId(principal.id), uow.now
        _credit_wallet(uow, top_up)
    else:
        top_up.first_confirmed_by, top_up.first_confirmed_at = PersonId(principal.id), uow.now
    return top_up


def credit_top_up(
    uow: UnitOfWork, top_up_id: TopUpId, *, amount: int, gateway: str, provider_reference: str
) -> TopUp:
    """A gateway reports that a payment arrived: credit the wallet, once per top-up.

    ``amount`` in 10⁻⁸ units. The same report again changes nothing; a cancelled top-up is credited
    all the same. Needs the exchange's reach. Raises `TopUpNotFound`, `ConfirmationDiffers` for
    another amount or gateway than was announced, `IllegalTransition` when people confirmed it.
    """
    top_up = queries.get_top_up_for_update(uow.session, top_up_id)
    announced = f"{Money(top_up.amount, top_up.currency).text} by {top_up.gateway}"
    arrived = f"{Money(amount, top_up.currency).text} by {gateway}"
    if announced != arrived:
        raise ConfirmationDiffers(top_up_id, announced=announced, confirmed=arrived)
    if top_up.paid_at is not None and top_up.provider_reference == provider_reference:
        return top_up
    top_up.state = TRANSITIONS.next(top_up.state, "pay")
    top_up.paid_at, top_up.provider_reference = uow.now, provider_reference
    _book_credit(uow, top_up)
    uow.record(
        TopUpPaid(
            occurred_at=uow.now,
            top_up_id=top_up.top_up_id,
            organisation_id=top_up.organisation_id,
            amount=top_up.amount,
            currency=top_up.currency,
            gateway=gateway,
            provider_reference=provider_reference,
        )
    )
    return top_up


def cancel_top_up(uow: UnitOfWork, principal: Principal, *, top_up_id: TopUpId) -> TopUp:
    """Give up a top-up whose money has not been credited; one that arrived, operators alone.

    Raises `TopUpNotFound`, `MayNotCancelTopUp`, `IllegalTransition`, `TopUpArrived`.
    """
    top_up = queries.get_top_up_for_update(uow.session, top_up_id)
    is_own = principal.organisation_id == top_up.organisation_id
    is_operator = principal.may(Permission.CONFIRM_TOP_UPS)
    if not (is_operator or (is_own and principal.may(Permission.BUY))):
        raise MayNotCancelTopUp(top_up_id)
    state = TRANSITIONS.next(top_up.state, "cancel")
    if top_up.state == TopUpState.CONFIRMED_ONCE and not is_operator:
        raise TopUpArrived(top_up_id)
    top_up.state = state
    top_up.cancelled_by, top_up.cancelled_at = PersonId(principal.id), uow.now
    uow.record(
        TopUpCancelled(
            occurred_at=uow.now,
            top_up_id=top_up_id,
            organisation_id=top_up.organisation_id,
            gateway=top_up.gateway,
            cancelled_by=principal.id,
            is_by_exchange=not is_own,
        )
    )
    return top_up


def close_unpaid_top_up(uow: UnitOfWork, *, top_up_id: TopUpId, by: str) -> TopUp:
    """A provider says that nobody will pay any more; what was paid or given up stays as it is."""
    top_up = queries.get_top_up_for_update(uow.session, top_up_id)
    if top_up.state == TopUpState.REQUESTED:
        top_up.state = TRANSITIONS.next(top_up.state, "cancel")
        top_up.cancelled_by, top_up.cancelled_at = PersonId(by), uow.now
    return top_up


def _refusal_of_confirmation(
    top_up: TopUp, principal: Principal, confirmed: Money
) -> CounterfoilError | None:
    if top_up.gateway != BANK_TRANSFER:
        return PaidThroughProvider(top_up.top_up_id, top_up.gateway)
    if principal.organisation_id == top_up.organisation_id or principal.id == top_up.requested_by:
        return ConfirmerNotIndependent(top_up.top_up_id)
    if principal.id == top_up.first_confirmed_by:
        return SecondPersonRequired(top_up.top_up_id)
    announced = Money(top_up.amount, top_up.currency)
    if confirmed != announced:
        return ConfirmationDiffers(
            top_up.top_up_id, announced=_words(announced), confirmed=_words(confirmed)
        )
    return None


def _words(money: Money) -> str:
    return f"{money.text} {money.currency}"


def _credit_wallet(uow: UnitOfWork, top_up: TopUp) -> None:
    assert top_up.first_confirmed_by is not None
    assert top_up.second_confirmed_by is not None
    _book_credit(uow, top_up)
    uow.record(
        TopUpConfirmed(
            occurred_at=uow.now,
            top_up_id=top_up.top_up_id,
            organisation_id=top_up.organisation_id,
            amount=top_up.amount,
            currency=top_up.currency,
            confirmed_by=(top_up.first_confirmed_by, top_up.second_confirmed_by),
        )
    )


def _book_credit(uow: UnitOfWork, top_up: TopUp) -> None:
    open_accounts(uow, organisation_id=top_up.organisation_id, currency=top_up.currency)
    draft = postings.top_up(
        reference=top_up.top_up_id,
        organisation_id=top_up.organisation_id,
        amount=top_up.amount,
        currency=top_up.currency,
        gateway=top_up.gateway,
    )
    book_cleared(uow, draft, gateway=top_up.gateway)
