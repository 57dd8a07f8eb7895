"""Operations on which the provider has the last word, and what is known of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.unit_of_work import UnitOfWork
from ledger.payments import findings
from ledger.payments.findings import Finding
from ledger.payments.models import PaymentOperation
from ledger.payments.operation_runner import order_of, search
from ledger.payments.operations import UNKNOWN_FINDING_SECONDS
from ledger.payments.ports import Order, PaymentGateway, Sight, Subject, SubjectKind


@dataclass(frozen=True)
class Unconcluded:
    """An operation on which the provider has the last word; plain values only."""

    order: Order
    state: str
    provider_reference: str | None
    first_sent_at: datetime


def unconcluded(uow: UnitOfWork, operation: PaymentOperation) -> Unconcluded:
    """The operation's plain values; it was sent once at least."""
    assert operation.first_sent_at is not None
    return Unconcluded(
        order_of(uow, operation),
        operation.state,
        operation.provider_reference,
        operation.first_sent_at,
    )


def see(gateway: PaymentGateway, each: Unconcluded) -> Sight | None:
    """What the provider shows of it; raises what the port raises."""
    if each.provider_reference is None:
        return search(gateway, each.order, each.first_sent_at)
    subject = Subject(SubjectKind(each.order.kind), each.provider_reference, each.order.within)
    seen = gateway.look(subject)
    return seen if isinstance(seen, Sight) else None


def tell_if_old(uow: UnitOfWork, name: str, each: Unconcluded) -> None:
    """A finding for one that nobody knows anything of after an hour."""
    if uow.now - each.first_sent_at < timedelta(seconds=UNKNOWN_FINDING_SECONDS):
        return
    findings.tell(
        uow,
        Finding(
            gateway=name,
            rule="operation_without_conclusion",
            subject=each.order.operation_id,
            currency=each.order.currency,
            detail=f"a {each.order.kind} for {each.order.subject_id} was sent and nothing is known",
            expected_amount=each.order.amount,
        ),
    )
