"""The effective licence: the meet of every link's terms; adding a link never widens it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any, TypeVar

from app.core.clock import iso_instant
from compliance.terms import antichains, purposes, regions
from compliance.terms.consent_models import strictest_model
from compliance.terms.errors import LicenceCannotBeIssued, Obstacle
from compliance.terms.retention import NO_TRANSFER, Retention, strictest_transfer

T = TypeVar("T")


@dataclass(frozen=True)
class Terms:
    """What one link of the chain permits; None means that the link says nothing about it."""

    purposes: frozenset[str] | None = None
    fields: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    calls_max: int | None = None
    calls_per_second: int | None = None
    retention: Retention | None = None
    transfer: str | None = None
    recipients: frozenset[str] | None = None
    consent_model: str | None = None
    may_sublicense: bool = True
    duties: frozenset[str] = frozenset()
    prohibitions: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        # One spelling per meaning, so that equal permissions are equal values.
        if self.purposes is not None:
            widest = antichains.widest(self.purposes, purposes.covers)
            object.__setattr__(self, "purposes", widest)
        if self.transfer == NO_TRANSFER:
            object.__setattr__(self, "may_sublicense", False)
        if self.regions is not None:
            spelled = map(regions.canonical, self.regions)
            object.__setattr__(self, "regions", antichains.widest(spelled, regions.covers))


def _each(left: T | None, right: T | None, both: Callable[[T, T], T]) -> T | None:
    if left is None:
        return right
    return left if right is None else both(left, right)


def _over(
    covers: antichains.Covers,
) -> Callable[[frozenset[str], frozenset[str]], frozenset[str]]:
    return lambda left, right: antichains.narrow(left, right, covers)


def meet(left: Terms, right: Terms) -> Terms:
    """What both links permit; commutative, associative, idempotent, never wider than either."""
    return Terms(
        purposes=_each(left.purposes, right.purposes, _over(purposes.covers)),
        fields=_each(left.fields, right.fields, frozenset.intersection),
        regions=_each(left.regions, right.regions, _over(regions.covers)),
        starts_at=_each(left.starts_at, right.starts_at, max),
        ends_at=_each(left.ends_at, right.ends_at, min),
        calls_max=_each(left.calls_max, right.calls_max, min),
        calls_per_second=_each(left.calls_per_second, right.calls_per_second, min),
        retention=_each(left.retention, right.retention, Retention.meet),
        transfer=_each(left.transfer, right.transfer, strictest_transfer),
        recipients=_each(left.recipients, right.recipients, frozenset.intersection),
        consent_model=_each(left.consent_model, right.consent_model, strictest_model),
        may_sublicense=left.may_sublicense and right.may_sublicense,
        duties=left.duties | right.duties,
        prohibitions=left.prohibitions | right.prohibitions,
    )


def is_within(narrow: Terms, wide: Terms) -> bool:
    """Whether the one permits nothing that the other does not: meeting them changes nothing."""
    return meet(narrow, wide) == narrow


def effective(links: Iterable[Terms]) -> Terms:
    """The meet over all links; raises `LicenceCannotBeIssued` when nothing is left of it."""
    terms = reduce(meet, links, Terms())
    empty = [name for name in ("purposes", "fields", "regions") if not getattr(terms, name)]
    if terms.starts_at is None or terms.ends_at is None or terms.starts_at >= terms.ends_at:
        empty.append("period")
    if terms.calls_max == 0 or terms.calls_per_second == 0:
        empty.append("calls")
    if empty:
        raise LicenceCannotBeIssued(Obstacle.TERMS_EMPTY, empty=empty)
    return terms


def _set(value: Iterable[str] | None) -> frozenset[str] | None:
    return None if value is None else frozenset(value)


def _instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def from_document(document: Mapping[str, Any]) -> Terms:
    """Terms from their JSON form; keys that are absent say nothing, unknown keys are ignored.

    Raises `compliance.retention.NotARetention`.
    """
    kept = document.get("retention")
    return Terms(
        purposes=_set(document.get("purposes")),
        fields=_set(document.get("fields")),
        regions=_set(document.get("regions")),
        starts_at=_instant(document.get("starts_at")),
        ends_at=_instant(document.get("ends_at")),
        calls_max=document.get("calls_max"),
        calls_per_second=document.get("calls_per_second"),
        retention=None if kept is None else Retention.parse(kept),
        transfer=document.get("transfer"),
        recipients=_set(document.get("recipients")),
        consent_model=document.get("consent_model"),
        may_sublicense=document.get("may_sublicense", True),
        duties=frozenset(document.get("duties", ())),
        prohibitions=frozenset(document.get("prohibitions", ())),
    )


def _sorted(value: frozenset[str] | None) -> list[str] | None:
    return None if value is None else sorted(value)


def _text(value: datetime | None) -> str | None:
    return None if value is None else iso_instant(value)


def to_document(terms: Terms) -> dict[str, Any]:
    """The JSON form, sorted, ready to be hashed; `from_document` reads it back."""
    return {
        "purposes": _sorted(terms.purposes),
        "fields": _sorted(terms.fields),
        "regions": _sorted(terms.regions),
        "starts_at": _text(terms.starts_at),
        "ends_at": _text(terms.ends_at),
        "calls_max": terms.calls_max,
        "calls_per_second": terms.calls_per_second,
        "retention": None if terms.retention is None else terms.retention.text,
        "transfer": terms.transfer,
        "recipients": _sorted(terms.recipients),
        "consent_model": terms.consent_model,
        "may_sublicense": terms.may_sublicense,
        "duties": sorted(terms.duties),
        "prohibitions": sorted(terms.prohibitions),
    }
