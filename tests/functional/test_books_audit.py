"""The live audit: a planted breach freezes exactly what it touches, and two people lift it."""

import pytest

from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.core.states import IllegalTransition
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books import cursors, postings
from ledger.journal.books.booking import book
from ledger.journal.books.errors import AccountFrozen
from ledger.journal.books.freezes import check_not_frozen
from ledger.journal.deciders import SecondPersonRequired
from ledger.journal.deferrals import services as deferral_services
from ledger.journal.freezes import queries as freeze_queries
from ledger.journal.freezes import services as freeze_services
from ledger.journal.freezes.errors import FreezeIsLifted, FreezeNotFound
from ledger.journal.freezes.events import AccountFreezeLifted, AccountWasFrozen
from ledger.journal.trading import services as trading_services
from ledger.journal.wallets import services as wallet_services
from ledger.journal.wallets.leases import WalletLeases
from ledger.log.services import driver_cursor
from tests.fakes.clock import START

BUYERS = ("org_a", "org_b", "org_c")
SUPPLIER = "org_supplier"
SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}


def operator(number):
    return Principal(f"psn_{number}", "org_x", frozenset({Role.OPERATOR}), has_second_factor=True)


@pytest.fixture
def trading(in_unit, clock):
    """Three funded buyers that have each bought once; one also a yearly package and a lease."""

    def set_up(uow):
        wallet_services.open_accounts(uow, organisation_id=SUPPLIER)
        for number, buyer in enumerate(BUYERS):
            wallet_services.open_accounts(uow, organisation_id=buyer)
            draft = postings.top_up(
                reference=f"tup_{number}", organisation_id=buyer, amount=100 * SCALE, currency="CNY"
            )
            book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
            charge(uow, buyer, f"ord_{number}")
        deferral_services.defer_order(
            uow,
            order_id="ord_yearly",
            buyer_id=BUYERS[0],
            supplier_id=SUPPLIER,
            amount=10 * SCALE,
            currency="CNY",
            split=SPLIT,
            starts_at=START,
            ends_at=START.replace(year=2027),
        )

    in_unit(set_up)
    reserve(in_unit, clock, BUYERS[0], "lea_1")


def charge(uow, buyer, order_id, amount=SCALE):
    trading_services.charge_order(
        uow,
        order_id=order_id,
        buyer_id=buyer,
        supplier_id=SUPPLIER,
        amount=amount,
        currency="CNY",
        split=SPLIT,
    )


def reserve(in_unit, clock, buyer, lease_id):
    return in_unit(
        lambda uow: WalletLeases(clock).reserve(
            driver_cursor(uow),
            organisation_id=buyer,
            currency="CNY",
            wanted_amount=SCALE,
            least_amount=1,
            lease_id=lease_id,
        )
    )


def audit(in_unit, rounds=3):
    """The audit's steps until each rule has seen everything at least once."""
    for _ in range(3):
        in_unit(cursors.tally)
    return sum(in_unit(freeze_services.audit_next) for _ in range(2 * len(BUYERS) + rounds))


def frozen(in_unit):
    page = in_unit(
        lambda uow: freeze_queries.list_freezes(uow.session, None, cursor=None, limit=20)
    )
    return {freeze.account_id: freeze for freeze in page.items if freeze.lifted_at is None}


def test_books_that_are_well_freeze_nobody(in_unit, trading):
    assert audit(in_unit) == 0
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


def test_a_lease_that_was_given_back_holds_nothing_any_more(in_unit, trading, clock):
    in_unit(
        lambda uow: WalletLeases(clock).settle(driver_cursor(uow), lease_id="lea_1", spent_amount=0)
    )
    assert audit(in_unit) == 0
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


def test_a_row_about_an_account_that_nobody_has_does_not_stop_the_audit(in_unit, trading, plant):
    plant(
        "INSERT INTO write_offs (write_off_id, organisation_id, currency, amount, reason, state,"
        " proposed_by, proposed_at, decided_by, decided_at) VALUES ('wof_x', 'org_nobody', 'CNY',"
        " 7, 'r', 'written_off', 'p', now(), 'q', now())",
        "UPDATE wallets SET balance_amount = balance_amount + 5 WHERE organisation_id = 'org_b'",
    )
    assert audit(in_unit) == 1
    assert set(frozen(in_unit)) == {WALLET}
    found = {row.rule for row in in_unit(lambda uow: find_imbalances(uow.session))}
    assert "write_off_is_booked" in found


