"""How an event becomes a log entry: its type and which of its fields enter the leaf."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recorded:
    """An event's entry type and the fields that go into the leaf: ``leaf name -> field``."""

    entry_type: str
    fields: tuple[str, ...]
    amounts: tuple[str, ...] = ()
    """Fields in 10⁻⁸ units, written as text like those of a call: a leaf's numbers are smaller."""
    optional: tuple[str, ...] = ()
    """Fields that an event may lack; its leaf lacks them then."""
