"""Money that a worker holds idle for calls: a payment that lacks nothing else gets it back."""

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import event

from app.core.db import make_engine
from app.core.money import SCALE
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.reactions import build_reactions
from app.reactions.recalling import LeaseRecall
from ledger.journal.billing.credit_bills.exposure_queries import list_exposures
from ledger.journal.billing.credit_lines.errors import CreditInUse
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.books.call_books import CallBooks
from ledger.journal.periods import services as period_services
from ledger.journal.trading import services
from ledger.journal.wallets.errors import InsufficientFunds
from ledger.journal.wallets.events import HeldMoneyWanted
from ledger.journal.wallets.leases import WalletLeases
from ledger.journal.wallets.models import Wallet
from ledger.journal.wallets.queries import list_wallets
from ledger.log import intake
from metering.fences import ANNOUNCE, CHANNEL, message, recall_message
from metering.plans.steps import turn_periods
from tests.factories.charged_periods import BUYER, HIT, SUPPLIER, enter_in_books
from tests.factories.credit import OnCredit
from tests.factories.metering import SPLIT, World, call
from tests.factories.plans import subscription
from tests.factories.waiting import wait_until
from tests.fakes.metering_ports import HeldUpstream

PAID_IN = 10 * SCALE
PRICE = SCALE * 40 // 100
FEE, OVERAGE = 20 * SCALE, SCALE * 30 // 100
NOBODY = "postgresql://nobody@127.0.0.1:9/none"


@pytest.fixture
def messengers(database_url):
    recall = LeaseRecall(make_engine(database_url, pool_size=1))
    yield {HeldMoneyWanted: recall}
    recall._engine.dispose()


@pytest.fixture
def world(database_url, engine, clock, ids, messengers):
    units = UnitOfWorkFactory(engine, clock, ids, build_reactions(), messengers=messengers)
    made = World(database_url, units, clock, ids)
    made.publish()
    yield made
    made.close()


@pytest.fixture
def upstream():
    return HeldUpstream(HIT)


@pytest.fixture
def plane(world, upstream):
    return world.plane(
        upstream,
        idle_seconds=1000.0,
        wallets=WalletLeases(world.clock),
        books=CallBooks(),
        log=intake,
    )


@pytest.fixture
def licensed(world):
    made = world.license(age_days=0)
    enter_in_books(world, made.licence_id, paid_in=PAID_IN)
    return made


def pay(world, amount):
    with world.units.begin(Reach.EXCHANGE) as uow:
        services.charge_order(
            uow,
            order_id="ord_2",
            buyer_id=BUYER,
            supplier_id=SUPPLIER,
            amount=amount,
            currency="CNY",
            split=SPLIT,
        )
        uow.commit()


def wallet(world):
    """Balance and pending, as the buyer is shown them."""
    with world.units.begin(Reach.EXCHANGE) as uow:
        page = list_wallets(uow.session, BUYER, cursor=None, limit=1)
    return page.items[0].balance_amount, page.items[0].pending_amount


def test_idle_money_comes_back_to_pay(world, plane, licensed):
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    balance, pending = wallet(world)
    assert (balance, pending) == (PAID_IN - PRICE, 3 * PRICE)
    pay(world, balance)
    assert wallet(world) == (0, 0)


def test_a_lease_of_just_after_the_wallet_was_read_makes_nothing_negative(world, plane, licensed):
    with world.units.begin(Reach.EXCHANGE) as uow:
        read_before = uow.session.get_one(Wallet, (BUYER, "CNY"))
        assert call(plane, licensed, {"iata": "PVG"}).status == 200
        (shown,) = list_wallets(uow.session, BUYER, cursor=None, limit=1).items
        assert read_before.available_amount == PAID_IN
    assert (shown.balance_amount, shown.pending_amount) == (PAID_IN, 0)


def test_a_call_goes_on_after_its_lease_went_back(world, plane, licensed):
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    pay(world, PAID_IN - 2 * PRICE)
    answer = call(plane, licensed, {"iata": "PVG"})
    assert (answer.status, answer.leaf["n"]) == (200, 2)
    assert wallet(world) == (0, 0)
    assert call(plane, licensed, {"iata": "PVG"}).status == 402


def test_what_was_spent_of_a_resting_lease_is_settled(world, plane, licensed):
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    counts = "SELECT spent_units, leased_units, leased_amount FROM entitlements"
    assert world.sql(counts) == [(0, 4, 4 * PRICE)]
    plane._calls._keeper.trim_idle(idle_seconds=-1)
    assert world.sql(counts) == [(1, 4, 4 * PRICE)]
    assert world.sql("SELECT balance_amount, pending_amount FROM wallets ORDER BY 1")[-1:] == [
        (PAID_IN - PRICE, 4 * PRICE)
    ]
    assert call(plane, licensed, {"iata": "PVG"}).leaf["n"] == 2


def test_what_calls_spent_on_credit_is_used_of_it(world, plane, licensed):
    world.sql("UPDATE wallets SET credit_limit_amount = %s RETURNING 1", PAID_IN)
    pay(world, PAID_IN)
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    with world.units.begin(Reach.EXCHANGE) as uow:
        page = list_exposures(uow.session, BUYER, at=uow.now, cursor=None, limit=1)
    (exposure,) = page.items
    assert (exposure.used_amount, exposure.pending_amount) == (PRICE, 3 * PRICE)


