"""What changed between two dossiers, and of which class that is: by a dated table, purely.

The supplier cannot choose the class: what the table does not name is material.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.core.canonical import digest_hex
from compliance.dated_tables import read_table

FILE = "change_classes_1.json"
VERSION_S_OWN = frozenset({"format", "version_id", "version_number", "listing_code", "product_id"})
"""What every version has of its own, whatever it says."""
PLANS_S_OWN = frozenset({"plan_id", "offer_id", "plan_hash"})
ANY = "*"

Dossier = Mapping[str, Any]
_Leaves = dict[str, Any]


class ChangeClass(StrEnum):
    """How deep a change goes, the shallowest first."""

    EDITORIAL = "EDITORIAL"
    COMMERCIAL = "COMMERCIAL"
    MATERIAL = "MATERIAL"
    IDENTITY = "IDENTITY"

    @property
    def depth(self) -> int:
        """Its place among the classes."""
        return list(ChangeClass).index(self)


FAST = frozenset({ChangeClass.EDITORIAL, ChangeClass.COMMERCIAL})
"""Nothing moved that the intake or a panel weighs."""


@dataclass(frozen=True)
class Change:
    """One place of the dossier that is not as it was; absent is none."""

    pointer: str
    change_class: ChangeClass
    before: Any
    after: Any

    def document(self) -> dict[str, str]:
        """What is kept of it: values stay in the dossiers."""
        return {"pointer": self.pointer, "change_class": self.change_class.value}


def table() -> Mapping[str, Any]:
    """The table in force."""
    return read_table("compliance.review", FILE)


def table_hash() -> str:
    """What the log says of the table."""
    return digest_hex(dict(table()))


def changes_between(before: Dossier, after: Dossier) -> list[Change]:
    """Every place that differs, by its pointer, each with its class."""
    old, new = _leaves(before), _leaves(after)
    places = sorted(place for place in old.keys() | new.keys() if old.get(place) != new.get(place))
    return [
        Change(
            f"/{place}", _class_of(place, old.get(place), new.get(place)), old.get(place),
            new.get(place),
        )
        for place in places
    ]  # fmt: skip


def class_of(changes: Sequence[Change]) -> ChangeClass:
    """The deepest class; nothing but the version's own ids is no more than editorial."""
    classes = (each.change_class for each in changes)
    return max(classes, key=lambda each: each.depth, default=ChangeClass.EDITORIAL)


def diff_hash(changes: Sequence[Change]) -> str:
    """Commits to where what changed from what into what, whatever a table calls it."""
    return digest_hex([[each.pointer, each.before, each.after] for each in changes])


def _class_of(place: str, before: Any, after: Any) -> ChangeClass:
    row = _row(place)
    if row is None:
        return ChangeClass(table()["default"])
    if "better" in row and not _is_better(row["better"], before, after):
        return ChangeClass(row["otherwise"])
    return ChangeClass(row["class"])


def _row(place: str) -> Mapping[str, Any] | None:
    """The table's row for a place: its own, or that of the nearest whole above it."""
    parts = place.split("/")
    rows: Mapping[str, Mapping[str, Any]] = table()["paths"]
    for length in range(len(parts), 0, -1):
        for pattern, row in rows.items():
            if _fits(pattern.split("/"), parts[:length]):
                return row
    return None


def _fits(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    return len(pattern) == len(parts) and all(
        wanted in {ANY, part} for wanted, part in zip(pattern, parts, strict=True)
    )


def _is_better(direction: str, before: Any, after: Any) -> bool:
    if not isinstance(before, int) or not isinstance(after, int):
        return False  # promised for the first time, or no more
    return after > before if direction == "higher" else after < before


def _leaves(dossier: Dossier) -> _Leaves:
    own = {name: value for name, value in dossier.items() if name not in VERSION_S_OWN}
    own["offers"] = [offer.get("name") for offer in dossier.get("offers") or ()]
    own["plans"] = [
        {name: value for name, value in plan.items() if name not in PLANS_S_OWN}
        for plan in dossier.get("plans") or ()
    ]
    return dict(_walk("", own))


def _walk(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every leaf with its place; members of a list are told apart by name, else by position."""
    if isinstance(value, Mapping) and value:
        for name, member in value.items():
            yield from _walk(_below(place, str(name)), member)
    elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        for name, member in _named(value):
            yield from _walk(_below(place, name), member)
    elif value is not None and value not in ({}, []):
        yield place, value


def _below(place: str, name: str) -> str:
    escaped = name.replace("~", "~0").replace("/", "~1")
    return f"{place}/{escaped}" if place else escaped


def _named(members: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    names = [str(each.get("name")) for each in members]
    is_named = all("name" in each for each in members) and len(set(names)) == len(names)
    return [(names[at] if is_named else str(at), each) for at, each in enumerate(members)]
