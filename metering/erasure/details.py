"""Erasing what a call's leaf only commits to: detail record and key, kept answer, signed request.

The leaf, its place in the log and every proof stand; without the key the commitments in the leaf
can neither be opened nor linked to anything.
"""

from datetime import datetime

from sqlalchemy import text

from app.core.unit_of_work import UnitOfWork
from metering.errors import EntitlementNotFound
from metering.events import DetailsErased
from metering.models import Entitlement

REASONS = ("person_request", "retention_over", "court_order")
PORTION_MAX = 5_000
"""Calls erased in one transaction."""

_ERASE = """
WITH chosen AS (
    SELECT lane_id, n, occurred_at FROM usage_events
    WHERE licence_id = :licence_id AND occurred_at < :until AND detail IS NOT NULL
    LIMIT :portion
), forgotten AS (
    DELETE FROM call_answers a USING chosen c
    WHERE a.lane_id = c.lane_id AND a.n = c.n AND a.occurred_at = c.occurred_at
), unsealed AS (
    -- The nonce stays: a signed request counts once, whatever is erased.
    UPDATE signed_requests s SET sealed = NULL FROM chosen c
    WHERE s.lane_id = c.lane_id AND s.n = c.n
)
UPDATE usage_events u SET detail = NULL, detail_key = NULL FROM chosen c
WHERE u.lane_id = c.lane_id AND u.n = c.n AND u.occurred_at = c.occurred_at
"""


def erase_details(uow: UnitOfWork, licence_id: str, *, until: datetime, reason_code: str) -> int:
    """Erase the details of a licence's calls before ``until``, a portion at a time; how many.

    Call it again until it gives 0. What it erased is recorded as `DetailsErased`. Needs the
    exchange's reach. Raises `EntitlementNotFound`.
    """
    if uow.session.get(Entitlement, licence_id) is None:
        raise EntitlementNotFound(licence_id)
    values = {"licence_id": licence_id, "until": until, "portion": PORTION_MAX}
    erased = uow.session.connection().execute(text(_ERASE), values).rowcount
    if erased:
        uow.record(
            DetailsErased(
                occurred_at=uow.now,
                licence_id=licence_id,
                until_at=until,
                reason_code=reason_code,
                call_count=erased,
            )
        )
    return erased
