"""Ratings: by whom, how often, and what a listing's sums of them are."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.core.principals import Principal, Role
from app.core.reach import Reach
from listings import services
from listings.catalogue.filters import CatalogueQuery
from listings.catalogue.rating_means import mean_label
from listings.errors import NothingToRate, RatingNotFound
from listings.events import ListingRated
from listings.models import Listing, Rating
from listings.offers.errors import OwnListing
from listings.queries.catalogue import search_catalogue
from tests.factories.listings import BUYER, SUPPLIER_ID


def buyer(number):
    return Principal(f"psn_{number}", f"org_{number:026}", frozenset({Role.BUYER}))


class Everybody:
    """Metering's answer, as the test wants it."""

    def has_called(self, _session, *, buyer_id, listing_code):
        return bool(buyer_id and listing_code)


class Nobody:
    """The same for those who never called."""

    def has_called(self, _session, *, buyer_id, listing_code):
        return not (buyer_id and listing_code)


def rate(market, listing_code, stars, principal=BUYER, calling=None):
    with market.acting(principal) as uow:
        return services.rate_listing(
            uow, principal, calling or Everybody(), listing_code=listing_code, stars=stars
        )


def sums(market, listing_code):
    with market.units.begin(Reach.EXCHANGE) as uow:
        listing = uow.session.get(Listing, listing_code)
        return listing.rating_count, listing.rating_stars


@pytest.fixture
def code(market):
    return market.listed().listing_code


@pytest.mark.parametrize(
    ("count", "stars", "label"),
    [(0, 0, None), (1, 5, "5.00"), (3, 10, "3.33"), (3, 11, "3.67"), (8, 37, "4.63")],
)
def test_a_mean_has_two_decimals_half_up(count, stars, label):
    assert mean_label(count, stars) == label


def test_a_later_rating_replaces_the_former_and_a_withdrawn_one_is_gone(market, code, clock):
    rate(market, code, 2)
    clock.advance(seconds=5)
    assert rate(market, code, 4).rated_at == clock.now()
    assert sums(market, code) == (1, 4)
    assert [event.stars for event in market.events(ListingRated)] == [2, 4]
    assert {event.supplier_id for event in market.events(ListingRated)} == {SUPPLIER_ID}
    with market.acting(BUYER) as uow:
        services.withdraw_rating(uow, BUYER, listing_code=code)
    assert sums(market, code) == (0, 0)
    with market.acting(BUYER) as uow, pytest.raises(RatingNotFound):
        services.withdraw_rating(uow, BUYER, listing_code=code)


def test_nobody_rates_what_it_never_received_or_sells(market, code):
    with pytest.raises(NothingToRate):
        rate(market, code, 1, calling=Nobody())
    market.verify(SUPPLIER_ID, "Supplier Ltd", is_supplier=True, is_buyer=True)
    with pytest.raises(OwnListing):
        rate(market, code, 5, Principal("psn_s", SUPPLIER_ID, frozenset({Role.BUYER})))
    assert sums(market, code) == (0, 0)


def test_two_who_rate_at_once_are_both_counted(market, code):
    raters = [buyer(number) for number in range(10, 18)]
    for each in raters:
        market.verify(each.organisation_id, "Buyer", is_buyer=True)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: rate(market, code, 3, each), raters))
    assert sums(market, code) == (8, 24)


def test_who_rated_is_nobody_elses_to_read(market, code):
    rate(market, code, 3)
    for reach in (Reach.PUBLIC, Reach.organisation(SUPPLIER_ID)):
        with market.units.begin(reach) as uow:
            assert uow.session.scalars(select(Rating)).all() == []


def test_the_best_come_first_and_one_voice_is_not_many(market, code):
    one_voice, unrated = (market.listed(name=name).listing_code for name in ("一", "二"))
    for number in range(10, 18):
        market.verify(buyer(number).organisation_id, "Buyer", is_buyer=True)
        rate(market, code, 5 if number % 2 else 4, buyer(number))
    rate(market, one_voice, 5)
    with market.units.begin(Reach.PUBLIC) as uow:
        page = search_catalogue(uow.session, CatalogueQuery(sort="rating"))
    assert [each.listing_code for each in page.items] == [code, one_voice, unrated]
