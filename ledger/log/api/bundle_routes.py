"""Evidence to take away: everything about one licence, or the whole log."""

from flask import Response

from app.core.principals import Permission
from app.core.unit_of_work import UnitOfWork
from app.web.access import requires
from app.web.context import current_principal, get, unit_of_work
from app.web.limits import limit
from ledger.log import bundle_services
from ledger.log.api.blueprint import (
    BINARY,
    answer,
    blueprint,
    log_keys,
    own_organisation,
)
from ledger.log.bundle_services import Bundle
from ledger.log.events import AuditorRead
from ledger.log.ports import EvidenceSources
from ledger.log.schemas import RequestBundleSchema

_ZIP = "application/zip"


@blueprint.route("/v1/evidence-bundles", methods=["POST"])
@blueprint.arguments(RequestBundleSchema)
@blueprint.response(200, BINARY, content_type=_ZIP)
@requires(Permission.READ_OWN)
@limit("12 per minute")
def post_evidence_bundle(command: dict[str, str]) -> Response:
    """Receipts, proofs, invoices and anchors of a licence as one sealed archive.

    Creates nothing that a retry could double, so it needs no Idempotency-Key.
    """
    with unit_of_work() as uow:
        bundle = bundle_services.build_bundle(
            uow,
            keys=log_keys(uow),
            sources=get(EvidenceSources),
            licence_id=command["licence_id"],
            organisation_id=own_organisation(),
        )
        _note_auditor(uow, command["licence_id"])
        uow.commit()
    return _download(bundle, "evidence")


@blueprint.route("/v1/log-export", methods=["GET"])
@blueprint.response(200, BINARY, content_type=_ZIP)
@requires(Permission.AUDIT)
@limit("6 per minute")
def get_log_export() -> Response:
    """The whole log as one sealed archive, up to 100,000 leaves."""
    with unit_of_work() as uow:
        bundle = bundle_services.export_log(
            uow, keys=log_keys(uow), anchors=get(EvidenceSources).anchors
        )
    return _download(bundle, "log")


def _note_auditor(uow: UnitOfWork, licence_id: str) -> None:
    """A reading that the web layer does not see: it is asked for with POST."""
    principal = current_principal()
    if principal.may(Permission.AUDIT):
        uow.record(
            AuditorRead(
                occurred_at=uow.now,
                principal_id=principal.id,
                subject="evidence-bundles",
                opened_id=licence_id,
            )
        )


def _download(bundle: Bundle, name: str) -> Response:
    response = answer(bundle.data, _ZIP, "private, no-store")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{name}-{bundle.hash[:12]}.zip"'
    )
    return response
