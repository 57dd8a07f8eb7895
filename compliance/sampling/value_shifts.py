"""How the coded values of a listing moved since its last report: told, where it is no chance."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.core.unit_of_work import UnitOfWork
from compliance.quality.distributions import shifts
from compliance.sampling.events import ValuesShifted
from compliance.sampling.models import QualityReport


def shift_since_last(
    uow: UnitOfWork, listing_code: str, counted: Mapping[str, Mapping[str, int]]
) -> dict[str, Any] | None:
    """Against which report, and each field's shift; None for a listing's first report.

    A report from before coded values were counted has none to compare with.
    """
    newest = select(QualityReport).where(QualityReport.listing_code == listing_code)
    former = uow.session.scalars(newest.order_by(QualityReport.id.desc()).limit(1)).one_or_none()
    if former is None:
        return None
    found = shifts(former.document.get("coded_values") or {}, counted)
    return {"against": former.id, "fields": [each.document() for each in found]}


def tell_of_shift(uow: UnitOfWork, report: QualityReport) -> None:
    """Whoever supplies and whoever reviews learn which fields moved farther than chance."""
    shift = report.document["value_shift"]
    moved = [each["field"] for each in shift["fields"] if each["is_alarm"]] if shift else []
    if moved:
        uow.record(
            ValuesShifted(
                occurred_at=uow.now,
                report_id=report.id,
                former_id=shift["against"],
                listing_code=report.listing_code,
                supplier_id=report.supplier_id,
                fields=tuple(moved),
            )
        )
