"""Reads of samples and reports."""

from typing import Any

from sqlalchemy import ColumnElement, select

from app.core.clock import iso_instant
from app.core.paging import Page, paginate
from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import ListingStanding
from compliance.sampling.errors import QualityReportNotFound, QualitySampleNotFound
from compliance.sampling.models import QualityReport, QualitySample
from compliance.sampling.states import PublicState

_SHOWN = ("grade", "coverage", "report_id", "reported_at", "valid_until")


def list_samples(
    uow: UnitOfWork,
    *,
    organisation_id: str | None,
    version_id: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[QualitySample]:
    """Samples of an organisation, or all for the exchange's staff, newest first."""
    wanted = select(QualitySample)
    if organisation_id is not None:
        wanted = wanted.where(QualitySample.supplier_id == organisation_id)
    if version_id is not None:
        wanted = wanted.where(QualitySample.version_id == version_id)
    if state is not None:
        wanted = wanted.where(QualitySample.state == state)
    return paginate(uow.session, wanted, key=QualitySample.id, cursor=cursor, limit=limit)


def get_sample(uow: UnitOfWork, sample_id: str, *, organisation_id: str | None) -> QualitySample:
    """One sample; raises `QualitySampleNotFound` for anybody else's."""
    sample = uow.session.get(QualitySample, sample_id)
    if sample is None or organisation_id not in {None, sample.supplier_id}:
        raise QualitySampleNotFound(sample_id)
    return sample


def list_reports(
    uow: UnitOfWork,
    *,
    organisation_id: str | None,
    listing_code: str | None = None,
    version_id: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[QualityReport]:
    """Own reports, or all for the exchange's staff, newest first; others' are by their id."""
    wanted = select(QualityReport)
    if organisation_id is not None:
        wanted = wanted.where(QualityReport.supplier_id == organisation_id)
    if listing_code is not None:
        wanted = wanted.where(QualityReport.listing_code == listing_code)
    if version_id is not None:
        wanted = wanted.where(QualityReport.version_id == version_id)
    return paginate(uow.session, wanted, key=QualityReport.id, cursor=cursor, limit=limit)


def get_report(uow: UnitOfWork, report_id: str, *, organisation_id: str | None) -> QualityReport:
    """One report; raises `QualityReportNotFound` unless own, public or for staff."""
    report = uow.session.get(QualityReport, report_id)
    is_theirs = report is not None and (
        report.is_public or organisation_id in {None, report.supplier_id}
    )
    if report is None or not is_theirs:
        raise QualityReportNotFound(report_id)
    return report


def latest_public(uow: UnitOfWork, listing_code: str) -> QualityReport | None:
    """What the catalogue may say of a listing's quality: a report speaks for its version alone."""
    listed = select(ListingStanding.version_id).where(ListingStanding.listing_code == listing_code)
    return _latest(
        uow,
        QualityReport.listing_code == listing_code,
        QualityReport.version_id.in_(listed),
        QualityReport.is_public.is_(True),
    )


def _latest(uow: UnitOfWork, *conditions: ColumnElement[bool]) -> QualityReport | None:
    newest = select(QualityReport).where(*conditions).order_by(QualityReport.id.desc()).limit(1)
    return uow.session.scalars(newest).one_or_none()


def public_quality(uow: UnitOfWork, listing_code: str) -> dict[str, Any]:
    """The grade on a listing's page, and what it rests on."""
    report = latest_public(uow, listing_code)
    if report is None:
        return dict.fromkeys(_SHOWN, None) | {
            "listing_code": listing_code,
            "state": PublicState.NOT_REPORTED,
        }
    return {
        "listing_code": listing_code,
        "state": PublicState.NOT_ASSESSED if report.grade is None else PublicState.GRADED,
        "grade": report.grade,
        "coverage": report.document["coverage"],
        "report_id": report.id,
        "reported_at": report.reported_at,
        "valid_until": report.valid_until,
    }


def quality_facts(uow: UnitOfWork, version_id: str) -> dict[str, Any] | None:
    """What rules read of a version's latest report (items Q1, Q2 and I8); None without one."""
    report = _latest(uow, QualityReport.version_id == version_id)
    if report is None:
        return None
    document = report.document
    return {
        "report_id": report.id,
        "grade": report.grade,
        "vetoes": document["vetoes"],
        "coverage": document["coverage"],
        "sampled_count": document["sampled_count"],
        "is_drawn_by_exchange": True,
        "rows_commitment": document["commitment"]["rows_root"],
        "attempt": document["commitment"]["attempt"],
        "drawn_from": document["commitment"]["drawn_from"],
        "anonymity": document["anonymity"]
        and {
            **document["anonymity"],
            "is_whole": document["sampled_count"] == document["row_total"],
        },
        "calls": document.get("calls"),
        "findings": document["findings"],
        "reported_at": document["reported_at"],
        "valid_until": iso_instant(report.valid_until),
    }


def sample_facts(uow: UnitOfWork, version_id: str) -> dict[str, Any] | None:
    """What rules read of the version's latest sample (item Q3); None where none was committed."""
    wanted = select(QualitySample).where(QualitySample.version_id == version_id)
    sample = uow.session.scalars(
        wanted.order_by(QualitySample.attempt.desc()).limit(1)
    ).one_or_none()
    if sample is None:
        return None
    return {"sample_id": sample.id, "state": sample.state, "attempt": sample.attempt}
