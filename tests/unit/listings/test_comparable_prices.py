"""What like listings ask for one unit: quartiles of real prices, of enough of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.reach import Reach
from listings.offers.price_bands import LISTINGS_MIN, PriceBand, price_band
from listings.queries.prices import compare_prices
from tests.factories.listings import Market

PRICES = st.lists(st.integers(0, 10**12), min_size=LISTINGS_MIN)


@given(PRICES)
def test_a_band_is_in_order_and_made_of_prices_that_somebody_asks(prices):
    band = price_band(prices)
    steps = [
        band.lowest, band.lower_quartile, band.median, band.upper_quartile, band.highest
    ]  # fmt: skip
    assert steps == sorted(steps)
    assert set(steps) <= set(prices)
    assert (band.lowest, band.highest, band.listings_count) == (
        min(prices), max(prices), len(prices)
    )  # fmt: skip
    assert sum(price <= band.median for price in prices) * 2 >= len(prices)


def test_known_quartiles():
    assert price_band([8, 1, 3, 5, 7]) == PriceBand(5, 1, 3, 5, 7, 8)
    assert price_band([1, 2]) is None


@pytest.fixture
def market(units, clock):
    return Market(units, clock)


def offering(*prices, unit="call"):
    plans = [
        {"kind": "per_call", "unit": unit, "unit_price": price, "currency": "CNY"}
        for price in prices
    ]
    return [{"name": "Calls", "plans": plans}]


def compared(market, listing):
    with market.units.begin(Reach.PUBLIC) as uow:
        return compare_prices(uow.session, listing.listing_code)


def test_a_listing_is_compared_with_those_of_its_topic_and_kind(market):
    own = market.listed(name="自己", offers=offering("0.40"))
    for at, prices in enumerate((("0.10", "0.90"), ("0.20",), ("0.50",))):
        market.listed(name=f"同类{at}", offers=offering(*prices))
    market.listed(name="另一主题", topic="ENVIRONMENT", offers=offering("9.00"))
    market.listed(name="另一类型", product_kind="DATASET", offers=offering("9.00"))
    (found,) = compared(market, own)
    assert (found.price_model, found.unit, found.currency) == ("per_call", "call", "CNY")
    assert found.own == 40_000_000
    assert found.band == PriceBand(3, 10_000_000, 10_000_000, 20_000_000, 50_000_000, 50_000_000)


def test_too_few_like_listings_give_no_band(market):
    own = market.listed(name="自己", offers=offering("0.40"))
    market.listed(name="同类", offers=offering("0.10"))
    (found,) = compared(market, own)
    assert found.band is None
