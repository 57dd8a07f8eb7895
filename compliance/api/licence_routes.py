"""Routes of licences, for both parties."""

from typing import Any

from flask import Response

from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import requires
from app.web.context import current_principal, get, unit_of_work
from app.web.downloads import to_be_saved
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import PageQuerySchema, page_schema
from compliance import queries, services
from compliance.api.blueprint import as_document, blueprint, own_only
from compliance.models.licences import Licence
from compliance.models.narrowing import Narrowing
from compliance.ports import SentDocuments
from compliance.schemas.licences import (
    LicenceDocumentsSchema,
    LicenceQuerySchema,
    LicenceSchema,
    RevokeLicenceSchema,
)
from compliance.schemas.standings import NarrowChainSchema, NarrowingSchema


@blueprint.route("/licences", methods=["GET"])
@blueprint.arguments(LicenceQuerySchema, location="query")
@blueprint.response(200, page_schema(LicenceSchema))
@requires(Permission.READ_OWN)
def get_licences(query: dict[str, Any]) -> Page[Licence]:
    """Licences in which one's organisation is buyer or supplier; staff see all."""
    with unit_of_work() as uow:
        return queries.list_licences(uow, organisation_id=own_only(current_principal()), **query)


@blueprint.route("/licences/<licence_id>", methods=["GET"])
@blueprint.response(200, LicenceSchema)
@requires(Permission.READ_OWN)
def get_licence(licence_id: str) -> Licence:
    """One licence: what the exchange enforces of it, and what is promised by contract."""
    with unit_of_work() as uow:
        return queries.get_licence(uow, licence_id, organisation_id=own_only(current_principal()))


@blueprint.route("/licences/<licence_id>/documents", methods=["GET"])
@blueprint.response(200, LicenceDocumentsSchema)
@requires(Permission.READ_OWN)
def get_licence_documents(licence_id: str) -> dict[str, Any]:
    """The documents that the listing shows to the parties of a licence, while that runs."""
    own = own_only(current_principal())
    with unit_of_work() as uow:
        licence = queries.get_licence(uow, licence_id, organisation_id=own)
        return {"items": services.shown_documents(uow, get(SentDocuments), licence)}  # type: ignore[type-abstract]


@blueprint.route("/licences/<licence_id>/documents/<document_hash>", methods=["GET"])
@blueprint.response(200, content_type="application/*", description="The document as it was sent.")
@blueprint.or_bytes(200, "image/*")
@requires(Permission.READ_DOCUMENTS)
@limit("30 per minute")
def get_licence_document(licence_id: str, document_hash: str) -> Response:
    """Open a document behind a licence of one's own, to be saved; that is noted in the log."""
    principal = current_principal()
    with unit_of_work() as uow:
        licence = queries.get_licence(uow, licence_id, organisation_id=own_only(principal))
        documents = get(SentDocuments)  # type: ignore[type-abstract]
        found = services.open_shown_document(
            uow, documents, principal, licence, document_hash=document_hash
        )
        uow.commit()
    media_type, name, content = found
    return to_be_saved(content, media_type=media_type, name=name)


@blueprint.route("/licences/<licence_id>/revocation", methods=["POST"])
@blueprint.arguments(RevokeLicenceSchema)
@blueprint.response(201, LicenceSchema)
@requires(Permission.READ_OWN)
@idempotent
def post_licence_revocation(command: dict[str, Any], licence_id: str) -> Licence:
    """End a licence before its term: its supplier or the exchange's risk officer may."""
    with unit_of_work() as uow:
        licence = services.revoke_licence(
            uow, current_principal(), licence_id=licence_id, **command
        )
        uow.commit()
        return licence


@blueprint.route("/licences/<licence_id>/surrender", methods=["POST"])
@blueprint.response(201, LicenceSchema)
@requires(Permission.BUY)
@idempotent
def post_licence_surrender(licence_id: str) -> Licence:
    """Give one of one's licences up, at once and for good; the scenario stays approved."""
    with unit_of_work() as uow:
        licence = services.surrender_licence(uow, current_principal(), licence_id=licence_id)
        uow.commit()
        return licence


@blueprint.route("/listings/<listing_code>/chain-narrowings", methods=["POST"])
@blueprint.arguments(NarrowChainSchema)
@blueprint.response(201, NarrowingSchema)
@requires(Permission.READ_OWN)
@idempotent
def post_chain_narrowing(command: dict[str, Any], listing_code: str) -> Narrowing:
    """A grantor took something back: licences are narrowed or end at once."""
    narrowed = command.pop("narrowed", None)
    # The exchange's reach: licences of many buyers change. The service asks who may.
    with unit_of_work(Reach.EXCHANGE) as uow:
        narrowing = services.narrow_chain(
            uow,
            current_principal(),
            listing_code=listing_code,
            narrowed=None if narrowed is None else as_document(narrowed),
            **command,
        )
        uow.commit()
        return narrowing


@blueprint.route("/listings/<listing_code>/chain-narrowings", methods=["GET"])
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, page_schema(NarrowingSchema))
@requires(Permission.READ_OWN)
def get_chain_narrowings(query: dict[str, Any], listing_code: str) -> Page[Narrowing]:
    """What a listing's chain of rights has lost, for its supplier and the exchange's staff."""
    own = own_only(current_principal())
    with unit_of_work() as uow:
        return queries.list_narrowings(uow, listing_code=listing_code, supplier_id=own, **query)
