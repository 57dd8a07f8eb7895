"""Verbs on payment operations: ask for them, approve them, give them up. None talks to a provider.

What is asked for here is written down and committed; `operation_runner` sends it afterwards.
"""

from app.core.ids import OrganisationId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.payments import queries
from ledger.payments.errors import (
    ApproverNotIndependent,
    NotRefundable,
    OperationNeedsSecondPerson,
    RefundExceedsPayment,
)
from ledger.payments.events import PaymentCancelled, RefundApproved
from ledger.payments.models import PaymentOperation
from ledger.payments.operations import TRANSITIONS, Kind, State


def request_payment(
    uow: UnitOfWork,
    *,
    subject_id: str,
    organisation_id: str,
    amount: int,
    currency: str,
    gateway: str,
) -> PaymentOperation:
    """Ask a payer for an amount (10⁻⁸ units); once per subject."""
    return _plan_once(
        uow,
        kind=Kind.PAYMENT,
        subject_id=subject_id,
        organisation_id=organisation_id,
        amount=amount,
        currency=currency,
        gateway=gateway,
    )


def request_transfer(
    uow: UnitOfWork,
    *,
    subject_id: str,
    organisation_id: str,
    amount: int,
    currency: str,
    gateway: str,
) -> PaymentOperation:
    """Send an amount (10⁻⁸ units) to a supplier's account; once per subject."""
    return _plan_once(
        uow,
        kind=Kind.TRANSFER,
        subject_id=subject_id,
        organisation_id=organisation_id,
        amount=amount,
        currency=currency,
        gateway=gateway,
    )


def request_refund(
    uow: UnitOfWork, principal: Principal, *, subject_id: str, amount: int, reason: str
) -> PaymentOperation:
    """Ask that part of a payment goes back to its payer; a second person must approve.

    Raises `NotRefundable`, `RefundExceedsPayment`.
    """
    return _request_return(
        uow, principal, Kind.REFUND, subject_id=subject_id, amount=amount, reason=reason
    )


def request_reversal(
    uow: UnitOfWork, principal: Principal, *, subject_id: str, amount: int, reason: str
) -> PaymentOperation:
    """Ask that part of a transfer comes back from the supplier; a second person must approve.

    Raises `NotRefundable`, `RefundExceedsPayment`.
    """
    return _request_return(
        uow, principal, Kind.REVERSAL, subject_id=subject_id, amount=amount, reason=reason
    )


def approve(uow: UnitOfWork, principal: Principal, *, operation_id: str) -> PaymentOperation:
    """The second person agrees; a refund's money leaves the wallet in the same transaction.

    Raises `OperationNotFound`, `IllegalTransition`, `OperationNeedsSecondPerson`,
    `ApproverNotIndependent`, `NotRefundable`, and what the books refuse (`InsufficientFunds`,
    `AccountFrozen`).
    """
    operation = queries.get_operation_for_update(uow.session, operation_id)
    state = TRANSITIONS[operation.kind].next(operation.state, "approve")
    _check_second_person(operation, principal)
    parent = queries.get_operation_for_update(uow.session, operation.parent_id or "")
    _check_stands(parent)
    operation.state, operation.approved_by = state, principal.id
    operation.due_at = uow.now
    if operation.kind == Kind.REFUND:
        assert operation.requested_by is not None
        uow.record(
            RefundApproved(
                occurred_at=uow.now,
                operation_id=operation.operation_id,
                subject_id=operation.subject_id,
                organisation_id=operation.organisation_id,
                amount=operation.amount,
                currency=operation.currency,
                gateway=operation.gateway,
                approved_by=(operation.requested_by, principal.id),
            )
        )
    return operation


def decline(uow: UnitOfWork, principal: Principal, *, operation_id: str) -> PaymentOperation:
    """Somebody says no, whoever asked included; raises `OperationNotFound`, `IllegalTransition`."""
    operation = queries.get_operation_for_update(uow.session, operation_id)
    operation.state = TRANSITIONS[operation.kind].next(operation.state, "decline")
    operation.reason_code = "declined"
    operation.cancel_requested_by, operation.concluded_at = principal.id, uow.now
    return operation


