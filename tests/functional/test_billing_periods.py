"""Money of periods and of yearly packages, in a real database."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.core.money import SCALE
from app.core.reach import Reach
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.books.errors import AccountFrozen
from ledger.journal.deferrals import queries as deferral_queries
from ledger.journal.deferrals import services as deferral_services
from ledger.journal.deferrals.events import DeferralEnded, DeferralNarrowed
from ledger.journal.deferrals.models import Deferral
from ledger.journal.periods import services as period_services
from ledger.journal.periods.events import PeriodAdjusted, PeriodCharged
from ledger.journal.wallets import queries, services
from ledger.journal.wallets.errors import InsufficientFunds

BUYER, SUPPLIER, SECOND = "org_buyer", "org_supplier", "org_second"
SPLIT = {"supplier": 6000, f"supplier:{SECOND}": 2400, "commission": 1000, "tax": 600}
LICENCE, ORDER = "lic_1", "ord_1"
PARTIES = {"buyer_id": BUYER, "supplier_id": SUPPLIER, "currency": "CNY", "split": SPLIT}
START = datetime(2026, 11, 20, 8, tzinfo=UTC)
PRICE = 1_000 * SCALE + 1


@pytest.fixture
def fund(in_unit):
    def run(amount, reference="tup_1"):
        def step(uow):
            services.open_accounts(uow, organisation_id=BUYER)
            draft = postings.top_up(
                reference=reference, organisation_id=BUYER, amount=amount, currency="CNY"
            )
            book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)

        in_unit(step)

    return run


@pytest.fixture
def sums(in_unit):
    def run():
        rows = text("SELECT account_id, sum(amount) FROM postings GROUP BY 1")
        return in_unit(lambda uow: {a: int(n) for a, n in uow.session.execute(rows) if n})

    return run


def wallet(in_unit):
    return in_unit(lambda uow: queries.find_wallet_for_update(uow.session, BUYER, "CNY"))


def charge(uow, amount=100 * SCALE, period=1):
    period_services.charge_period(uow, licence_id=LICENCE, period=period, amount=amount, **PARTIES)


def adjust(uow, charged, due, period=1, **more):
    period_services.adjust_period(
        uow,
        licence_id=LICENCE,
        period=period,
        excess_amount=max(0, charged - due),
        missing_amount=max(0, due - charged),
        **PARTIES,
        **more,
    )


def test_a_period_s_fee_is_charged_once_and_shared_among_all_suppliers(in_unit, fund, sums, units):
    fund(500 * SCALE)
    for _ in range(2):
        in_unit(charge)
    assert sums()["org_buyer/wallet/CNY"] == 400 * SCALE
    assert sums()["org_supplier/payable/CNY"] == 60 * SCALE
    assert sums()["org_second/payable/CNY"] == 24 * SCALE
    assert [type(event) for event in units.events] == [PeriodCharged]


def test_a_fee_beyond_the_wallet_is_refused_and_undoes_nothing_else(in_unit, fund, sums):
    fund(50 * SCALE)

    def opening(uow):
        charge(uow, amount=SCALE, period=1)
        with pytest.raises(InsufficientFunds), uow.session.begin_nested():
            charge(uow, period=2)

    in_unit(opening)
    assert sums()["org_buyer/wallet/CNY"] == 49 * SCALE


def test_a_period_without_a_fee_books_nothing(in_unit, fund, units):
    fund(SCALE)
    in_unit(lambda uow: charge(uow, amount=0))
    in_unit(lambda uow: adjust(uow, 5, 5))
    assert units.events == []


def test_what_was_charged_beyond_the_plan_goes_back_by_the_same_shares(in_unit, fund, sums):
    fund(500 * SCALE)
    in_unit(charge)
    for _ in range(2):
        in_unit(lambda uow: adjust(uow, 100 * SCALE, 70 * SCALE))
    assert sums()["org_buyer/wallet/CNY"] == 430 * SCALE
    assert sums()["org_supplier/payable/CNY"] == 42 * SCALE
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


def test_a_frozen_supplier_gives_nothing_back_at_the_close(in_unit, fund, sums, freeze):
    fund(500 * SCALE)
    in_unit(charge)
    lift = freeze(f"{SECOND}/payable/CNY")
    with pytest.raises(AccountFrozen):
        in_unit(lambda uow: adjust(uow, 100 * SCALE, 70 * SCALE))
    assert sums()["org_buyer/wallet/CNY"] == 400 * SCALE
    lift()
    in_unit(lambda uow: adjust(uow, 100 * SCALE, 70 * SCALE))
    assert sums()["org_buyer/wallet/CNY"] == 430 * SCALE


def test_a_minimum_is_taken_at_the_close_and_dated_inside_the_period(in_unit, fund, sums):
    fund(500 * SCALE)
    until = START - timedelta(hours=1)
    in_unit(lambda uow: adjust(uow, 30 * SCALE, 50 * SCALE, until_at=until))
    assert sums()["org_buyer/wallet/CNY"] == 480 * SCALE
    assert "org_buyer/receivable/CNY" not in sums()
    dated = text("SELECT occurred_at FROM journal_transactions WHERE template = 'charge_minimum'")
    assert in_unit(lambda uow: uow.session.scalar(dated)) == until - timedelta(microseconds=1)


def test_a_minimum_that_the_wallet_lacks_is_owed_and_taken_with_the_next_money(
    in_unit, fund, sums, units
):
    fund(SCALE)
    in_unit(lambda uow: adjust(uow, 0, 50 * SCALE))
    assert sums()["org_buyer/receivable/CNY"] == -50 * SCALE
    assert units.events[-1].is_owed
    assert isinstance(units.events[-1], PeriodAdjusted)
    assert in_unit(period_services.collect_minimums) == 0
    fund(60 * SCALE, "tup_2")
    assert in_unit(period_services.collect_minimums) == 1
    assert in_unit(period_services.collect_minimums) == 0
    assert sums()["org_buyer/wallet/CNY"] == 11 * SCALE
    assert "org_buyer/receivable/CNY" not in sums()


def test_a_minimum_of_a_frozen_wallet_is_owed_until_two_people_looked(in_unit, fund, sums, freeze):
    fund(60 * SCALE)
    lift = freeze(f"{BUYER}/wallet/CNY")
    in_unit(lambda uow: adjust(uow, 0, 50 * SCALE))
    assert in_unit(period_services.collect_minimums) == 0
    assert sums()["org_buyer/receivable/CNY"] == -50 * SCALE
    assert sums()["org_buyer/wallet/CNY"] == 60 * SCALE
    lift()
    assert in_unit(period_services.collect_minimums) == 1
    assert sums()["org_buyer/wallet/CNY"] == 10 * SCALE


@pytest.fixture
def yearly(in_unit, fund):
    """A yearly package of 365 days, paid; its licence starts now."""
    fund(2_000 * SCALE)

    def place(uow):
        term = {"starts_at": START, "ends_at": START + timedelta(days=365)}
        for _ in range(2):
            deferral_services.defer_order(uow, order_id=ORDER, amount=PRICE, **PARTIES, **term)
        deferral_services.note_deferred_licence(uow, order_id=ORDER, licence_id=LICENCE, **term)

    in_unit(place)


def deferral(in_unit):
    return in_unit(lambda uow: uow.session.get(Deferral, ORDER))


def test_a_yearly_price_waits_and_is_earned_day_by_day_to_the_last_unit(
    in_unit, yearly, sums, clock
):
    assert sums()["exchange/deferred/CNY"] == PRICE
    assert "org_supplier/payable/CNY" not in sums()
    assert in_unit(deferral_services.recognise_due) == 0
    clock.advance(seconds=86_400)
    assert in_unit(deferral_services.recognise_due) == 1
    assert in_unit(deferral_services.recognise_due) == 0
    assert deferral(in_unit).recognised_amount == PRICE // 365
    # The exchange stood still for a month: the days come at once, and are as many.
    clock.advance(seconds=31 * 86_400 + 5)
    in_unit(deferral_services.recognise_due)
    assert deferral(in_unit).recognised_amount == PRICE * 32 // 365
    clock.advance(seconds=400 * 86_400)
    in_unit(deferral_services.recognise_due)
    whole = deferral(in_unit)
    assert (whole.recognised_amount, whole.deferred_amount) == (PRICE, 0)
    assert whole.closed_at is not None
    parts = postings.shares(PRICE, SPLIT)
    found = sums()
    assert found["org_supplier/payable/CNY"] == parts["supplier"]
    assert found["org_second/payable/CNY"] == parts[f"supplier:{SECOND}"]
    assert found["exchange/tax/CNY"] == parts["tax"]
    assert "exchange/deferred/CNY" not in found
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


def test_a_package_that_cannot_be_earned_stands_before_no_other(
    in_unit, yearly, fund, clock, plant, monkeypatch
):
    monkeypatch.setattr(deferral_services, "PORTION", 1)
    fund(2_000 * SCALE, "tup_2")
    term = {"starts_at": START - timedelta(days=1), "ends_at": START + timedelta(days=364)}
    in_unit(
        lambda uow: deferral_services.defer_order(
            uow, order_id="ord_bad", amount=PRICE, **PARTIES, **term
        )
    )
    plant("UPDATE deferrals SET split = '{}' WHERE order_id = 'ord_bad'")
    clock.advance(seconds=86_400)
    assert [in_unit(deferral_services.recognise_due) for _ in range(3)] == [0, 1, 0]
    assert deferral(in_unit).recognised_amount == PRICE // 365
    sound = "(SELECT split FROM deferrals WHERE order_id = 'ord_1')"
    plant(f"UPDATE deferrals SET split = {sound}")  # noqa: S608 -- above
    clock.advance(seconds=3_600)
    assert in_unit(deferral_services.recognise_due) == 1
    bad = in_unit(lambda uow: uow.session.get(Deferral, "ord_bad"))
    assert bad.recognised_amount == PRICE * 2 // 365


def test_a_revocation_by_others_gives_the_unearned_rest_back(in_unit, yearly, sums, clock, units):
    clock.advance(seconds=100 * 86_400 + 7)
    for _ in range(2):
        in_unit(
            lambda uow: deferral_services.end_deferral(
                uow, licence_id=LICENCE, reason_code="REGULATOR_ORDER"
            )
        )
    earned = PRICE * 100 // 365
    ended = units.events[-1]
    assert isinstance(ended, DeferralEnded)
    assert (ended.recognised_amount, ended.refunded_amount) == (earned, PRICE - earned)
    assert wallet(in_unit).balance_amount == 2_000 * SCALE - earned
    assert "exchange/deferred/CNY" not in sums()
    clock.advance(seconds=300 * 86_400)
    assert in_unit(deferral_services.recognise_due) == 0


def test_a_buyer_s_breach_leaves_the_rest_with_the_supplier(in_unit, yearly, sums, clock, units):
    clock.advance(seconds=10 * 86_400)
    in_unit(
        lambda uow: deferral_services.end_deferral(uow, licence_id=LICENCE, reason_code="BREACH")
    )
    assert (units.events[-1].recognised_amount, units.events[-1].refunded_amount) == (PRICE, 0)
    assert wallet(in_unit).balance_amount == 2_000 * SCALE - PRICE
    assert sums()["org_supplier/payable/CNY"] == postings.shares(PRICE, SPLIT)["supplier"]


@pytest.mark.parametrize(
    ("reason", "kept"),
    [("REGULATOR_ORDER", 0), ("BREACH", PRICE * 250 // 365 - PRICE * 120 // 365)],
)
def test_a_year_that_is_narrowed_twice_and_ended_in_the_pause_is_given_back_or_kept_exactly(
    in_unit, yearly, sums, clock, units, reason, kept
):
    def narrow(first_day, behind):
        in_unit(
            lambda uow: deferral_services.narrow_deferral(
                uow,
                licence_id=LICENCE,
                starts_at=START + timedelta(days=first_day),
                ends_at=START + timedelta(days=behind, hours=5),
                reason_code="RIGHTS_ENDED",
            )
        )

    clock.advance(seconds=50 * 86_400)
    narrow(100, 300)
    earned, back = PRICE * 50 // 365, PRICE * 100 // 365 - PRICE * 50 // 365
    narrowed = units.events[-1]
    assert isinstance(narrowed, DeferralNarrowed)
    assert narrowed.amount == back + PRICE - PRICE * 300 // 365
    assert narrowed.ends_at == START + timedelta(days=300)
    narrow(100, 300)
    assert units.events[-1] is narrowed
    clock.advance(seconds=20 * 86_400)
    assert in_unit(deferral_services.recognise_due) == 0
    narrow(120, 250)
    twice = deferral(in_unit)
    assert (twice.recognised_amount, twice.deferred_amount) == (
        earned,
        PRICE * 250 // 365 - PRICE * 120 // 365,
    )
    in_unit(lambda uow: deferral_services.end_deferral(uow, licence_id=LICENCE, reason_code=reason))
    assert units.events[-1].recognised_amount == earned + kept
    assert wallet(in_unit).balance_amount == 2_000 * SCALE - earned - kept
    assert "exchange/deferred/CNY" not in sums()
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


def test_a_licence_without_a_deferral_ends_without_money(in_unit, units):
    in_unit(
        lambda uow: deferral_services.end_deferral(uow, licence_id="lic_9", reason_code="BREACH")
    )
    in_unit(
        lambda uow: deferral_services.narrow_deferral(
            uow, licence_id="lic_9", starts_at=START, ends_at=START, reason_code="RIGHTS_ENDED"
        )
    )
    assert units.events == []


def test_parties_see_their_packages_and_nobody_else_does(units, yearly):
    for reader, count in ((BUYER, 1), (SUPPLIER, 1), ("org_stranger", 0)):
        with units.begin(Reach.organisation(reader)) as uow:
            page = deferral_queries.list_deferrals(uow.session, None, cursor=None, limit=5)
            assert len(page.items) == count
