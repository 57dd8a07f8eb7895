"""Reads of acknowledgements: keys, what was taken, and which calls are still open to dispute."""

from dataclasses import dataclass

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from app.core.paging import Page, paginate
from ledger.log.acknowledgements.models import (
    AcknowledgementKey,
    EvidenceMode,
    LaneAcknowledged,
    StoredAcknowledgement,
)
from ledger.log.acknowledgements.services import NONE
from ledger.log.errors import LicenceNotInLog
from ledger.log.models import LogParties


@dataclass(frozen=True)
class LaneTail:
    """A lane: how many calls it has, and up to which of them the buyer has acknowledged."""

    lane: int
    n: int
    acknowledged_n: int

    @property
    def unacknowledged_count(self) -> int:
        """Calls that nobody but the exchange has signed for."""
        return self.n - self.acknowledged_n


@dataclass(frozen=True)
class Standing:
    """What a licence asks of its buyer, and how far the buyer has come."""

    licence_id: str
    mode: str
    lanes: list[LaneTail]

    @property
    def unacknowledged_count(self) -> int:
        """Over all lanes."""
        return sum(lane.unacknowledged_count for lane in self.lanes)


# One probe of the index a lane, however many calls it has: a group would read every call.
_LANE_ENDS = """
WITH RECURSIVE ends AS (
    (SELECT lane, n FROM log_entries WHERE licence_id = :licence_id AND lane IS NOT NULL
        ORDER BY lane DESC, n DESC LIMIT 1)
    UNION ALL
    SELECT before.lane, before.n FROM ends CROSS JOIN LATERAL (
        SELECT e.lane, e.n FROM log_entries e WHERE e.licence_id = :licence_id
            AND e.lane < ends.lane ORDER BY e.lane DESC, e.n DESC LIMIT 1) before
)
SELECT lane, n FROM ends ORDER BY lane
"""


def list_keys(
    session: Session, organisation_id: str, *, cursor: str | None, limit: int
) -> Page[AcknowledgementKey]:
    """An organisation's keys, newest first."""
    statement = select(AcknowledgementKey).where(
        AcknowledgementKey.organisation_id == organisation_id
    )
    return paginate(session, statement, key=AcknowledgementKey.key_id, cursor=cursor, limit=limit)


def list_acknowledgements(
    session: Session,
    organisation_id: str | None,
    *,
    licence_id: str | None,
    cursor: str | None,
    limit: int,
) -> Page[StoredAcknowledgement]:
    """Acknowledgements of an organisation's licences (None: of all), newest first."""
    statement = select(StoredAcknowledgement)
    if organisation_id is not None:
        statement = statement.where(
            or_(
                StoredAcknowledgement.buyer_id == organisation_id,
                StoredAcknowledgement.supplier_id == organisation_id,
            )
        )
    if licence_id is not None:
        statement = statement.where(StoredAcknowledgement.licence_id == licence_id)
    return paginate(
        session,
        statement,
        key=StoredAcknowledgement.acknowledgement_id,
        cursor=cursor,
        limit=limit,
    )


def get_standing(session: Session, licence_id: str, organisation_id: str | None) -> Standing:
    """The mode and the open tail of a licence; raises `LicenceNotInLog` for strangers."""
    parties = session.get(LogParties, licence_id)
    if parties is None or (
        organisation_id is not None
        and organisation_id not in (parties.buyer_id, parties.supplier_id)
    ):
        raise LicenceNotInLog(licence_id)
    mode = session.get(EvidenceMode, licence_id)
    acknowledged = {
        lane.lane: lane.n
        for lane in session.scalars(
            select(LaneAcknowledged).where(LaneAcknowledged.licence_id == licence_id)
        )
    }
    ends = session.execute(text(_LANE_ENDS), {"licence_id": licence_id})
    lanes = [LaneTail(lane, n, acknowledged.get(lane, 0)) for lane, n in ends]
    return Standing(licence_id, NONE if mode is None else mode.mode, lanes)