def request_cancellation(uow: UnitOfWork, *, subject_id: str, requested_by: str) -> None:
    """Let nobody pay for a subject any more.

    What was never sent ends at once. What was sent ends when the provider says so; a payer who was
    faster has paid.
    """
    operation = queries.find_operation(uow.session, Kind.PAYMENT, subject_id)
    if operation is None or operation.concluded_at is not None:
        return
    operation.cancel_requested_by = operation.cancel_requested_by or requested_by
    if operation.state != State.PLANNED:
        operation.due_at = uow.now
        return
    operation.state, operation.due_at = State.CANCELLED, None
    operation.concluded_at = uow.now
    uow.record(
        PaymentCancelled(
            occurred_at=uow.now,
            operation_id=operation.operation_id,
            subject_id=subject_id,
            organisation_id=operation.organisation_id,
            amount=operation.amount,
            currency=operation.currency,
            gateway=operation.gateway,
            cancelled_by=requested_by,
        )
    )


def _plan_once(
    uow: UnitOfWork,
    *,
    kind: Kind,
    subject_id: str,
    organisation_id: str,
    amount: int,
    currency: str,
    gateway: str,
) -> PaymentOperation:
    # A unique index stands behind this: of two at once the second fails and finds it on retry.
    found = queries.find_operation(uow.session, kind, subject_id)
    if found is not None:
        return found
    operation = _new(
        uow, kind, subject_id=subject_id, organisation_id=organisation_id, gateway=gateway
    )
    operation.amount, operation.currency = amount, currency
    operation.state, operation.due_at = State.PLANNED, uow.now
    uow.session.add(operation)
    return operation


def _new(
    uow: UnitOfWork, kind: Kind, *, subject_id: str, organisation_id: str, gateway: str
) -> PaymentOperation:
    operation_id = uow.ids.new("pop")
    return PaymentOperation(
        operation_id=operation_id,
        kind=kind,
        gateway=gateway,
        subject_id=subject_id,
        organisation_id=OrganisationId(organisation_id),
        idempotency_key=f"counterfoil:{operation_id}",
        requested_at=uow.now,
    )


def _request_return(
    uow: UnitOfWork,
    principal: Principal,
    kind: Kind,
    *,
    subject_id: str,
    amount: int,
    reason: str,
) -> PaymentOperation:
    undone = Kind.PAYMENT if kind is Kind.REFUND else Kind.TRANSFER
    # The lock makes the second of two simultaneous requests see what the first one took.
    parent = queries.find_operation(uow.session, undone, subject_id)
    if parent is None:
        raise NotRefundable(subject_id, "none")
    _check_stands(parent)
    left = parent.amount - queries.given_back_amount(uow.session, parent.operation_id)
    if not 0 < amount <= left:
        raise RefundExceedsPayment(asked=amount, left=left, currency=parent.currency)
    operation = _new(
        uow,
        kind,
        subject_id=subject_id,
        organisation_id=parent.organisation_id,
        gateway=parent.gateway,
    )
    operation.parent_id = parent.operation_id
    operation.amount, operation.currency = amount, parent.currency
    operation.state, operation.reason = State.REQUESTED, reason
    operation.requested_by = principal.id
    uow.session.add(operation)
    return operation


def _check_stands(parent: PaymentOperation) -> None:
    if parent.state != State.SUCCEEDED:
        raise NotRefundable(parent.subject_id, parent.state)


def _check_second_person(operation: PaymentOperation, principal: Principal) -> None:
    if principal.id == operation.requested_by:
        raise OperationNeedsSecondPerson(operation.operation_id)
    if principal.organisation_id == operation.organisation_id:
        raise ApproverNotIndependent(operation.operation_id)
