"""Reports on samples: what was measured is kept, told, and shown once the version is listed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.core.canonical import digest_hex
from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import ListingStanding
from compliance.quality.assessment import Sample, assess
from compliance.sampling.events import QualityReported
from compliance.sampling.models import QualityReport, QualitySample
from compliance.sampling.states import VALID_DAYS, SampleState
from compliance.sampling.value_shifts import shift_since_last, tell_of_shift

NO_GRADE = "NONE"


def report_sample(
    uow: UnitOfWork, sample: QualitySample, dossier: Mapping[str, Any], seen: Sample
) -> QualityReport:
    """Measure what was seen, and keep the aggregates; the sample is MEASURED."""
    measured = assess(dossier, seen, uow.now, sample.declaration)
    sample.state, sample.keys_sealed = SampleState.MEASURED, None
    report_id = uow.ids.new("qrp")
    valid_until = uow.now + timedelta(days=VALID_DAYS)
    document = {
        **measured,
        "report_id": report_id,
        "version_id": sample.version_id,
        "listing_code": sample.listing_code,
        "value_shift": shift_since_last(uow, sample.listing_code, measured["coded_values"]),
        "reported_at": iso_instant(uow.now),
        "valid_until": iso_instant(valid_until),
        "commitment": _commitment(sample),
    }
    report = QualityReport(
        id=report_id,
        sample_id=sample.id,
        version_id=sample.version_id,
        supplier_id=sample.supplier_id,
        listing_code=sample.listing_code,
        grade=measured["grade"],
        document=document,
        document_hash=digest_hex(document),
        reported_at=uow.now,
        valid_until=valid_until,
        is_public=_is_listed(uow, sample),
    )
    uow.session.add(report)
    uow.session.flush()
    uow.record(_reported(uow, report, sample))
    tell_of_shift(uow, report)
    return report


def _commitment(sample: QualitySample) -> dict[str, Any]:
    """What the supplier was bound to, and what the draw was made from."""
    return {
        "sample_id": sample.id,
        "attempt": sample.attempt,
        "kind": sample.kind,
        "rows_root": sample.rows_root,
        "row_total": sample.row_total,
        "declaration_hash": sample.declaration_hash,
        "drawn_from": sample.drawn_from,
    }


def _reported(uow: UnitOfWork, report: QualityReport, sample: QualitySample) -> QualityReported:
    document = report.document
    return QualityReported(
        occurred_at=uow.now,
        report_id=report.id,
        sample_id=sample.id,
        version_id=sample.version_id,
        rows_root=sample.rows_root,
        sampled_count=document["sampled_count"],
        drawn_root_hash=(sample.drawn_from or {})["root_hash"],
        grade=report.grade or NO_GRADE,
        values={
            each["code"]: f"{each['value']}/{each['bound']}"
            for each in document["indicators"]
            if each["state"] == "ASSESSED"
        },
        policy=document["policy"],
        scanner_version=document["scanner_version"],
        report_hash=report.document_hash,
    )


def _is_listed(uow: UnitOfWork, sample: QualitySample) -> bool:
    standing = uow.session.get(ListingStanding, sample.listing_code)
    return standing is not None and standing.version_id == sample.version_id


def show_reports(uow: UnitOfWork, *, version_id: str) -> int:
    """Make a version's reports public once it is in the catalogue; how many there are."""
    reports = uow.session.scalars(
        select(QualityReport).where(QualityReport.version_id == version_id)
    ).all()
    for report in reports:
        report.is_public = True
    return len(reports)
