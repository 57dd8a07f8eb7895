"""Routes of the public catalogue, and the supplier's way out of it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Response

from app.core.principals import Permission
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from app.web.access import public, requires
from app.web.context import current_principal, get, unit_of_work
from app.web.downloads import to_be_saved
from app.web.idempotency import idempotent
from app.web.limits import limit
from listings import services
from listings.api.blueprint import blueprint
from listings.api.languages import LANGUAGE, Answer, asked_language, in_language
from listings.catalogue.filters import FACETS, CatalogueQuery
from listings.catalogue.page import (
    contributor_ids,
    public_evidence,
    render_card,
    render_page,
)
from listings.errors import ListingDocumentNotFound
from listings.models import Listing
from listings.ports import PublicDocuments
from listings.queries import catalogue, facets, registry
from listings.schemas.catalogue import (
    CataloguePageSchema,
    CatalogueQuerySchema,
    ListingPageSchema,
    ListingStateSchema,
    SimilarListingsSchema,
    VocabulariesSchema,
)
from listings.vocabulary import NAMES, Language, edition, labelled

_FACET_VOCABULARIES = {
    "sector": "sectors",
    "topic": "topics",
    "kind": "product_kinds",
    "price_model": "price_models",
    "delivery": "delivery_modes",
    "update": "update_frequencies",
    "grade": "grades",
    "industry": "industries",
    "modality": "modalities",
    "data_class": "classifications",
    "delivery_grade": "delivery_grades",
    "quality": "quality_grades",
}


@blueprint.route("/listings", methods=["GET"], parameters=[LANGUAGE])
@blueprint.arguments(CatalogueQuerySchema, location="query")
@blueprint.response(200, CataloguePageSchema)
@public("the catalogue is what the exchange shows to everybody")
def get_listings(asked: dict[str, Any]) -> Answer:
    """Search the catalogue in Chinese or English, filter it, page through it."""
    query = CatalogueQuery(
        words=asked["q"].strip(),
        chosen={name: tuple(asked[name]) for name in FACETS},
        sort=asked["sort"],
        cursor=asked["cursor"],
        limit=asked["limit"],
    )
    language = asked_language()
    with unit_of_work(Reach.PUBLIC) as uow:
        query = replace(query, at=uow.now)
        page = catalogue.search_catalogue(uow.session, query)
        total, counts = facets.count_facets(uow.session, query)
        items = [render_card(_columns(listing, uow.now), language) for listing in page.items]
    return in_language(
        language,
        {
            "items": items,
            "next_cursor": page.next_cursor,
            "total_count": total,
            "facets": {name: _labelled(name, counts[name], language) for name in FACETS},
        },
    )


def shown_page(uow: UnitOfWork, listing: Listing, language: Language) -> dict[str, Any]:
    """Everything about a listing on sale, in one language."""
    version = listing.version
    columns = {
        **_columns(listing, uow.now),
        "version_number": version.version_number,
        "registration_id": registry.find_registration_id(uow.session, version.id),
    }
    plans = [
        {**plan.reviewed(), "offer": offer.name} for offer in version.offers for plan in offer.plans
    ]
    names = catalogue.names_of(uow.session, contributor_ids(version.content))
    return render_page(columns, version.content, plans, language, names=names)


@blueprint.route("/listings/<listing_code>", methods=["GET"], parameters=[LANGUAGE])
@blueprint.response(200, ListingPageSchema)
@public("a listing's page is what the exchange shows to everybody")
def get_listing(listing_code: str) -> Answer:
    """Show everything about a listing: fields, sample, plans, conditions, provenance."""
    language = asked_language()
    with unit_of_work(Reach.PUBLIC) as uow:
        page = shown_page(uow, catalogue.get_listing(uow.session, listing_code), language)
    return in_language(language, page)


@blueprint.route("/listings/<listing_code>/documents/<document_hash>", methods=["GET"])
@blueprint.response(200, content_type="application/*", description="The document as it was sent.")
@blueprint.or_bytes(200, "image/*")
@public("its supplier shows it to everybody")
@limit("30 per minute")
def get_listing_document(listing_code: str, document_hash: str) -> Response:
    """Open a document of the listing's public evidence, to be saved."""
    with unit_of_work(Reach.PUBLIC) as uow:
        listing = catalogue.get_listing(uow.session, listing_code)
        shown = {proof["sha256"] for proof in public_evidence(listing.version.content)}
        supplier_id = listing.supplier_id
    if document_hash not in shown:
        raise ListingDocumentNotFound(document_hash)
    # Nobody but its supplier and the staff reaches the row; that it is public was seen above.
    with unit_of_work(Reach.EXCHANGE) as uow:
        found = get(PublicDocuments).read(uow, supplier_id, document_hash)  # type: ignore[type-abstract]
    if found is None:
        raise ListingDocumentNotFound(document_hash)
    media_type, name, content = found
    return to_be_saved(content, media_type=media_type, name=name)


@blueprint.route("/listings/<listing_code>/similar", methods=["GET"], parameters=[LANGUAGE])
@blueprint.response(200, SimilarListingsSchema)
@public("it points to other public pages")
def get_similar(listing_code: str) -> Answer:
    """List the listings that are most like this one."""
    language = asked_language()
    with unit_of_work(Reach.PUBLIC) as uow:
        found = catalogue.list_similar(uow.session, listing_code)
        items = [render_card(_columns(item, uow.now), language) for item in found]
    return in_language(language, {"items": items})


@blueprint.route("/listings/<listing_code>/delisting", methods=["POST"])
@blueprint.response(201, ListingStateSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_delisting(listing_code: str) -> Listing:
    """Take one's own listing off sale for good; running agreements go on."""
    with unit_of_work() as uow:
        listing = services.delist_listing(uow, current_principal(), listing_code=listing_code)
        uow.commit()
    return listing


@blueprint.route("/vocabularies", methods=["GET"], parameters=[LANGUAGE])
@blueprint.response(200, VocabulariesSchema)
@public("forms and pages of everybody use the same words")
def get_vocabularies() -> Answer:
    """Show every coded word with its label, and where each vocabulary comes from."""
    language = asked_language()
    read = {name: edition(name) for name in sorted(NAMES)}
    terms = {
        name: [
            {
                "code": term.code,
                "label": term.label(language),
                "parent": term.parent,
                **({"former_label": term.former_zh} if term.former_zh else {}),
            }
            for term in found.terms.values()
        ]
        for name, found in read.items()
    }
    return in_language(language, {"vocabularies": terms, "editions": read})


def _columns(listing: Listing, at: datetime) -> dict[str, Any]:
    names = (column.key for column in listing.__mapper__.column_attrs)
    columns = {name: getattr(listing, name) for name in names}
    return columns | {"quality": listing.quality_at(at)}


def _labelled(facet: str, counts: list[dict[str, Any]], language: Language) -> list[dict[str, Any]]:
    words = _FACET_VOCABULARIES.get(facet)
    if words is None:
        return counts
    return [
        {**entry, "label": labelled(words, entry["value"], language)["label"]} for entry in counts
    ]
