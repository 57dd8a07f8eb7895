"""The reconciling sweep: what a provider shows against what we have, in both directions.

Our side: every operation without a conclusion is looked for. Their side: every line of the
provider's account statement must be explained by an operation or a dispute of ours, or be a fee or
a payout of its own; what is not goes to the suspense account, once, with a finding. Then the sums
must agree: statement, balance, and the provider's account in our books.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog
from sqlalchemy.dialects.postgresql import insert

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.payments import conclusions, findings, queries
from ledger.payments.events import MovementUnexplained, ProviderFeeCharged, ProviderPaidOut
from ledger.payments.findings import Finding
from ledger.payments.models import PaymentMovement, PaymentOperation, PaymentSweep
from ledger.payments.operations import BOOKED, Kind, State
from ledger.payments.ports import (
    Movement,
    MovementKind,
    NotNow,
    OutcomeUnknown,
    PaymentGateway,
    ProviderBooks,
    RequestRefused,
    Sight,
    Subject,
    SubjectKind,
)
from ledger.payments.unconcluded import Unconcluded, see, tell_if_old, unconcluded
from ledger.payments.watching import Watcher

PAGE = 100
OVERLAP = timedelta(days=1)
"""How much of the statement is read again, for lines that became visible late."""
YOUNG = timedelta(seconds=30)
"""Operations younger than this are still in the hands of whoever sent them."""
_FAILURES = (OutcomeUnknown, NotNow, RequestRefused)

_log = structlog.get_logger("payments")


class Sweep:
    """Compares one provider at a time; harmless when repeated or run by two workers at once."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        gateways: Mapping[str, PaymentGateway],
        watcher: Watcher,
        books: ProviderBooks,
    ) -> None:
        self._units = units
        self._gateways = gateways
        self._watcher = watcher
        self._books = books

    def run(self) -> bool:
        """Sweep every provider; one that is away is swept next time. Never more work at once."""
        for name, gateway in self._gateways.items():
            try:
                self._sweep(name, gateway)
            except _FAILURES as failure:
                _log.warning("sweep interrupted", gateway=name, why=str(failure))
        return False

    def _sweep(self, name: str, gateway: PaymentGateway) -> None:
        self._conclude(name, gateway)
        self._read_statement(name, gateway)
        before = self._totals(name)
        balance = gateway.balance().amounts
        self._read_statement(name, gateway)
        if self._totals(name) == before:  # else money moved meanwhile: compare next time
            self._compare(name, before, balance)

    # Our side

    def _conclude(self, name: str, gateway: PaymentGateway) -> None:
        after_id = ""
        while True:
            with self._units.begin(Reach.EXCHANGE) as uow:
                found = queries.list_unconcluded(
                    uow.session, name, sent_before=uow.now - YOUNG, after_id=after_id, limit=PAGE
                )
                waiting = [unconcluded(uow, operation) for operation in found]
            for each in waiting:
                self._conclude_one(name, gateway, each)
                after_id = each.order.operation_id
            if len(waiting) < PAGE:
                return

    def _conclude_one(self, name: str, gateway: PaymentGateway, each: Unconcluded) -> None:
        try:
            is_seen = self._apply(see(gateway, each), each)
        except Exception as failure:  # noqa: BLE001 -- one operation must not hide the others
            _log.warning("operation not seen", id=each.order.operation_id, why=str(failure))
            is_seen = False
        if not is_seen and each.state == State.SENT:
            with self._units.begin(Reach.EXCHANGE) as uow:
                tell_if_old(uow, name, each)
                uow.commit()

    def _apply(self, sight: Sight | None, each: Unconcluded) -> bool:
        if sight is None:
            return False
        with self._units.begin(Reach.EXCHANGE) as uow:
            conclusions.apply(uow, each.order.operation_id, sight)
            uow.commit()
        return True

    # Their side

    def _read_statement(self, name: str, gateway: PaymentGateway) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            sweep = uow.session.get(PaymentSweep, name)
            started_at = uow.now
        since = None if sweep is None else sweep.read_until - OVERLAP
        newest = None if sweep is None else sweep.read_until
        waiting: list[datetime] = []
        for page in _pages(gateway.movements(since)):
            newest = max([movement.occurred_at for movement in page] + ([newest] if newest else []))
            waiting += self._explain_page(name, page)
        if newest is not None:
            # What waits for its operation is read again, however long that takes.
            self._note_read(name, min([newest, *waiting]), started_at)

    def _explain_page(self, name: str, page: list[Movement]) -> list[datetime]:
        """Explain what is new; the times of the lines that cannot be explained yet."""
        with self._units.begin(Reach.EXCHANGE) as uow:
            references = [movement.reference for movement in page]
            known = queries.known_movements(uow.session, name, references)
        fresh = [movement for movement in page if movement.reference not in known]
        return [each.occurred_at for each in fresh if not self._explain(name, each)]

    def _explain(self, name: str, movement: Movement) -> bool:
        """Whether a line is explained now; else it waits: for its operation or for the books."""
        try:
            explained_by = self._explanation(name, movement)
            if explained_by is not None:
                with self._units.begin(Reach.EXCHANGE) as uow:
                    _book(uow, name, movement, explained_by)
                    uow.commit()
        except Exception as failure:  # noqa: BLE001 -- one line must not hide those after it
            _log.warning("movement not explained", id=movement.reference, why=str(failure))
            return False
        return explained_by is not None

    def _explanation(self, name: str, movement: Movement) -> str | None:
        """What explains a line; None while its operation has no conclusion."""
        if movement.kind is MovementKind.FEE:
            return "fee"
        if movement.kind is MovementKind.PAYOUT:
            return "payout"
        if movement.source is None:
            return "suspense"
        standing = self._standing(name, movement.source)
        if standing in ("unknown", "open"):
            self._watcher.look(name, movement.source)
            standing = self._standing(name, movement.source)
        if standing == "open":
            return None
        return "suspense" if standing == "unknown" else standing

    def _standing(self, name: str, source: Subject) -> str:
        """What of ours explains a source, or ``open`` (not concluded yet), or ``unknown``."""
        with self._units.begin(Reach.EXCHANGE) as uow:
            if source.kind is SubjectKind.DISPUTE:
                dispute = queries.find_dispute(uow.session, name, source.reference)
                return "unknown" if dispute is None else "dispute"
            operation = queries.find_by_reference(uow.session, name, [source.reference])
            return "unknown" if operation is None else _standing_of(operation)

    def _note_read(self, name: str, newest: datetime, swept_at: datetime) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            values = {"read_until": newest, "swept_at": swept_at}
            uow.session.execute(
                insert(PaymentSweep)
                .values(gateway=name, **values)
                .on_conflict_do_update(index_elements=["gateway"], set_=values)
            )
            uow.commit()

    # The sums

    def _totals(self, name: str) -> dict[str, int]:
        with self._units.begin(Reach.EXCHANGE) as uow:
            return queries.movement_totals(uow.session, name)

    def _compare(self, name: str, stated: Mapping[str, int], balance: Mapping[str, int]) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            for currency in sorted({*stated, *balance}):
                held = balance.get(currency, 0)
                sums = {
                    "statement_is_not_the_balance": stated.get(currency, 0),
                    "books_are_not_the_balance": self._books.provider_balance(
                        uow.session, gateway=name, currency=currency
                    ),
                }
                for rule, expected in sums.items():
                    _compare_sum(uow, name, rule, currency, expected=expected, found=held)
            uow.commit()


