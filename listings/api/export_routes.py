"""Routes of a listing in the words of standards, for other catalogues and tools."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Response

from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.reach import Reach
from app.web.access import public
from app.web.context import get, unit_of_work
from app.web.limits import limit
from app.web.printed import PDF, printed
from listings.api.blueprint import blueprint
from listings.api.catalogue_routes import shown_page
from listings.catalogue.exports import croissant, dcat, odrl
from listings.catalogue.exports.addresses import Addresses
from listings.catalogue.filters import NO_QUALITY
from listings.catalogue.leaflet import NOT_SAID, leaflet_of
from listings.catalogue.leaflet_pdf import render_leaflet
from listings.catalogue.page import render_terms
from listings.ports import PublicAddress
from listings.queries import catalogue

LD_JSON = "application/ld+json"
_SHAPE = {"type": "object"}

Document = dict[str, Any]
Export = Callable[[Document, Mapping[str, Any], Sequence[Document], Addresses], Document]


@blueprint.route("/listings/<listing_code>/dcat", methods=["GET"])
@blueprint.response(200, _SHAPE, content_type=LD_JSON, description="DCAT-AP 3 as JSON-LD")
@public("a listing's page is what the exchange shows to everybody")
def get_dcat(listing_code: str) -> Response:
    """Show a listing as a dataset of DCAT-AP 3, for other catalogues to harvest."""
    return _exported(
        listing_code, lambda columns, content, _, at: dcat.dataset(columns, content, at)
    )


@blueprint.route("/listings/<listing_code>/odrl", methods=["GET"])
@blueprint.response(200, _SHAPE, content_type=LD_JSON, description="ODRL 2.2 as JSON-LD")
@public("a listing's page is what the exchange shows to everybody")
def get_odrl(listing_code: str) -> Response:
    """Show a listing's terms as an offer of ODRL 2.2: purposes, regions, duties, prohibitions."""
    return _exported(listing_code, odrl.offer)


@blueprint.route("/listings/<listing_code>/croissant", methods=["GET"])
@blueprint.response(200, _SHAPE, content_type=LD_JSON, description="Croissant 1.1 as JSON-LD")
@public("a listing's page is what the exchange shows to everybody")
def get_croissant(listing_code: str) -> Response:
    """Show a listing as a data set of Croissant 1.1, for those who train models."""
    return _exported(
        listing_code, lambda columns, content, _, at: croissant.data_set(columns, content, at)
    )


@blueprint.route("/listings/<listing_code>/leaflet", methods=["GET"])
@blueprint.response(200, content_type=PDF, description="可交易数据产品说明书")
@public("a listing's page is what the exchange shows to everybody")
@limit("60 per minute")
def get_leaflet(listing_code: str) -> Response:
    """Show a listing's leaflet for print, in Chinese with English beside it; made of data only."""
    with unit_of_work(Reach.PUBLIC) as uow:
        listing = catalogue.get_listing(uow.session, listing_code)
        page = shown_page(uow, listing, "zh")
        is_graded = listing.quality_at(uow.now) != NO_QUALITY
        until = listing.quality_valid_until if is_graded else None
    sections = leaflet_of(
        page,
        registration=page["registration_id"] or NOT_SAID,
        quality_until=iso_instant(until) if until else None,
    )
    pdf = render_leaflet(sections, name=page["name"], dossier_hash=page["dossier_hash"])
    return printed(pdf, listing_code)


def _exported(listing_code: str, export: Export) -> Response:
    at = Addresses(get(PublicAddress).url, listing_code)
    with unit_of_work(Reach.PUBLIC) as uow:
        listing = catalogue.get_listing(uow.session, listing_code)
        version = listing.version
        names = (column.key for column in listing.__mapper__.column_attrs)
        columns = {name: getattr(listing, name) for name in names}
        columns["version_number"] = version.version_number
        plans = [
            {**plan.reviewed(), **render_terms(plan.reviewed()["terms"], "en")}
            for offer in version.offers
            for plan in offer.plans
        ]
        document = export(columns, version.content, plans, at)
    return Response(canonical_bytes(document), content_type=LD_JSON)
