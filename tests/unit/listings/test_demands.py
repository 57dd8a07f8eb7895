"""Demands: bounds, words that they must not have, and changes that meet an answer."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.core.reach import Reach
from listings import services
from listings.events import CustomOfferProposed, DemandAnswered, DemandClosed, DemandExtended
from listings.models import CustomOffer
from listings.offers.demand_errors import (
    AnswerLimitReached,
    DemandAlreadyAnswered,
    DemandLimitReached,
    DemandNotOpen,
)
from listings.offers.demand_faults import demand_faults
from listings.offers.demand_states import LIFE_CYCLE, STATES
from listings.services import demands
from tests.factories.listings import BUYER, BUYER_ID, PLAN, SUPPLIER, SUPPLIER_ID


@pytest.fixture
def listing(market):
    return market.listed()


@pytest.fixture
def form(clock):
    return {
        "title": "各城市人口数据",
        "description": "Population of every city.",
        "fields": [],
        "topic": "SPACE_TIME",
        "sectors": ["CITY"],
        "intended_use": "Site selection.",
        "budget_min_amount": None,
        "budget_max_amount": None,
        "currency": "CNY",
        "closes_at": clock.now() + timedelta(days=10),
    }


@pytest.fixture
def post(market, form):
    def posting():
        with market.acting(BUYER) as uow:
            return services.post_demand(uow, BUYER, form)

    return posting


@pytest.fixture
def answer(market, listing):
    def answering(demand, **changes):
        command = {
            "demand_id": demand.id,
            "listing_code": listing.listing_code,
            "plan": PLAN,
            "valid_until": market.clock.now() + timedelta(days=30),
            "message": "Every city.",
            **changes,
        }
        with market.acting() as uow:
            return services.answer_demand(uow, SUPPLIER, **command)

    return answering


@pytest.fixture
def as_buyer(market):
    def doing(verb, demand, **command):
        with market.acting(BUYER) as uow:
            return verb(uow, BUYER, demand_id=demand.id, **command)

    return doing


def test_every_stored_state_is_in_the_life_cycle():
    assert LIFE_CYCLE.states() | {"EXPIRED"} == set(STATES)


@pytest.mark.parametrize(
    ("said", "is_refused"),
    [
        ("Write to li.wei@buyer.example", True),
        ("call 138-1234-5678", True),
        ("电话１３８１２３４５６７８", True),
        ("+86 13812345678", True),
        ("021-63512345", True),
        ("+44 20 7946 0958", True),
        ("微信号: liwei_1988", True),
        ("加微信 liwei1988", True),
        ("QQ：12345678", True),
        ("10000000000 rows, 13.812345678 of them a day", False),
        ("From 2026-01-01 until 2026-12-31, at 1:10000", False),
        ("微信支付20000笔以上的商户", False),
        ("Usage of WeChat mini programs by city", False),
        ("@home and +5 percent", False),
    ],
)
def test_no_demand_says_how_to_reach_past_the_exchange(form, said, is_refused):
    found = [fault.pointer for fault in demand_faults({**form, "intended_use": said})]
    assert found == (["#/intended_use"] if is_refused else [])


def test_who_is_told_of_what(market, post, answer, as_buyer, clock):
    demand, unanswered = post(), post()
    offer = answer(demand)
    (answered,) = market.events(DemandAnswered)
    assert (answered.buyer_id, answered.custom_offer_id) == (BUYER_ID, offer.id)
    assert len(market.events(CustomOfferProposed)) == 1
    later = clock.now() + timedelta(days=40)
    as_buyer(services.extend_demand, demand, closes_at=later)
    (extended,) = market.events(DemandExtended)
    assert (extended.supplier_ids, extended.closes_at) == ((SUPPLIER_ID,), later)
    # Who has no open offer has nothing to lose by it.
    clock.advance(seconds=30 * 86_400)
    as_buyer(services.close_demand, demand)
    as_buyer(services.close_demand, unanswered)
    assert [event.supplier_ids for event in market.events(DemandClosed)] == [(), ()]


def test_a_buyer_and_a_demand_have_room_for_so_many(market, post, answer, as_buyer, monkeypatch):
    monkeypatch.setattr(demands, "OPEN_MAX", 1)
    monkeypatch.setattr(demands, "SUPPLIER_ANSWERS_MAX", 1)
    demand = post()
    with pytest.raises(DemandLimitReached):
        post()
    offer = answer(demand)
    with pytest.raises(AnswerLimitReached):
        answer(demand)
    with market.acting() as uow:
        services.withdraw_custom_offer(uow, SUPPLIER, custom_offer_id=offer.id)
    answer(demand)
    monkeypatch.setattr(demands, "SUPPLIER_ANSWERS_MAX", 5)
    monkeypatch.setattr(demands, "ANSWERS_MAX", 1)
    with pytest.raises(AnswerLimitReached) as refusal:
        answer(demand)
    assert refusal.value.facts["limit"] == 1
    as_buyer(services.close_demand, demand)
    post()


def test_an_answer_that_waited_for_the_end_is_too_late(market, post, answer, waits):
    demand = post()
    with ThreadPoolExecutor(1) as pool:
        with market.units.begin(Reach.organisation(BUYER_ID)) as uow:
            services.close_demand(uow, BUYER, demand_id=demand.id)
            late = pool.submit(answer, demand)
            waits()
            uow.commit()
        with pytest.raises(DemandNotOpen):
            late.result(timeout=60)
    with market.as_exchange() as uow:
        assert uow.session.query(CustomOffer).count() == 0


@pytest.fixture
def waits(market):
    """Returns once somebody waits for a lock of this database."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def waiting_for_it():
        never = threading.Event()
        for _ in range(600):
            with market.units.begin(Reach.EXCHANGE) as uow:
                if uow.session.scalar(waiting):
                    return
            never.wait(0.1)
        pytest.fail("nobody waits")

    return waiting_for_it


