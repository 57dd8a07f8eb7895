"""Prices of like listings: of the same kind and topic, sold by the same model, unit and money."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from listings.models import Listing, Plan
from listings.offers.plan_prices import unit_price
from listings.offers.price_bands import PriceBand, price_band
from listings.queries.catalogue import ON_SALE, get_listing

LISTINGS_MAX = 1_000
"""Like listings that one comparison reads, the latest first."""

Terms = Mapping[str, Any]
Sold = tuple[str, str, str]
"""What prices are compared within: plan kind, unit, currency."""


@dataclass(frozen=True)
class Comparison:
    """One way in which a listing is sold, its own price, and those of others sold likewise."""

    price_model: str
    unit: str
    currency: str
    own: int
    band: PriceBand | None


def compare_prices(session: Session, listing_code: str) -> list[Comparison]:
    """For each way in which the listing is sold; raises `ListingNotFound`."""
    listing = get_listing(session, listing_code)
    own = _lowest(_plans(session, [listing.version_id])[listing.version_id])
    others: dict[Sold, list[int]] = defaultdict(list)
    for plans in _plans(session, _like(session, listing)).values():
        for sold, price in _lowest(plans).items():
            others[sold].append(price)
    return [Comparison(*sold, own[sold], price_band(others[sold])) for sold in sorted(own)]


def _like(session: Session, listing: Listing) -> Sequence[str]:
    """The versions on sale that are of the same topic and kind."""
    wanted = (
        select(Listing.version_id)
        .where(
            ON_SALE,
            Listing.listing_code != listing.listing_code,
            Listing.topic == listing.topic,
            Listing.product_kind == listing.product_kind,
        )
        .order_by(Listing.published_at.desc(), Listing.listing_code)
        .limit(LISTINGS_MAX)
    )
    return session.scalars(wanted).all()


def _plans(session: Session, version_ids: Sequence[str]) -> dict[str, list[Terms]]:
    found: dict[str, list[Terms]] = defaultdict(list)
    wanted = select(Plan.version_id, Plan.terms).where(Plan.version_id.in_(version_ids))
    for version_id, terms in session.execute(wanted):
        found[version_id].append(terms)
    return found


def _lowest(plans: Iterable[Terms]) -> dict[Sold, int]:
    """A listing's lowest price of one unit for each way; what has no price a unit is left out."""
    found: dict[Sold, int] = {}
    for terms in plans:
        price = unit_price(terms)
        if price is not None:
            sold = terms["kind"], terms["unit"], terms["currency"]
            found[sold] = min(price, found.get(sold, price))
    return found
