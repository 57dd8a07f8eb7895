"""Shards: one log a year, named ``<host>/log/<year>``; which of them an instant belongs to.

A shard that ended before its year did (a stolen key, a restored backup) is followed by
``<host>/log/<year>-2``, then ``-3``. Years are UTC's.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

_ORIGIN = re.compile(r"(?P<host>[^\s+]+)/log/(?P<year>\d{4})(?:-(?P<part>[1-9]\d{0,3}))?", re.ASCII)
_FIRST_PART = 1


@dataclass(frozen=True)
class ShardName:
    """An origin taken apart."""

    host: str
    year: int
    part: int = _FIRST_PART

    @property
    def origin(self) -> str:
        """The log's unique name."""
        return f"{self.host}/log/{self.path}"

    @property
    def path(self) -> str:
        """The shard's folder below ``/log/``."""
        return f"{self.year:04d}" + ("" if self.part == _FIRST_PART else f"-{self.part}")

    @property
    def begins_at(self) -> str:
        """The first instant of its year, as leaves write it."""
        return f"{self.year:04d}-01-01T00:00:00.000000Z"


@lru_cache(maxsize=256)
def parse_origin(origin: str) -> ShardName | None:
    """The name's parts; None for a log that is not one of a row of shards."""
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        return None
    return ShardName(match["host"], int(match["year"]), int(match["part"] or _FIRST_PART))


def origin_of_year(host: str, at: datetime) -> str:
    """The name of the shard that an instant's year begins with."""
    return ShardName(host, at.astimezone(UTC).year).origin


def due_successor(origin: str, host: str, at: datetime) -> str | None:
    """The shard that has to follow because the year turned; None while it has not."""
    name = parse_origin(origin)
    if name is None or at.astimezone(UTC).year <= name.year:
        return None
    return origin_of_year(host, at)


def successor_within(origin: str, host: str, at: datetime) -> str:
    """The shard that follows one which ended early: the next year's, or the same year's next."""
    name = parse_origin(origin)
    if name is None or at.astimezone(UTC).year > name.year:
        return origin_of_year(host, at)
    return ShardName(host, name.year, name.part + 1 if name.host == host else _FIRST_PART).origin


@dataclass(frozen=True)
class ShardCalendar:
    """Which shard a promise of an instant names: the opened ones as they are, then year by year.

    ``opened`` are (first instant, origin) in their order; the first one also holds what is older.
    """

    host: str
    opened: tuple[tuple[str, str], ...] = ()

    @property
    def newest(self) -> str | None:
        """The shard that was opened last."""
        return self.opened[-1][1] if self.opened else None

    def origin_at(self, at: str) -> str:
        """The shard of an instant in the form of leaves (``YYYY-MM-DDTHH:MM:SS.ffffffZ``)."""
        if not self.opened:
            return f"{self.host}/log/{at[:4]}"
        last_at, last_origin = self.opened[-1]
        if at >= last_at:
            name = parse_origin(last_origin)
            if name is None or int(at[:4]) <= name.year:
                return last_origin
            return f"{self.host}/log/{at[:4]}"
        place = bisect_right(self.opened, at, key=lambda each: each[0])
        return self.opened[max(place - 1, 0)][1]


def first_instant(origin: str, opened_at: str) -> str:
    """From when on promises name the shard: its year's beginning, or when it was opened early."""
    name = parse_origin(origin)
    return opened_at if name is None or name.part != _FIRST_PART else name.begins_at
