"""Acknowledgements: the buyer's signature over running totals."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import public, requires
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import PageQuerySchema, page_schema
from ledger.log.acknowledgements import queries as acknowledgement_queries
from ledger.log.acknowledgements import services as acknowledgement_services
from ledger.log.acknowledgements.models import AcknowledgementKey, StoredAcknowledgement
from ledger.log.acknowledgements.queries import Standing
from ledger.log.acknowledgements.schemas import (
    AcknowledgementDocumentSchema,
    AcknowledgementKeySchema,
    AcknowledgementQuerySchema,
    AcknowledgementSchema,
    EvidenceModeSchema,
    RegisterKeySchema,
    SetEvidenceModeSchema,
)
from ledger.log.api.blueprint import blueprint, own_organisation


@blueprint.route("/v1/acknowledgement-keys", methods=["POST"])
@blueprint.arguments(RegisterKeySchema)
@blueprint.response(201, AcknowledgementKeySchema)
@requires(Permission.MANAGE_KEYS)
@idempotent
def post_acknowledgement_key(command: dict[str, str]) -> AcknowledgementKey:
    """Register the public key that signs the organisation's acknowledgements."""
    with unit_of_work() as uow:
        key = acknowledgement_services.register_key(uow, current_principal(), **command)
        uow.commit()
        return key


@blueprint.route("/v1/acknowledgement-keys", methods=["GET"])
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, page_schema(AcknowledgementKeySchema))
@requires(Permission.READ_OWN)
def get_acknowledgement_keys(page: dict[str, Any]) -> Page[AcknowledgementKey]:
    """The organisation's keys, newest first."""
    with unit_of_work() as uow:
        return acknowledgement_queries.list_keys(
            uow.session, current_principal().organisation_id, **page
        )


@blueprint.route("/v1/acknowledgement-keys/<string:key_id>/withdrawal", methods=["POST"])
@blueprint.response(200, AcknowledgementKeySchema)
@requires(Permission.MANAGE_KEYS)
@idempotent
def post_acknowledgement_key_withdrawal(key_id: str) -> AcknowledgementKey:
    """Take no new acknowledgement by this key."""
    with unit_of_work() as uow:
        key = acknowledgement_services.withdraw_key(uow, current_principal(), key_id=key_id)
        uow.commit()
        return key


@blueprint.route("/v1/acknowledgements", methods=["POST"])
@blueprint.arguments(AcknowledgementDocumentSchema)
@blueprint.response(201, AcknowledgementSchema)
@public("the signature says whose it is, so that a library can send it without a session")
@limit("60 per minute")
def post_acknowledgement(document: dict[str, Any]) -> StoredAcknowledgement:
    """Take a buyer's signed acknowledgement; the same document again changes nothing."""
    with unit_of_work(Reach.EXCHANGE) as uow:
        stored = acknowledgement_services.take_acknowledgement(uow, document)
        uow.commit()
        return stored


@blueprint.route("/v1/acknowledgements", methods=["GET"])
@blueprint.arguments(AcknowledgementQuerySchema, location="query")
@blueprint.response(200, page_schema(AcknowledgementSchema))
@requires(Permission.READ_OWN)
def get_acknowledgements(query: dict[str, Any]) -> Page[StoredAcknowledgement]:
    """Acknowledgements of the organisation's licences, newest first; auditors see all."""
    with unit_of_work() as uow:
        return acknowledgement_queries.list_acknowledgements(
            uow.session, own_organisation(), **query
        )


@blueprint.route("/v1/evidence-modes/<string:licence_id>", methods=["GET"])
@blueprint.response(200, EvidenceModeSchema)
@requires(Permission.READ_OWN)
def get_evidence_mode(licence_id: str) -> Standing:
    """What a licence asks of its buyer, and which calls nobody has acknowledged."""
    with unit_of_work() as uow:
        return acknowledgement_queries.get_standing(uow.session, licence_id, own_organisation())


@blueprint.route("/v1/evidence-modes/<string:licence_id>", methods=["PUT"])
@blueprint.arguments(SetEvidenceModeSchema)
@blueprint.response(200, EvidenceModeSchema)
@requires(Permission.BUY)
def put_evidence_mode(command: dict[str, str], licence_id: str) -> Standing:
    """Choose what a licence of the organisation asks; PUT repeats without harm."""
    with unit_of_work() as uow:
        acknowledgement_services.set_evidence_mode(
            uow, current_principal(), licence_id=licence_id, **command
        )
        standing = acknowledgement_queries.get_standing(uow.session, licence_id, own_organisation())
        uow.commit()
        return standing
