"""Routes of documents: sent by their hash, listed, opened, taken back."""

from typing import Any

from flask import Response, request

from app.core.cipher import Cipher
from app.core.paging import Page
from app.core.principals import Permission
from app.documents import queries, services
from app.documents.kinds import MEDIA_TYPES
from app.documents.models import Document
from app.documents.schemas import DocumentPageQuerySchema, DocumentPageSchema, DocumentSchema
from app.web.access import requires
from app.web.blueprints import Blueprint, View
from app.web.context import current_principal, get, own_organisation, unit_of_work
from app.web.downloads import to_be_saved
from app.web.limits import limit

PREFIX = "/v1/documents/"
"""Where bodies may be as long as a document."""

blueprint = Blueprint(
    "documents",
    __name__,
    description="Documents behind evidence, kept by their hash for whoever has to read them.",
)


def _or_another_type(view: View) -> View:
    for media_type in MEDIA_TYPES[1:]:
        view = blueprint.or_bytes(200, media_type)(view)
    return view


@blueprint.route("/v1/documents", methods=["GET"])
@blueprint.arguments(DocumentPageQuerySchema, location="query")
@blueprint.response(200, DocumentPageSchema)
@requires(Permission.READ_DOCUMENTS)
def get_documents(query: dict[str, Any]) -> Page[Document]:
    """List one's documents, the latest first; the exchange's staff see everybody's."""
    query["organisation_id"] = own_organisation() or query["organisation_id"]
    with unit_of_work() as uow:
        return queries.list_documents(uow, **query)


@blueprint.route("/v1/documents/<document_hash>", methods=["PUT"])
@blueprint.takes_bytes(*MEDIA_TYPES)
@blueprint.or_shape(200, DocumentSchema)
@blueprint.response(201, DocumentSchema)
@requires(Permission.KEEP_DOCUMENTS)
@limit("60 per minute")
def put_document(document_hash: str) -> tuple[Document, int]:
    """Send a document: its bytes, under their SHA-256. The same again changes nothing (200)."""
    request.max_content_length = services.DOCUMENT_BYTES_MAX
    content = request.get_data(cache=False)
    with unit_of_work() as uow:
        document, is_new = services.send_document(
            uow,
            get(Cipher),
            current_principal(),
            document_hash=document_hash,
            media_type=request.mimetype,
            content=content,
        )
        uow.commit()
        return document, 201 if is_new else 200


@blueprint.route("/v1/documents/<document_hash>", methods=["GET"])
@blueprint.response(200, content_type=MEDIA_TYPES[0], description="The document as it was sent.")
@_or_another_type
@requires(Permission.READ_DOCUMENTS)
@limit("120 per minute")
def get_document(document_hash: str) -> Response:
    """Open a document; one that the exchange's staff opened is not taken back any more."""
    with unit_of_work() as uow:
        document = queries.get_document(uow, own_organisation(), document_hash)
        content = services.open_document(uow, get(Cipher), current_principal(), document)
        uow.commit()
        return to_be_saved(content, media_type=document.media_type, name=document.file_name)


@blueprint.route("/v1/documents/<document_hash>", methods=["DELETE"])
@blueprint.response(204)
@requires(Permission.KEEP_DOCUMENTS)
def delete_document(document_hash: str) -> None:
    """Take a document back that nobody of the exchange has opened."""
    with unit_of_work() as uow:
        services.take_back_document(uow, current_principal(), document_hash)
        uow.commit()
