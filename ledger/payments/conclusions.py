"""What the provider says, applied to our operations: each change once, with the event it means.

The provider's words come repeated, late and in any order. An operation's row is locked, its state
machine says whether the word is news, and the event is recorded in the same transaction.
"""

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from app.core.unit_of_work import UnitOfWork
from ledger.payments import findings, queries
from ledger.payments.events import (
    DisputeClosed,
    PaymentCancelled,
    PaymentDisputed,
    PaymentFailed,
    PaymentReceived,
    PaymentRefunded,
    RefundFailed,
    TransferFailed,
    TransferPaid,
    TransferReversed,
)
from ledger.payments.findings import Finding
from ledger.payments.models import PaymentDispute, PaymentOperation, PaymentReference
from ledger.payments.operations import Kind, Outcome, State, next_look, next_state
from ledger.payments.ports import DisputeOutcome, DisputeSight, Sight

EXPIRED = "expired"


def apply(
    uow: UnitOfWork, operation_id: str, sight: Sight, *, after_closing: bool = False
) -> PaymentOperation:
    """Let an operation be what the provider says that it is; raises `OperationNotFound`.

    ``after_closing``: the provider was just asked to let nobody pay any more.
    """
    operation = queries.get_operation_for_update(uow.session, operation_id)
    _remember_names(uow, operation, sight)
    if sight.outcome is Outcome.SUCCEEDED and _differs(operation, sight):
        _tell_difference(uow, operation, sight)
        return operation
    state = next_state(operation.kind, operation.state, sight.outcome)
    if state is None:
        _keep_looking(uow, operation, sight, after_closing=after_closing)
        return operation
    before, operation.state = operation.state, state
    _keep_looking(uow, operation, sight, after_closing=after_closing)
    if state is not State.OPEN:
        _conclude(uow, operation, before, sight.reason_code)
    return operation


def refuse(uow: UnitOfWork, operation_id: str, reason_code: str) -> PaymentOperation:
    """The provider, or our own check before it, refuses an operation for good."""
    operation = queries.get_operation_for_update(uow.session, operation_id)
    state = next_state(operation.kind, operation.state, Outcome.FAILED)
    if state is not None and operation.state in (State.PLANNED, State.SENT):
        before, operation.state = operation.state, state
        _conclude(uow, operation, before, reason_code)
    return operation


def note_dispute(uow: UnitOfWork, operation_id: str, sight: DisputeSight) -> bool:
    """Let a dispute be what the provider says; whether it could be: the payment must have arrived.

    A dispute that took no money is none yet.
    """
    operation = queries.get_operation_for_update(uow.session, operation_id)
    if operation.state not in (State.SUCCEEDED, State.DISPUTED, State.LOST):
        return False
    dispute = queries.find_dispute(uow.session, operation.gateway, sight.reference)
    if dispute is None:
        if not sight.has_withdrawn:
            return True
        dispute = _open_dispute(uow, operation, sight)
    if dispute.state == "open" and sight.outcome is not DisputeOutcome.OPEN:
        _close_dispute(uow, operation, dispute, is_lost=sight.outcome is DisputeOutcome.LOST)
    return True


def _remember_names(uow: UnitOfWork, operation: PaymentOperation, sight: Sight) -> None:
    operation.provider_reference = operation.provider_reference or sight.reference
    names = {sight.reference, *sight.aliases}
    known = set(queries.list_references(uow.session, operation.operation_id))
    for name in sorted(names - known):
        uow.session.execute(
            insert(PaymentReference)
            .values(
                gateway=operation.gateway,
                reference=name,
                operation_id=operation.operation_id,
                organisation_id=operation.organisation_id,
            )
            .on_conflict_do_nothing()
        )


def _differs(operation: PaymentOperation, sight: Sight) -> bool:
    return (sight.amount, sight.currency) != (operation.amount, operation.currency)


def _tell_difference(uow: UnitOfWork, operation: PaymentOperation, sight: Sight) -> None:
    """Another amount than was asked: nobody is credited, a person decides."""
    operation.last_error = f"the provider shows {sight.amount} {sight.currency}"
    operation.due_at = None
    findings.tell(
        uow,
        Finding(
            gateway=operation.gateway,
            rule="operation_amount_differs",
            subject=operation.operation_id,
            currency=operation.currency,
            detail=f"{sight.reference} is of {sight.currency}",
            expected_amount=operation.amount,
            found_amount=sight.amount,
        ),
    )