def _pages(movements: Iterator[Movement]) -> Iterator[list[Movement]]:
    while page := list(islice(movements, PAGE)):
        yield page


def _standing_of(operation: PaymentOperation) -> str:
    """Money that moved for an operation that the books did not book belongs to suspense."""
    if operation.concluded_at is None:
        # Nobody will look again at one whose amount differs: a person decides.
        return "suspense" if operation.due_at is None else "open"
    has_effect = operation.kind == Kind.REFUND or operation.state in BOOKED
    return "operation" if has_effect else "suspense"


def _book(uow: UnitOfWork, name: str, movement: Movement, explained_by: str) -> None:
    """Remember a line once; what no operation books is told to the books here."""
    movement_id = _remember(uow, name, movement, explained_by)
    if movement_id is None:
        return  # another worker's, with all its effects
    common: dict[str, Any] = {
        "occurred_at": uow.now,
        "movement_id": movement_id,
        "gateway": name,
        "currency": movement.currency,
    }
    if movement.fee:
        uow.record(ProviderFeeCharged(**common, amount=movement.fee))
    if explained_by == "fee" and movement.amount:
        uow.record(ProviderFeeCharged(**common, amount=-movement.amount))
    if explained_by == "payout" and movement.amount:
        uow.record(ProviderPaidOut(**common, amount=-movement.amount))
    if explained_by == "suspense" and movement.amount:
        uow.record(MovementUnexplained(**common, amount=movement.amount))
        _tell_unexplained(uow, name, movement)


def _remember(uow: UnitOfWork, name: str, movement: Movement, explained_by: str) -> str | None:
    """Store a line; its id, or None where it is stored already."""
    line = insert(PaymentMovement).values(
        movement_id=uow.ids.new("pmv"),
        gateway=name,
        reference=movement.reference,
        kind=movement.kind,
        source=None if movement.source is None else movement.source.reference,
        amount=movement.amount,
        fee_amount=movement.fee,
        currency=movement.currency,
        explained_by=explained_by,
        occurred_at=movement.occurred_at,
        seen_at=uow.now,
    )
    fresh = line.on_conflict_do_nothing(index_elements=["gateway", "reference"])
    return uow.session.scalar(fresh.returning(PaymentMovement.movement_id))


def _tell_unexplained(uow: UnitOfWork, name: str, movement: Movement) -> None:
    source = "nothing named" if movement.source is None else movement.source.reference
    findings.tell(
        uow,
        Finding(
            gateway=name,
            rule="movement_unexplained",
            subject=movement.reference,
            currency=movement.currency,
            detail=f"{source}: no operation of ours; booked to the suspense account",
            found_amount=movement.amount,
        ),
    )


def _compare_sum(
    uow: UnitOfWork, name: str, rule: str, currency: str, *, expected: int, found: int
) -> None:
    if expected == found:
        findings.withdraw(uow, gateway=name, rule=rule, subject=currency)
        return
    findings.tell(
        uow,
        Finding(
            gateway=name,
            rule=rule,
            subject=currency,
            currency=currency,
            detail="the provider holds another amount",
            expected_amount=expected,
            found_amount=found,
        ),
    )
