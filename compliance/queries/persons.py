"""Reads: records of persons delivered, by supplier and buyer, against the legal thresholds."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.core.unit_of_work import UnitOfWork
from compliance.models.persons import PersonCount
from compliance.rules.person_thresholds import reached_bp

ROWS_MAX = 2_000


@dataclass(frozen=True)
class PersonTotal:
    """What one supplier delivered in a year, to one buyer or (``buyer_id`` None) to all together.

    ``records_count`` bounds the persons from above, ``persons_min`` from below: records may all
    be of one person. ``reached_bp`` says how much of the thresholds the upper bound reaches.
    """

    supplier_id: str
    buyer_id: str | None
    year: int
    calls_count: int
    records_count: int
    exported_count: int
    exported_sensitive_count: int
    reached_bp: int
    persons_min: int = 1


def list_person_totals(
    uow: UnitOfWork,
    *,
    supplier_id: str | None = None,
    buyer_id: str | None = None,
    year: int | None = None,
) -> list[PersonTotal]:
    """Totals by supplier and year, each with its buyers behind; at most `ROWS_MAX` licences."""
    wanted = select(PersonCount)
    for column, value in (
        (PersonCount.supplier_id, supplier_id),
        (PersonCount.buyer_id, buyer_id),
        (PersonCount.year, year),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    order = (PersonCount.supplier_id, PersonCount.year, PersonCount.buyer_id)
    rows = uow.session.scalars(wanted.order_by(*order, PersonCount.licence_id).limit(ROWS_MAX))
    return totals_of(list(rows))


def totals_of(counts: Sequence[PersonCount]) -> list[PersonTotal]:
    """The sums over counts that are ordered by supplier and year."""
    by_supplier: dict[tuple[str, int], list[PersonCount]] = defaultdict(list)
    for each in counts:
        by_supplier[each.supplier_id, each.year].append(each)
    found = []
    for (supplier_id, year), own in by_supplier.items():
        found.append(_total(supplier_id, None, year, own))
        for buyer_id in sorted({each.buyer_id for each in own}):
            theirs = [each for each in own if each.buyer_id == buyer_id]
            found.append(_total(supplier_id, buyer_id, year, theirs))
    return found


def _total(
    supplier_id: str, buyer_id: str | None, year: int, counts: Iterable[PersonCount]
) -> PersonTotal:
    listed = list(counts)
    exported = [each for each in listed if each.is_exported]
    by_threshold: dict[int, int] = defaultdict(int)
    for each in listed:
        by_threshold[each.threshold_count] += each.records_count
    return PersonTotal(
        supplier_id=supplier_id,
        buyer_id=buyer_id,
        year=year,
        calls_count=sum(each.calls_count for each in listed),
        records_count=sum(each.records_count for each in listed),
        exported_count=sum(e.records_count for e in exported if e.pi_level != "SENSITIVE"),
        exported_sensitive_count=sum(
            e.records_count for e in exported if e.pi_level == "SENSITIVE"
        ),
        reached_bp=reached_bp(by_threshold),
    )
