"""What has happened to settlements."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event
from app.core.ids import OrganisationId
from ledger.journal.ids import RunId, SettlementId


@dataclass(frozen=True, kw_only=True)
class SettlementMade(Event):
    """A supplier's statement was fixed; ``statement_hash`` is of its canonical document."""

    settlement_id: SettlementId
    run_id: RunId
    supplier_id: OrganisationId
    currency: str
    settled_amount: int
    carried_amount: int
    from_at: datetime
    until_at: datetime
    statement_hash: str
    root_hash: str | None = None
    """Of the sum tree over the statement's rows; None for a statement without rows."""


@dataclass(frozen=True, kw_only=True)
class SettlementRunFinished(Event):
    """Every supplier of a run is settled; ``run_hash`` covers all its statements in order."""

    run_id: RunId
    currency: str
    from_at: datetime
    until_at: datetime
    settlement_count: int
    run_hash: str
