"""Settlements: what follows once a statement is fixed."""

from app.core.unit_of_work import UnitOfWork
from ledger.journal.settlement.events import SettlementMade, SettlementRunFinished


def record_on_chain(uow: UnitOfWork, event: SettlementMade) -> None:
    """After the commit the statement's root goes on chain, where there are rows to commit to."""
    if event.root_hash is None:
        return
    uow.enqueue(
        "chain.record_statement",
        {"statement_id": event.settlement_id, "root_hash": event.root_hash},
        key=f"chain.record_statement:{event.settlement_id}",
    )


def anchor_statements(uow: UnitOfWork, event: SettlementRunFinished) -> None:
    """The log's head with a run's statements goes on chain without waiting for its turn."""
    uow.enqueue(
        "log.request_anchor",
        {"reason": "statements", "about": event.run_id},
        key=f"log.request_anchor:{event.run_id}",
    )
