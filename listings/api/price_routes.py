"""The route of comparable prices: what like listings ask for one unit."""

from typing import Any

from app.core.reach import Reach
from app.web.access import public
from app.web.context import unit_of_work
from listings.api.blueprint import blueprint
from listings.api.languages import LANGUAGE, Answer, asked_language, in_language
from listings.queries.prices import Comparison, compare_prices
from listings.schemas.prices import ComparablePricesSchema
from listings.vocabulary import Language, labelled


@blueprint.route(
    "/listings/<listing_code>/comparable-prices", methods=["GET"], parameters=[LANGUAGE]
)
@blueprint.response(200, ComparablePricesSchema)
@public("it is made of prices that stand on public pages")
def get_comparable_prices(listing_code: str) -> Answer:
    """Compare a listing's prices of one unit with those of listings of its topic and kind."""
    language = asked_language()
    with unit_of_work(Reach.PUBLIC) as uow:
        found = compare_prices(uow.session, listing_code)
    return in_language(language, {"items": [_shown(each, language) for each in found]})


def _shown(found: Comparison, language: Language) -> dict[str, Any]:
    return {
        "price_model": labelled("price_models", found.price_model, language),
        "unit": labelled("units", found.unit, language),
        "currency": found.currency,
        "own": found.own,
        "band": found.band,
    }
