"""Base of everything that has happened: past-tense facts with ids and plain values only."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact recorded inside one unit of work; ``occurred_at`` is aware UTC."""

    occurred_at: datetime
