"""Timeliness: in the period, fresh enough, in order, and still authorised."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from compliance.quality import definitions
from compliance.quality.field_values import Row, instant
from compliance.quality.indicators import Indicator, measured
from compliance.quality.rules import Rules


def _times(rules: Rules, rows: Sequence[Row]) -> list[datetime]:
    if rules.time_field is None:
        return []
    found = (instant(row.get(rules.time_field)) for row in rows)
    return [moment for moment in found if moment is not None]


def period_correctness(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0501: rows whose time lies in the declared days, the last included, of rows with a time."""
    low, high = rules.period_from, rules.period_to
    times = _times(rules, rows) if low or high else []
    good = sum((low is None or at >= low) and (high is None or at < high) for at in times)
    return measured(
        definitions.PERIOD_CORRECTNESS, (good, len(times)), lacking="no period or no time field"
    )


def timeliness(rules: Rules, rows: Sequence[Row], now: datetime) -> Indicator:
    """0502: rows no older than the declared freshness; a time in the future is none."""
    limit = rules.freshness_seconds
    times = _times(rules, rows) if limit is not None else []
    good = sum(0 <= (now - at).total_seconds() <= (limit or 0) for at in times)
    return measured(
        definitions.TIMELINESS, (good, len(times)), lacking="no freshness or no time field"
    )


def lag_p95_seconds(rules: Rules, rows: Sequence[Row], now: datetime) -> int | None:
    """The age that 95 of 100 rows do not exceed, in whole seconds (nearest rank)."""
    ages = sorted(int((now - at).total_seconds()) for at in _times(rules, rows))
    return ages[max(0, -(-len(ages) * 95 // 100) - 1)] if ages else None


def order(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0503: neighbouring rows in order of time, of neighbours, within each series."""
    series: dict[str, list[datetime]] = defaultdict(list)
    for row in rows if rules.time_field else ():
        moment = instant(row.get(rules.time_field or ""))
        if moment is not None:
            series[str(row.get(rules.order_within or ""))].append(moment)
    pairs = [pair for moments in series.values() for pair in pairwise(moments)]
    good = sum(before <= after for before, after in pairs)
    return measured(definitions.ORDER, (good, len(pairs)), lacking="no series in time")


def authorised_use(rules: Rules, rows: Sequence[Row], now: datetime) -> Indicator:
    """DB31/T 1523 050400: rows whose authorisation covers now; every link of the chain must."""
    covers = all(
        (start is None or start <= now) and (end is None or now < end)
        for start, end in rules.authorised
    )
    of = len(rows) if rules.authorised else 0
    return measured(
        definitions.AUTHORISED_USE, (of if covers else 0, of), lacking="no authorisation chain"
    )
