"""Sends what was asked for and finds out what became of it; every call between two transactions.

One pass over an operation is: claim it (write down the request, mark it sent, commit), ask the
provider with no transaction open, store the answer. Whoever dies in between leaves an operation
that is ``sent``; it is searched for at the provider by our id and, only if it is not there, sent
again: the same bytes under the same key. So a provider that forgot its keys (Stripe may after 24
hours) is not asked twice for what it has done.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.payments import conclusions, queries
from ledger.payments.errors import AmountUnfit
from ledger.payments.models import PaymentOperation
from ledger.payments.operations import (
    CLAIM_SECONDS,
    SEARCH_MARGIN,
    TRANSITIONS,
    Kind,
    State,
    in_stored_order,
    next_look,
    pause_after,
)
from ledger.payments.ports import (
    NotNow,
    Order,
    OutcomeUnknown,
    PaymentGateway,
    RequestRefused,
    Sight,
    Subject,
    SubjectKind,
)

BATCH_MAX = 20
ERROR_MAX = 500
NO_ACCOUNT = "payout_account_not_ready"
AMOUNT_UNFIT = "amount_unfit"
_LOOK_PAUSE_SECONDS = 0.2
_LOOKS_MAX = 25
"""Whoever waits for another process's answer does so for five seconds."""

_log = structlog.get_logger("payments")


@dataclass(frozen=True)
class Claimed:
    """An operation that this worker has for itself for a while; plain values only."""

    order: Order
    gateway: str
    request: dict[str, Any]
    key: str
    is_retry: bool
    is_open: bool
    is_to_be_closed: bool
    provider_reference: str | None
    first_sent_at: datetime

    @property
    def is_closing(self) -> bool:
        """Whether the provider is asked to let nobody pay any more."""
        return self.is_open and self.is_to_be_closed and self.order.kind is Kind.PAYMENT


