"""Routes of quality: commit, see what was drawn, reveal, and read the report."""

from typing import Any

from flask import Response

from app.core.cipher import Cipher
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import public, requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, own_organisation, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import page_schema
from app.web.printed import PDF, printed
from compliance.sampling import calling, queries, services
from compliance.sampling.models import QualityReport, QualitySample
from compliance.sampling.ports import RevealedRow, RowTree
from compliance.sampling.report_pdf import render_report
from compliance.sampling.schemas import (
    CommitSampleSchema,
    ListingQualitySchema,
    QualityReportSchema,
    QualitySampleSchema,
    ReportQuerySchema,
    RevealSampleSchema,
    SampleQuerySchema,
)

blueprint = Blueprint(
    "quality",
    __name__,
    url_prefix="/v1",
    description="Quality reports: rows are committed first, drawn by a later checkpoint of the log,"
    " measured by GB/T 36344 and forgotten.",
)


@blueprint.route("/quality-samples", methods=["POST"])
@blueprint.arguments(CommitSampleSchema)
@blueprint.response(201, QualitySampleSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_sample(command: dict[str, Any]) -> QualitySample:
    """Commit to the rows of a submitted version before it is known which are looked at."""
    with unit_of_work() as uow:
        sample = services.commit_sample(uow, current_principal(), **command)
        uow.commit()
        return sample


@blueprint.route("/quality-samples", methods=["GET"])
@blueprint.arguments(SampleQuerySchema, location="query")
@blueprint.response(200, page_schema(QualitySampleSchema))
@requires(Permission.READ_OWN)
def get_samples(query: dict[str, Any]) -> Page[QualitySample]:
    """Own samples, or all for the exchange's staff, newest first."""
    with unit_of_work() as uow:
        return queries.list_samples(uow, organisation_id=own_organisation(), **query)


@blueprint.route("/quality-samples/<sample_id>", methods=["GET"])
@blueprint.response(200, QualitySampleSchema)
@requires(Permission.READ_OWN)
def get_sample(sample_id: str) -> QualitySample:
    """One sample: once it is DRAWN, the numbers of the rows to reveal, counted from nought."""
    with unit_of_work() as uow:
        return queries.get_sample(uow, sample_id, organisation_id=own_organisation())


@blueprint.route("/quality-samples/<sample_id>/rows", methods=["POST"])
@blueprint.arguments(RevealSampleSchema)
@blueprint.response(201, QualityReportSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
@limit("30 per hour")
def post_rows(command: dict[str, Any], sample_id: str) -> QualityReport:
    """Reveal the drawn rows with their paths; they are measured at once and not kept."""
    with unit_of_work() as uow:
        report = services.reveal_sample(
            uow,
            current_principal(),
            get(RowTree),  # type: ignore[type-abstract]
            sample_id=sample_id,
            rows=_revealed(command["rows"]),
        )
        uow.commit()
        return report


def _revealed(rows: list[dict[str, Any]]) -> list[RevealedRow]:
    return [
        RevealedRow(each["index"], each["row"], [bytes.fromhex(node) for node in each["path"]])
        for each in rows
    ]


@blueprint.route("/quality-samples/<sample_id>/keys", methods=["POST"])
@blueprint.arguments(RevealSampleSchema)
@blueprint.response(202, QualitySampleSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
@limit("30 per hour")
def post_keys(command: dict[str, Any], sample_id: str) -> QualitySample:
    """Reveal the drawn keys of an interface; the exchange calls with each twice and reports."""
    with unit_of_work() as uow:
        sample = calling.reveal_keys(
            uow,
            current_principal(),
            get(RowTree),  # type: ignore[type-abstract]
            get(Cipher),
            sample_id=sample_id,
            rows=_revealed(command["rows"]),
        )
        uow.commit()
        return sample


@blueprint.route("/quality-reports", methods=["GET"])
@blueprint.arguments(ReportQuerySchema, location="query")
@blueprint.response(200, page_schema(QualityReportSchema))
@requires(Permission.READ_OWN)
def get_reports(query: dict[str, Any]) -> Page[QualityReport]:
    """Own reports, newest first; all for the exchange's staff. A listing names its report."""
    with unit_of_work() as uow:
        return queries.list_reports(uow, organisation_id=own_organisation(), **query)


@blueprint.route("/quality-reports/<report_id>", methods=["GET"])
@blueprint.response(200, QualityReportSchema)
@requires(Permission.READ_OWN)
def get_report(report_id: str) -> QualityReport:
    """One report: every indicator with A, B, bound and standard code; no row."""
    with unit_of_work() as uow:
        return queries.get_report(uow, report_id, organisation_id=own_organisation())


@blueprint.route("/quality-reports/<report_id>/pdf", methods=["GET"])
@blueprint.response(200, content_type=PDF)
@requires(Permission.READ_OWN)
def get_report_pdf(report_id: str) -> Response:
    """The report for print, in Chinese and English; the same report gives the same bytes."""
    with unit_of_work() as uow:
        report = queries.get_report(uow, report_id, organisation_id=own_organisation())
        pdf = render_report(report.document, report.document_hash)
    return printed(pdf, report_id)


@blueprint.route("/listings/<listing_code>/quality", methods=["GET"])
@blueprint.response(200, ListingQualitySchema)
@public("what a listing is graded belongs to its page in the catalogue")
def get_listing_quality(listing_code: str) -> dict[str, Any]:
    """What a listing's latest report says: its grade, or how little could be assessed."""
    with unit_of_work() as uow:
        return queries.public_quality(uow, listing_code)
