"""Looking at one thing of a provider and applying what is seen; asked for by notices and sweeps.

The order in which notices come says nothing: each only tells where to look, and what is applied is
what the provider shows at the time of looking.
"""

from collections.abc import Mapping

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.payments import account_services, conclusions, queries
from ledger.payments.models import PaymentOperation
from ledger.payments.operations import Kind
from ledger.payments.ports import (
    AccountSight,
    DisputeSight,
    OutcomeUnknown,
    PaymentGateway,
    Sight,
    Subject,
    SubjectKind,
)


class Watcher:
    """Fetches the authoritative object outside any transaction and applies it in one."""

    def __init__(self, units: UnitOfWorkFactory, gateways: Mapping[str, PaymentGateway]) -> None:
        self._units = units
        self._gateways = gateways

    def look(self, gateway: str, subject: Subject) -> bool:
        """Apply what a thing is now; whether it belongs to us at all.

        Raises `OutcomeUnknown`, `NotNow`, `RequestRefused`.
        """
        seen = self._gateways[gateway].look(subject)
        if isinstance(seen, Sight):
            return self._apply(gateway, subject, seen)
        if isinstance(seen, DisputeSight):
            return self._note_dispute(gateway, seen)
        if isinstance(seen, AccountSight):
            return self._note_account(gateway, seen)
        return False

    def _apply(self, gateway: str, subject: Subject, sight: Sight) -> bool:
        with self._units.begin(Reach.EXCHANGE) as uow:
            operation = _operation_of(uow, gateway, sight)
            if operation is None or operation.kind != Kind(subject.kind):
                return False
            conclusions.apply(uow, operation.operation_id, sight)
            uow.commit()
        return True

    def _note_dispute(self, gateway: str, sight: DisputeSight) -> bool:
        """A dispute may be told before its payment is: then the payment is looked at first."""
        with self._units.begin(Reach.EXCHANGE) as uow:
            operation = queries.find_by_reference(uow.session, gateway, sight.payments)
        if operation is None:
            operation = self._find_disputed(gateway, sight)
        if operation is None:
            return False
        if not self._is_noted(operation.operation_id, sight):
            self._look_at_payment(gateway, operation)
            if not self._is_noted(operation.operation_id, sight):
                msg = "a payment is disputed of which the provider does not say that it arrived"
                raise OutcomeUnknown(msg)
        return True

    def _is_noted(self, operation_id: str, sight: DisputeSight) -> bool:
        with self._units.begin(Reach.EXCHANGE) as uow:
            is_noted = conclusions.note_dispute(uow, operation_id, sight)
            uow.commit()
        return is_noted

    def _find_disputed(self, gateway: str, sight: DisputeSight) -> PaymentOperation | None:
        """The disputed payment by what it carries, where none of its names is known yet."""
        for reference in sight.payments:
            subject = Subject(SubjectKind.PAYMENT, reference)
            if self.look(gateway, subject):
                with self._units.begin(Reach.EXCHANGE) as uow:
                    return queries.find_by_reference(uow.session, gateway, sight.payments)
        return None

    def _look_at_payment(self, gateway: str, operation: PaymentOperation) -> None:
        if operation.provider_reference is not None:
            self.look(gateway, Subject(SubjectKind.PAYMENT, operation.provider_reference))

    def _note_account(self, gateway: str, sight: AccountSight) -> bool:
        with self._units.begin(Reach.EXCHANGE) as uow:
            is_ours = account_services.note_account(uow, gateway=gateway, sight=sight)
            uow.commit()
        return is_ours


def _operation_of(uow: UnitOfWork, gateway: str, sight: Sight) -> PaymentOperation | None:
    """By our id where the thing carries it, else by a name that we know; never another provider's.

    The id comes from the provider's own record of what we sent, over its authenticated interface.
    """
    found = None
    if sight.operation_id is not None:
        found = uow.session.get(PaymentOperation, sight.operation_id)
    if found is None:
        found = queries.find_by_reference(uow.session, gateway, [sight.reference, *sight.aliases])
    return found if found is not None and found.gateway == gateway else None