def test_a_limit_falls_to_what_is_used_without_what_lies_idle(world, plane, licensed):
    def in_unit(work):
        with world.units.begin(Reach.EXCHANGE) as uow:
            done = work(uow)
            uow.commit()
            return done

    buyer = OnCredit(in_unit, world.clock)
    buyer.lend(10)
    pay(world, PAID_IN + 8 * SCALE)
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    assert wallet(world) == (-8 * SCALE - PRICE, 3 * PRICE)
    with pytest.raises(CreditInUse):
        buyer.lend(8)
    assert wallet(world)[1] == 3 * PRICE
    buyer.lend(9)
    assert wallet(world) == (-8 * SCALE - PRICE, 0)


def test_what_a_call_is_using_does_not_pay(world, plane, licensed, upstream):
    upstream.gate.clear()
    with ThreadPoolExecutor(1) as threads:
        calling = threads.submit(call, plane, licensed, {"iata": "PVG"})
        assert upstream.asked.wait(10)
        with pytest.raises(InsufficientFunds, match=r"1\.60000000 CNY is held for calls"):
            pay(world, PAID_IN)
        upstream.gate.set()
        assert calling.result(20).status == 200
    assert wallet(world)[0] == PAID_IN - PRICE


def test_nobody_is_asked_for_what_would_not_do(world, plane, licensed):
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    before = wallet(world)
    with pytest.raises(InsufficientFunds, match="top up first"):
        pay(world, PAID_IN - PRICE + 1)
    assert wallet(world) == before


@pytest.fixture
def unheard():
    return {HeldMoneyWanted: LeaseRecall(make_engine(NOBODY, pool_size=1))}


def test_a_payment_is_refused_where_nobody_can_be_asked(
    database_url, engine, clock, ids, world, plane, licensed, unheard
):
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    balance, pending = wallet(world)
    for messengers in (unheard, {}):
        world.units = UnitOfWorkFactory(
            engine, clock, ids, build_reactions(), messengers=messengers
        )
        with pytest.raises(InsufficientFunds, match="is held for calls"):
            pay(world, balance)
    assert wallet(world) == (balance, pending)


def owe_minimums(world, licence_id, *amounts):
    """Commitments that fell short while the wallet had nothing; then there is money."""
    enter_in_books(world, licence_id, paid_in=1)
    with world.units.begin(Reach.EXCHANGE) as uow:
        for period, amount in enumerate(amounts, 1):
            period_services.adjust_period(
                uow,
                licence_id=licence_id,
                buyer_id=BUYER,
                supplier_id=SUPPLIER,
                period=period,
                excess_amount=0,
                missing_amount=amount,
                currency="CNY",
                split=SPLIT,
            )
        draft = postings.top_up(
            reference="tup_2", organisation_id=BUYER, amount=PAID_IN, currency="CNY"
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
        uow.commit()


def test_nobody_is_waited_for_while_what_was_collected_is_locked(engine, clock, ids, world, plane):
    asked = []
    messengers = {HeldMoneyWanted: asked.append}
    licensed = world.license(age_days=0)
    owe_minimums(world, licensed.licence_id, PAID_IN - 4 * PRICE, 3 * PRICE)
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    units = UnitOfWorkFactory(engine, clock, ids, build_reactions(), messengers=messengers)
    with units.begin(Reach.EXCHANGE) as uow:
        assert period_services.collect_minimums(uow) == 1
        uow.commit()
    assert asked == []


@pytest.fixture
def late_recall(engine, plane):
    """Who holds the money gives it back as soon as the connection of who asked is free again."""
    asked = []

    def give_back(*_):
        if asked:
            asked.clear()
            plane._calls._keeper.give_back_money(frozenset({BUYER}))

    event.listen(engine, "checkin", give_back)
    yield {HeldMoneyWanted: asked.append}
    event.remove(engine, "checkin", give_back)


def test_a_period_s_fee_is_paid_with_what_its_own_licence_held(
    engine, clock, ids, world, plane, late_recall
):
    enter_in_books(world, "lic_other", paid_in=2 * FEE + OVERAGE)
    licensed = world.license(subscription(included=1), days=91, age_days=0)
    until_at = world.one("SELECT until_at FROM licence_periods")
    clock.advance(seconds=(until_at - clock.now()).total_seconds() - 20)
    for _ in range(2):
        assert call(plane, licensed, {"iata": "PVG"}).status == 200
    assert wallet(world)[1] > 0
    turn_periods(UnitOfWorkFactory(engine, clock, ids, build_reactions(), messengers=late_recall))
    assert world.sql("SELECT state FROM licence_periods ORDER BY period") == [("open",), ("open",)]
    assert wallet(world) == (0, 0)


def test_news_are_heard_while_leases_go_back(world, plane, licensed):
    forgotten, gate = [], threading.Event()
    plane._callers.forget = lambda kind, subjects: forgotten.append((kind, subjects))
    plane._calls._keeper._close_recalled = lambda _meters: gate.wait(60)
    with psycopg.connect(world.database_url, autocommit=True) as other:

        def is_heard():  # announced again: it may not listen yet
            for asking in (recall_message(licensed.licence_id), message("key", ["key_other"])):
                other.execute(ANNOUNCE, {"channel": CHANNEL, "message": asking})
            return ("key", frozenset({"key_other"})) in forgotten

        try:
            wait_until(is_heard)
        finally:
            gate.set()