def test_of_an_edit_and_an_answer_at_once_one_is_refused_or_the_answer_is_later(
    market, post, answer, as_buyer, form
):
    demand = post()
    start = threading.Barrier(2)

    def edit():
        start.wait(timeout=60)
        try:
            return as_buyer(services.edit_demand, demand, form={**form, "title": "Ports"})
        except DemandAlreadyAnswered as refusal:
            return refusal

    def reply():
        start.wait(timeout=60)
        return answer(demand)

    with ThreadPoolExecutor(2) as pool:
        edited, answered = pool.submit(edit), pool.submit(reply)
        end, offer = edited.result(timeout=60), answered.result(timeout=60)
    assert offer.demand_id == demand.id
    with market.acting() as uow:
        title = demands.get_demand(uow.session, demand.id, organisation_id=SUPPLIER_ID).title
    assert title == (demand.title if isinstance(end, DemandAlreadyAnswered) else "Ports")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE demand_buyers SET buyer_id = 'org_other'",
        "DELETE FROM demand_buyers",
        "UPDATE demands SET posted_at = posted_at - interval '1 day'",
        "DELETE FROM demands",
        "TRUNCATE demands CASCADE",
    ],
)
def test_the_database_itself_keeps_whose_it_is_and_when(market, post, statement):
    post()
    with market.units.begin(Reach.EXCHANGE) as uow:
        with pytest.raises(DBAPIError, match="only"):
            uow.session.execute(text(statement))
        uow.session.rollback()


def test_the_database_itself_lets_an_offer_answer_its_own_buyers_demand_only(
    market, post, answer, listing
):
    demand = post()
    market.verify("org_other", "Other Ltd", is_buyer=True)
    with market.units.begin(Reach.organisation(SUPPLIER_ID)) as uow:
        services.propose_custom_offer(
            uow,
            SUPPLIER,
            listing_code=listing.listing_code,
            buyer_id="org_other",
            plan=PLAN,
            valid_until=market.clock.now() + timedelta(days=30),
            message="Past the service.",
            demand_id=demand.id,
        )
        with pytest.raises(IntegrityError, match="fk_custom_offers_demands"):
            uow.commit()
