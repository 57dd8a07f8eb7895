"""Which periods' closing looks at a call, and what the calls of those periods were charged."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from metering.models import Entitlement
from metering.plans.calendar import PeriodUnit
from metering.plans.terms import read_plan

# A call belongs to the period in which it was admitted, that is its lease's.
_PERIODS = """
SELECT wanted.lane, wanted.n, l.period
FROM unnest(CAST(:lanes AS bigint[]), CAST(:numbers AS bigint[])) AS wanted (lane, n)
JOIN lanes AS a ON a.licence_id = :licence_id AND a.number = wanted.lane
JOIN usage_events AS u ON u.lane_id = a.lane_id AND u.n = wanted.n
JOIN leases AS l ON l.lease_id = u.lease_id
"""
_CHARGED = """
SELECT period, coalesce(sum(spent_amount), 0)::bigint AS amount FROM licence_periods
LEFT JOIN leases USING (licence_id, period)
WHERE licence_id = :licence_id GROUP BY period ORDER BY period
"""


@dataclass(frozen=True, slots=True)
class ChargedPeriods:
    """Periods that are trued up together, and what their calls were charged (10⁻⁸ units)."""

    periods: tuple[int, ...]
    charged_amount: int


def charged_periods(
    session: Session, licence_id: str, calls: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], ChargedPeriods]:
    """The periods of a licence's calls, by lane and n; what was never metered is left out.

    Each period stands alone, but those of a plan that counts over its term stand together: it is
    trued up once, for all of them, with one that may have had no call. Needs the exchange's reach.
    """
    entitlement = session.get(Entitlement, licence_id)
    if entitlement is None or not calls:
        return {}
    charged = {
        row.period: int(row.amount)
        for row in session.execute(text(_CHARGED), {"licence_id": licence_id})
    }
    whole = ChargedPeriods(tuple(charged), sum(charged.values()))
    is_of_term = read_plan(entitlement.plan_terms).period is PeriodUnit.TERM
    wanted = {"lanes": [lane for lane, _ in calls], "numbers": [n for _, n in calls]}
    return {
        (row.lane, row.n): whole
        if is_of_term
        else ChargedPeriods((row.period,), charged[row.period])
        for row in session.execute(text(_PERIODS), {"licence_id": licence_id, **wanted})
    }
