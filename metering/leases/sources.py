"""What a licence has left at an instant: its period, its pools and its spending caps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from app.core.exchange_calendar import day_end, day_of
from metering.leases import sql
from metering.plans.allowances import Source

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class PeriodLeft:
    """The period that is open or waits for its fee (10⁻⁸); followed, if another opens by itself."""

    number: int
    is_paid: bool
    from_at: datetime
    until_at: datetime
    fee_amount: int
    is_followed: bool


@dataclass(frozen=True, slots=True)
class CapLeft:
    """A spending cap: of the licence, of its day or of a key; amounts at 10⁻⁸."""

    scope: str
    cap_amount: int
    spent_amount: int
    leased_amount: int

    @property
    def left(self) -> int:
        """What may still be leased under it."""
        return self.cap_amount - self.spent_amount - self.leased_amount


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything that a lease takes from, read while the entitlement is locked."""

    period: PeriodLeft
    sources: tuple[Source, ...]
    caps: tuple[CapLeft, ...]
    at: datetime
    """When it was read: a lease is of that instant's day, however long taking it lasts."""
    ends_at: datetime
    """A lease ends with the period, with the day, and with the first of its pools."""

    @property
    def tightest_cap(self) -> CapLeft | None:
        """The cap that leaves least."""
        return min(self.caps, key=lambda cap: cap.left, default=None)

    @property
    def amount_left(self) -> int | None:
        """What every cap allows; None where there is none."""
        cap = self.tightest_cap
        return None if cap is None else cap.left

    @property
    def units_left(self) -> int | None:
        """What the pools hold; None where one has no end."""
        left = [source.left for source in self.sources if source.left is not None]
        return sum(left) if len(left) == len(self.sources) else None


def read_holdings(
    connection: Connection, licence_id: str, *, key_id: str | None, at: datetime
) -> Holdings | PeriodLeft | None:
    """What there is to lease from; only the period while its fee is unpaid, None before it opens.

    ``key_id`` is that of a key with a cap of its own.
    """
    given = {"licence_id": licence_id, "key_id": key_id, "at": at, "day": day_of(at)}
    row = connection.execute(sql.READ_PERIOD, given).fetchone()
    if row is None:
        return None
    period = PeriodLeft(row[0], row[1] == "open", *row[2:])
    if not period.is_paid:
        return period
    pools = connection.execute(sql.READ_POOLS, given).fetchall()
    sources = tuple(Source(*pool[:5]) for pool in pools)
    ends = [period.until_at, day_end(at), *(pool[5] for pool in pools)]
    return Holdings(period, sources, _read_caps(connection, given, sources), at, min(ends))


def _read_caps(
    connection: Connection, given: dict[str, Any], sources: Sequence[Source]
) -> tuple[CapLeft, ...]:
    if not any(source.unit_price for source in sources):
        return ()
    connection.execute(sql.OPEN_DAY, given)
    return tuple(CapLeft(*row) for row in connection.execute(sql.READ_CAPS, given).fetchall())
