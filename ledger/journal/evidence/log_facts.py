"""The port of single facts over the ledger's own log."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.core.ids import LicenceId
from ledger.journal.evidence.leaves import LoggedCall
from ledger.journal.ids import SettlementId
from ledger.log.models import LogEntry, LogEntrySubject


class StoredLogFacts:
    """Reads the log's tables in the caller's session; needs the exchange's reach."""

    def find_calls(
        self, session: Session, licence_id: LicenceId, calls: Sequence[tuple[int, int]]
    ) -> dict[tuple[int, int], LoggedCall]:
        """See `LogFacts.find_calls`; n = 0 is a lane's opening and no call."""
        wanted = [(lane, n) for lane, n in calls if n > 0]
        rows = session.execute(
            select(LogEntry.leaf_hash, LogEntry.body).where(
                LogEntry.licence_id == licence_id,
                tuple_(LogEntry.lane, LogEntry.n).in_(wanted),
            )
        )
        found = [_read(bytes(row.leaf_hash).hex(), bytes(row.body)) for row in rows]
        return {(call.lane, call.n): call for call in found}

    def credit_leaves(self, session: Session, licence_id: LicenceId, through_n: int) -> list[str]:
        """See `LogFacts.credit_leaves`."""
        rows = session.execute(
            select(LogEntry.leaf_hash, LogEntry.body).where(
                LogEntry.licence_id == licence_id, LogEntry.entry_type == "credit"
            )
        )
        numbered = {json.loads(row.body)["n"]: bytes(row.leaf_hash).hex() for row in rows}
        return [numbered[n] for n in sorted(numbered) if n <= through_n]

    def find_statement_leaf(self, session: Session, settlement_id: SettlementId) -> str | None:
        """See `LogFacts.find_statement_leaf`."""
        about = select(LogEntrySubject.arrival).where(LogEntrySubject.subject == settlement_id)
        found = session.scalars(
            select(LogEntry.leaf_hash).where(
                LogEntry.arrival.in_(about), LogEntry.entry_type == "statement"
            )
        ).one_or_none()
        return None if found is None else bytes(found).hex()


def _read(leaf_hash: str, body: bytes) -> LoggedCall:
    leaf = json.loads(body)
    return LoggedCall(
        lane=leaf["lane"],
        n=leaf["n"],
        units=leaf["units"],
        amount=int(leaf["amount"]),
        total_amount=int(leaf["total_amount"]),
        currency=leaf["currency"],
        outcome=leaf["outcome"],
        at=datetime.fromisoformat(leaf["at"]),
        leaf_hash=leaf_hash,
    )