def _keep_looking(
    uow: UnitOfWork, operation: PaymentOperation, sight: Sight, *, after_closing: bool
) -> None:
    if operation.state != State.OPEN:
        return
    operation.checkout_url = sight.url or operation.checkout_url
    operation.expires_at = sight.expires_at or operation.expires_at
    operation.attempts_count, operation.last_error = 0, None
    # What could not be closed is being paid by a slow method, for days: it is not asked at once.
    may_wait = after_closing or operation.cancel_requested_by is None
    operation.due_at = next_look(uow.now, operation.expires_at) if may_wait else uow.now


def _conclude(uow: UnitOfWork, operation: PaymentOperation, before: str, reason_code: str) -> None:
    operation.concluded_at, operation.due_at = uow.now, None
    operation.checkout_url = operation.last_error = None
    if operation.state != State.SUCCEEDED:
        operation.reason_code = reason_code or EXPIRED
    _EVENTS[Kind(operation.kind)](uow, operation, before)
    findings.withdraw(
        uow,
        gateway=operation.gateway,
        rule="operation_without_conclusion",
        subject=operation.operation_id,
    )


def _common(uow: UnitOfWork, operation: PaymentOperation) -> dict[str, Any]:
    return {
        "occurred_at": uow.now,
        "operation_id": operation.operation_id,
        "subject_id": operation.subject_id,
        "organisation_id": operation.organisation_id,
        "amount": operation.amount,
        "currency": operation.currency,
        "gateway": operation.gateway,
    }


def _tell_payment(uow: UnitOfWork, operation: PaymentOperation, _before: str) -> None:
    common = _common(uow, operation)
    if operation.state == State.SUCCEEDED:
        name = operation.provider_reference or ""
        uow.record(PaymentReceived(**common, provider_reference=name))
    elif operation.state == State.CANCELLED and operation.cancel_requested_by:
        by = operation.cancel_requested_by
        uow.record(PaymentCancelled(**common, cancelled_by=by))
    else:
        reason = operation.reason_code or EXPIRED
        uow.record(PaymentFailed(**common, reason_code=reason))


def _tell_refund(uow: UnitOfWork, operation: PaymentOperation, _before: str) -> None:
    common = _common(uow, operation)
    if operation.state == State.SUCCEEDED:
        name = operation.provider_reference or ""
        uow.record(PaymentRefunded(**common, provider_reference=name))
        return
    uow.record(RefundFailed(**common, reason_code=operation.reason_code or ""))


def _tell_transfer(uow: UnitOfWork, operation: PaymentOperation, _before: str) -> None:
    common = _common(uow, operation)
    if operation.state == State.SUCCEEDED:
        name = operation.provider_reference or ""
        uow.record(TransferPaid(**common, provider_reference=name))
    else:
        reason = operation.reason_code or ""
        uow.record(TransferFailed(**common, reason_code=reason))


def _tell_reversal(uow: UnitOfWork, operation: PaymentOperation, _before: str) -> None:
    """A reversal that failed changes no books: the supplier keeps what it was paid."""
    if operation.state != State.SUCCEEDED:
        return
    uow.record(
        TransferReversed(
            **_common(uow, operation),
            transfer_id=operation.parent_id or "",
            provider_reference=operation.provider_reference or "",
        )
    )


_EVENTS = {
    Kind.PAYMENT: _tell_payment,
    Kind.REFUND: _tell_refund,
    Kind.TRANSFER: _tell_transfer,
    Kind.REVERSAL: _tell_reversal,
}


def _open_dispute(
    uow: UnitOfWork, operation: PaymentOperation, sight: DisputeSight
) -> PaymentDispute:
    dispute = PaymentDispute(
        dispute_id=uow.ids.new("pdi"),
        gateway=operation.gateway,
        reference=sight.reference,
        operation_id=operation.operation_id,
        organisation_id=operation.organisation_id,
        amount=sight.amount,
        currency=sight.currency,
        reason_code=sight.reason_code,
        state="open",
        opened_at=uow.now,
    )
    uow.session.add(dispute)
    operation.state = next_state(operation.kind, operation.state, "dispute") or operation.state
    uow.record(
        PaymentDisputed(
            **(_common(uow, operation) | {"amount": sight.amount}),
            dispute_id=dispute.dispute_id,
            reason_code=sight.reason_code,
        )
    )
    return dispute


def _close_dispute(
    uow: UnitOfWork, operation: PaymentOperation, dispute: PaymentDispute, *, is_lost: bool
) -> None:
    dispute.state, dispute.closed_at = ("lost" if is_lost else "won"), uow.now
    uow.session.flush()
    states = queries.dispute_states(uow.session, operation.operation_id)
    if "open" not in states:
        event = "lose" if "lost" in states else "win"
        operation.state = next_state(operation.kind, operation.state, event) or operation.state
    uow.record(
        DisputeClosed(
            **(_common(uow, operation) | {"amount": dispute.amount}),
            dispute_id=dispute.dispute_id,
            is_lost=is_lost,
        )
    )
