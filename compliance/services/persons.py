"""Counting deliveries that concern persons: each metered call once, whoever counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import Licence
from compliance.models.persons import PersonCount, PersonCountCursor
from compliance.rules.person_thresholds import threshold_of
from compliance.terms.regions import CHINA, within


@dataclass(frozen=True)
class Delivered:
    """What a stretch of a lane delivered in one calendar year."""

    year: int
    calls_count: int
    records_count: int


def lock_lane(uow: UnitOfWork, *, lane_id: str, licence_id: str) -> int | None:
    """How far the lane is counted, held to the end; None while another worker counts it."""
    uow.session.execute(
        insert(PersonCountCursor)
        .values(lane_id=lane_id, licence_id=licence_id, counted_n=0)
        .on_conflict_do_nothing()
    )
    wanted = select(PersonCountCursor.counted_n).where(PersonCountCursor.lane_id == lane_id)
    return uow.session.scalar(wanted.with_for_update(skip_locked=True))


def note_delivered(
    uow: UnitOfWork,
    *,
    lane_id: str,
    licence_id: str,
    dossier: Mapping[str, Any],
    until_n: int,
    delivered: Iterable[Delivered],
) -> None:
    """Add what was delivered up to the lane's n-th call; the lane is held by `lock_lane`."""
    licence = uow.session.get_one(Licence, licence_id)
    for each in delivered:
        _add(uow, licence, dossier, each)
    cursor = uow.session.get_one(PersonCountCursor, lane_id, populate_existing=True)
    cursor.counted_n = until_n


def _add(
    uow: UnitOfWork, licence: Licence, dossier: Mapping[str, Any], delivered: Delivered
) -> None:
    categories = sorted({each["category"] for each in dossier.get("pi_categories") or ()})
    counted = insert(PersonCount).values(
        licence_id=licence.id,
        year=delivered.year,
        supplier_id=licence.supplier_id,
        buyer_id=licence.buyer_id,
        listing_code=licence.listing_code,
        version_id=licence.version_id,
        pi_level=dossier["pi_level"],
        categories=categories,
        threshold_count=threshold_of(categories),
        is_exported=not within(licence.terms.get("regions") or (), (CHINA,)),
        calls_count=delivered.calls_count,
        records_count=delivered.records_count,
        changed_at=uow.now,
    )
    uow.session.execute(
        counted.on_conflict_do_update(
            index_elements=["licence_id", "year"],
            set_={
                "calls_count": PersonCount.calls_count + counted.excluded.calls_count,
                "records_count": PersonCount.records_count + counted.excluded.records_count,
                "changed_at": counted.excluded.changed_at,
            },
        )
    )