WALLET = "org_b/wallet/CNY"
BREACHES = {
    "a posting is changed": (
        "UPDATE postings SET amount = 7 WHERE account_id = 'org_b/wallet/CNY' AND amount > 0",
        "transaction_sums_to_zero",
        {WALLET},
    ),
    "a posting is removed": (
        "DELETE FROM postings WHERE account_id = 'org_b/wallet/CNY' AND amount < 0",
        "transaction_has_its_postings",
        {WALLET, "org_supplier/payable/CNY"},
    ),
    "a wallet is raised": (
        "UPDATE wallets SET balance_amount = balance_amount + 5 WHERE organisation_id = 'org_b'",
        "wallet_is_its_postings",
        {WALLET},
    ),
    "a prepaid wallet is below zero": (
        (
            "ALTER TABLE wallets DROP CONSTRAINT not_oversold;"
            "UPDATE wallets SET balance_amount = -1 WHERE organisation_id = 'org_b'"
        ),
        "wallet_is_within_its_credit",
        {WALLET},
    ),
    "money is pending without a lease": (
        "UPDATE wallets SET pending_amount = 3 WHERE organisation_id = 'org_b'",
        "pending_is_open_leases",
        {WALLET},
    ),
    "a lease is spent beyond its grant": (
        (
            "ALTER TABLE wallet_leases DROP CONSTRAINT spent_within_lease;"
            "UPDATE wallet_leases SET spent_amount = amount + 1"
        ),
        "lease_is_within_its_grant",
        {"org_a/wallet/CNY"},
    ),
    "a lease was spent that nothing was booked under": (
        "UPDATE wallet_leases SET spent_amount = 1",
        "lease_is_its_postings",
        {"org_a/wallet/CNY"},
    ),
    "a top-up was credited that is not in the books": (
        (
            "INSERT INTO top_ups (top_up_id, organisation_id, amount, currency, gateway, reference,"
            " pay_into, state, requested_by, requested_at, first_confirmed_by, second_confirmed_by)"
            " VALUES ('tup_x', 'org_b', 100, 'CNY', 'bank_transfer', 'x', 'x', 'posted', 'p',"
            " now(), 'q', 'r')"
        ),
        "cash_is_booked",
        {WALLET},
    ),
    "a top-up came by another gateway than its money": (
        (
            "INSERT INTO top_ups (top_up_id, organisation_id, amount, currency, gateway, reference,"
            " pay_into, state, requested_by, requested_at, provider_reference, paid_at)"
            " VALUES ('tup_1', 'org_b', 10000000000, 'CNY', 'purse', 'x', 'x', 'posted', 'p',"
            " now(), 'r', now())"
        ),
        "cash_is_at_its_gateway",
        {WALLET},
    ),
    "a payout was paid that left no gateway": (
        (
            "INSERT INTO payouts (payout_id, settlement_id, supplier_id, amount, currency, gateway,"
            " state, requested_by, requested_at, approved_by, approved_at, paid_at)"
            " VALUES ('pay_x', 'set_x', 'org_supplier', 1000000, 'CNY', 'purse', 'paid', 'p',"
            " now(), 'q', now(), now())"
        ),
        "payout_left_its_gateway",
        {"org_supplier/settled/CNY"},
    ),
    "a withdrawal left the bank and no wallet": (
        (
            "INSERT INTO withdrawals (withdrawal_id, organisation_id, amount, currency,"
            " bank_account_id, state, requested_by, requested_at, approved_by, approved_at,"
            " sent_by, sent_at, paid_at) VALUES ('wdr_x', 'org_b', 1000000, 'CNY', 'bka_x',"
            " 'paid', 'p', now(), 'q', now(), 'r', now(), now())"
        ),
        "withdrawal_is_booked",
        {WALLET},
    ),
    "a debt was written off that the books do not give up": (
        (
            "INSERT INTO write_offs (write_off_id, organisation_id, currency, amount, reason,"
            " state, proposed_by, proposed_at, decided_by, decided_at) VALUES"
            " ('wof_x', 'org_b', 'CNY', 7, 'r', 'written_off', 'p', now(), 'q', now())"
        ),
        "write_off_is_booked",
        {WALLET},
    ),
    "deferred money was earned without a booking": (
        "UPDATE deferrals SET recognised_amount = recognised_amount + 1",
        "deferred_is_booked",
        {"org_supplier/payable/CNY"},
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_freezes_exactly_what_it_touches_and_others_trade_on(
    in_unit, trading, plant, clock, units, breach
):
    statement, rule, accounts = BREACHES[breach]
    plant(statement)
    assert audit(in_unit) == len(accounts)
    found = frozen(in_unit)
    assert set(found) == accounts
    assert rule in {row.rule for row in in_unit(lambda uow: find_imbalances(uow.session))}
    events = [event for event in units.events if isinstance(event, AccountWasFrozen)]
    assert {event.account_id for event in events} == accounts
    for number, buyer in enumerate(BUYERS):
        is_frozen = f"{buyer}/wallet/CNY" in accounts
        granted = reserve(in_unit, clock, buyer, f"lea_after_{number}")
        assert (granted == 0) is is_frozen, buyer
        if is_frozen:
            with pytest.raises(AccountFrozen):
                in_unit(lambda uow, buyer=buyer: charge(uow, buyer, f"ord_after_{buyer}"))
        else:
            in_unit(lambda uow, buyer=buyer: charge(uow, buyer, f"ord_after_{buyer}"))
    payable = "org_supplier/payable/CNY"
    with_payable = in_unit(lambda uow: _is_frozen(uow, payable))
    assert with_payable is (payable in accounts)


def test_a_stretch_with_more_findings_than_are_read_at_a_time_freezes_every_account(in_unit, plant):
    def set_up(uow):
        for number in range(250):
            buyer = f"org_{number}"
            wallet_services.open_accounts(uow, organisation_id=buyer)
            draft = postings.top_up(
                reference=f"tup_{number}", organisation_id=buyer, amount=SCALE, currency="CNY"
            )
            book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)

    in_unit(set_up)
    plant("UPDATE postings SET amount = amount + 7 WHERE account_id LIKE 'org_%/wallet/CNY'")
    assert in_unit(freeze_services.audit_next) == 250, "one look at each rule's first stretch"
    assert in_unit(freeze_services.audit_next) == 0
    assert len(in_unit(lambda uow: find_imbalances(uow.session))) == 100, "what an answer holds"


def _is_frozen(uow, account_id):
    try:
        check_not_frozen(uow.session, account_id)
    except AccountFrozen:
        return True
    return False


def lift(in_unit, freeze_id):
    in_unit(
        lambda uow: freeze_services.ask_to_lift(
            uow, operator(1), freeze_id=freeze_id, reason="A test of the alarm."
        )
    )
    in_unit(lambda uow: freeze_services.lift(uow, operator(2), freeze_id=freeze_id))


@pytest.fixture
def breach(in_unit, trading, plant):
    plant("UPDATE wallets SET balance_amount = balance_amount + 5 WHERE organisation_id = 'org_b'")
    audit(in_unit)
    return frozen(in_unit)[WALLET]


def test_a_freeze_is_lifted_by_two_people_with_a_reason_and_the_same_finding_stays_lifted(
    in_unit, breach, plant, clock, units
):
    freeze_id = breach.freeze_id
    with pytest.raises(IllegalTransition):
        in_unit(lambda uow: freeze_services.lift(uow, operator(1), freeze_id=freeze_id))
    in_unit(
        lambda uow: freeze_services.ask_to_lift(
            uow, operator(1), freeze_id=freeze_id, reason="A test of the alarm."
        )
    )
    with pytest.raises(SecondPersonRequired):
        in_unit(lambda uow: freeze_services.lift(uow, operator(1), freeze_id=freeze_id))
    in_unit(lambda uow: freeze_services.lift(uow, operator(2), freeze_id=freeze_id))
    assert isinstance(units.events[-1], AccountFreezeLifted)
    assert reserve(in_unit, clock, "org_b", "lea_b") == SCALE
    assert audit(in_unit) == 0
    with pytest.raises(FreezeIsLifted):
        in_unit(lambda uow: freeze_services.lift(uow, operator(2), freeze_id=freeze_id))
    # Another five units are another finding.
    plant("UPDATE wallets SET balance_amount = balance_amount + 5 WHERE organisation_id = 'org_b'")
    assert audit(in_unit) == 1


WRITE_OFF = (
    "INSERT INTO write_offs (write_off_id, organisation_id, currency, amount, reason, state,"
    " proposed_by, proposed_at, decided_by, decided_at) VALUES ('{0}', 'org_b', 'CNY', 7, 'r',"
    " 'written_off', 'p', now(), 'q', now());"
    "INSERT INTO write_off_items (write_off_id, kind, subject, organisation_id, amount)"
    " VALUES ('{0}', 'credit', 'x', 'org_b', 7)"
)
LIFTED = {
    "another rule finds as much of the same account": (
        "UPDATE wallets SET balance_amount = balance_amount - 5 WHERE organisation_id = 'org_b'",
        "UPDATE wallets SET pending_amount = 5 WHERE organisation_id = 'org_b'",
    ),
    "the same rule finds as much of another row": (
        WRITE_OFF.format("wof_1"),
        WRITE_OFF.format("wof_2"),
    ),
}


@pytest.mark.parametrize("case", LIFTED)
def test_what_was_lifted_for_one_thing_freezes_for_another(in_unit, trading, plant, case):
    first, second = LIFTED[case]
    plant(first)
    assert audit(in_unit) == 1
    lift(in_unit, frozen(in_unit)[WALLET].freeze_id)
    assert audit(in_unit) == 0
    plant(second)
    assert audit(in_unit) == 1


def test_a_freeze_that_is_not_there_cannot_be_lifted(in_unit):
    with pytest.raises(FreezeNotFound):
        in_unit(lambda uow: freeze_services.lift(uow, operator(1), freeze_id="frz_none"))


def test_an_owner_sees_its_own_freeze_only(units, breach):
    for reader, count in (("org_b", 1), ("org_a", 0)):
        with units.begin(Reach.organisation(reader)) as uow:
            page = freeze_queries.list_freezes(uow.session, None, cursor=None, limit=5)
            assert len(page.items) == count