class OperationRunner:
    """Takes due operations to their next state; safe in several workers at once."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        gateways: Mapping[str, PaymentGateway],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._units = units
        self._gateways = gateways
        self._pause = pause

    def run_due(self) -> bool:
        """Work on a bounded batch of due operations; whether there may be more."""
        return all(self._run_one() for _ in range(BATCH_MAX))

    def run_now(self, operation_id: str) -> None:
        """Ask the provider about one operation, for somebody who waits for it.

        Another process may be asking just now, usually the worker: its answer is waited for.
        """
        for _ in range(_LOOKS_MAX):
            if self._run_one(operation_id) or self._is_answered(operation_id):
                return
            self._pause(_LOOK_PAUSE_SECONDS)

    def _is_answered(self, operation_id: str) -> bool:
        # A short transaction each time: waiting holds no connection and no snapshot.
        with self._units.begin(Reach.EXCHANGE) as uow:
            state = queries.get_operation(uow.session, operation_id, None).state
        return state not in (State.PLANNED, State.SENT)

    def _run_one(self, operation_id: str | None = None) -> bool:
        with self._units.begin(Reach.EXCHANGE) as uow:
            operation = _take_due(uow, list(self._gateways), operation_id)
            if operation is None:
                return False
            claimed = self._claim(uow, operation)
            uow.commit()
        if claimed is not None:
            self._ask(claimed)
        return True

    # Before the call

    def _claim(self, uow: UnitOfWork, operation: PaymentOperation) -> Claimed | None:
        """Write down what will be asked; None where nothing needs to be asked any more."""
        is_retry, is_open = operation.state == State.SENT, operation.state == State.OPEN
        try:
            order = _order_of(uow, operation)
            if operation.request is None:
                operation.request = self._gateways[operation.gateway].plan(order)
        except _CannotBeSent as refusal:
            conclusions.refuse(uow, operation.operation_id, refusal.reason_code)
            return None
        except AmountUnfit:
            conclusions.refuse(uow, operation.operation_id, AMOUNT_UNFIT)
            return None
        operation.first_sent_at = operation.first_sent_at or uow.now
        operation.attempts_count += 1
        operation.due_at = uow.now + timedelta(seconds=CLAIM_SECONDS)
        if not is_open:
            operation.state = TRANSITIONS[operation.kind].next(operation.state, "send")
        return Claimed(
            order=order,
            gateway=operation.gateway,
            request=in_stored_order(operation.request),
            key=operation.idempotency_key,
            is_retry=is_retry,
            is_open=is_open,
            is_to_be_closed=operation.cancel_requested_by is not None,
            provider_reference=operation.provider_reference,
            first_sent_at=operation.first_sent_at,
        )

    # The call

    def _ask(self, claimed: Claimed) -> None:
        try:
            self._store(claimed, self._look_or_send(self._gateways[claimed.gateway], claimed))
        except RequestRefused as refusal:
            self._refuse(claimed, refusal)
        except NotNow as failure:
            self._wait(claimed, failure, asked_seconds=failure.retry_after_seconds)
        except OutcomeUnknown as failure:
            self._wait(claimed, failure)
        except Exception as failure:  # noqa: BLE001 -- one answer that we or the books cannot take
            _log.exception("answer not taken", operation=claimed.order.operation_id)
            self._wait(claimed, failure)

    def _look_or_send(self, gateway: PaymentGateway, claimed: Claimed) -> Sight | None:
        reference = claimed.provider_reference
        if claimed.is_open and reference is not None:
            if claimed.is_closing:
                return gateway.close_payment(reference)
            subject = Subject(SubjectKind(claimed.order.kind), reference, claimed.order.within)
            seen = gateway.look(subject)
            return seen if isinstance(seen, Sight) else None
        if claimed.is_retry:
            found = search(gateway, claimed.order, claimed.first_sent_at)
            if found is not None:
                return found
        return gateway.send(claimed.request, claimed.key)

    # After the call

    def _store(self, claimed: Claimed, sight: Sight | None) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            if sight is not None:
                conclusions.apply(
                    uow, claimed.order.operation_id, sight, after_closing=claimed.is_closing
                )
            else:
                operation = queries.get_operation_for_update(
                    uow.session, claimed.order.operation_id
                )
                operation.due_at = next_look(uow.now, None)
            uow.commit()

    def _refuse(self, claimed: Claimed, refusal: RequestRefused) -> None:
        """A refusal is final for what was sent; of a question about it, it changes nothing."""
        if claimed.is_open:
            self._wait(claimed, refusal)
            return
        _log.warning("payment refused", operation=claimed.order.operation_id, why=str(refusal))
        with self._units.begin(Reach.EXCHANGE) as uow:
            operation = conclusions.refuse(uow, claimed.order.operation_id, refusal.reason_code)
            operation.last_error = str(refusal)[:ERROR_MAX]
            uow.commit()

    def _wait(
        self, claimed: Claimed, failure: Exception, *, asked_seconds: int | None = None
    ) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            operation = queries.get_operation_for_update(uow.session, claimed.order.operation_id)
            if operation.concluded_at is None:
                operation.last_error = f"{type(failure).__name__}: {failure}"[:ERROR_MAX]
                pause = pause_after(operation.attempts_count, asked_seconds=asked_seconds)
                operation.due_at = uow.now + pause
            uow.commit()


class _CannotBeSent(Exception):
    """Something that the operation needs is not there; nothing was sent."""

    def __init__(self, reason_code: str) -> None:
        super().__init__(reason_code)
        self.reason_code = reason_code


def search(gateway: PaymentGateway, order: Order, first_sent_at: datetime) -> Sight | None:
    """The operation at the provider by our id; raises `OutcomeUnknown`, `NotNow`.

    A search that is refused says nothing about what was searched for.
    """
    try:
        return gateway.find(order, first_sent_at - SEARCH_MARGIN)
    except RequestRefused as refusal:
        raise OutcomeUnknown(str(refusal)) from refusal


def _take_due(
    uow: UnitOfWork, gateways: list[str], operation_id: str | None
) -> PaymentOperation | None:
    statement = (
        select(PaymentOperation)
        .where(PaymentOperation.due_at <= uow.now, PaymentOperation.gateway.in_(gateways))
        .order_by(PaymentOperation.due_at, PaymentOperation.operation_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if operation_id is not None:
        statement = statement.where(PaymentOperation.operation_id == operation_id)
    return uow.session.scalars(statement).one_or_none()


def order_of(uow: UnitOfWork, operation: PaymentOperation) -> Order:
    """What an adapter must know of an operation that was sent before."""
    within, names = None, []
    if operation.parent_id is not None:
        parent = queries.get_operation(uow.session, operation.parent_id, None)
        within = parent.provider_reference
        names = queries.list_references(uow.session, operation.parent_id)
    return Order(
        operation_id=operation.operation_id,
        kind=Kind(operation.kind),
        subject_id=operation.subject_id,
        amount=operation.amount,
        currency=operation.currency,
        at=uow.now,
        within=within,
        within_names=tuple(sorted(names)),
    )


def _order_of(uow: UnitOfWork, operation: PaymentOperation) -> Order:
    order = order_of(uow, operation)
    if operation.kind != Kind.TRANSFER or operation.request is not None:
        return order
    account = queries.find_payout_account(uow.session, operation.organisation_id, operation.gateway)
    if account is None or account.state != "ready":
        raise _CannotBeSent(NO_ACCOUNT)
    return Order(**(vars(order) | {"destination": account.provider_reference}))
