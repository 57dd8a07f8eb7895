"""Routes of a listing in the words of standards, for other catalogues and tools."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Response

from app.core.canonical import canonical_bytes
from app.core.reach import Reach
from app.web.access import public
from app.web.context import get, unit_of_work
from listings.api.blueprint import blueprint
from listings.catalogue.exports import croissant, dcat, odrl
from listings.catalogue.exports.addresses import Addresses
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
