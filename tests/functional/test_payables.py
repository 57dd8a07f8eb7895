"""What a supplier is owed now, at every step of its money, by hand and by the books."""

import pytest
from sqlalchemy import text

from app.core.cipher import Cipher
from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.balances.queries import list_payables
from ledger.journal.bank_accounts import services as bank_account_services
from ledger.journal.bank_accounts.details import BankDetails
from ledger.journal.credits import services as credit_services
from ledger.journal.payouts import desk as payout_desk
from ledger.journal.payouts import services as payout_services
from ledger.journal.settlement import run_services
from ledger.journal.settlement.run_services import RunPeriod
from tests.factories.traded_books import (
    CONTRIBUTOR,
    SUPPLIER,
    TradedLicence,
    balances,
    evidence_ports,
)

PAYABLE, SETTLED = f"{SUPPLIER}/payable/CNY", f"{SUPPLIER}/settled/CNY"
TRANSIT = "exchange/transit/CNY"
OWNER = Principal("psn_s", SUPPLIER, frozenset({Role.SUPPLIER}))
OPERATOR = Principal("psn_o", "org_x", frozenset({Role.OPERATOR}), has_second_factor=True)
OFFICER = Principal("psn_r", "org_x", frozenset({Role.RISK_OFFICER}), has_second_factor=True)
WAIT = 3 * 86_400


@pytest.fixture
def do(units):
    """One step with the exchange's reach, committed."""

    def run(verb, *arguments, **named):
        with units.begin(Reach.EXCHANGE) as uow:
            made = verb(uow, *arguments, **named)
            uow.commit()
            return made

    return run


@pytest.fixture
def settle(do, clock):
    def run():
        clock.advance(seconds=1)
        do(run_services.plan_run, RunPeriod("CNY", None, clock.now()), planned_by="psn_o")
        while do(run_services.advance_run):
            pass

    return run


@pytest.fixture
def licence(do, units, clock):
    """A licence that is called, of a supplier whose bank details are in force."""
    do(
        bank_account_services.register_bank_account,
        OWNER,
        Cipher(bytes(32)),
        currency="CNY",
        details=BankDetails("Skyways", "Bank of Examples", "6222 0000 1111 2345"),
    )
    clock.advance(seconds=WAIT)
    return TradedLicence(units, clock)


def shown(units, own=SUPPLIER, reach=None):
    """(accrued, settled, under way, owed, on hold), read with the supplier's own reach."""
    with units.begin(reach or Reach.organisation(own)) as uow:
        page = list_payables(uow.session, own, cursor=None, limit=20)
    (one,) = page.items
    return (
        one.accrued_amount,
        one.settled_amount,
        one.under_way_amount,
        one.owed_amount,
        one.on_hold_amount,
    )


@pytest.fixture
def owed(units):
    """Compares what is shown with figures by hand (10⁻⁸), and those with the journal's accounts."""

    def check(accrued=0, settled=0, under_way=0):
        assert shown(units) == (accrued, settled, under_way, accrued + settled + under_way, 0)
        booked = balances(units)
        assert (booked.get(PAYABLE, 0), booked.get(SETTLED, 0)) == (accrued, settled)
        assert booked.get(TRANSIT, 0) == under_way
        with units.begin(Reach.EXCHANGE) as uow:
            assert find_imbalances(uow.session) == []

    return check


def test_every_figure_is_that_of_the_books_from_the_call_to_the_bank(
    do, units, licence, settle, owed
):
    owed()
    licence.lane.call(100 * SCALE + 200)
    owed(accrued=50 * SCALE + 100)
    settle()
    owed(accrued=100, settled=50 * SCALE)
    licence.lane.call(20 * SCALE)
    owed(accrued=10 * SCALE + 100, settled=50 * SCALE)
    payout = _proposed(do, units)
    owed(accrued=10 * SCALE + 100, settled=50 * SCALE)
    do(payout_services.approve_payout, OFFICER, payout_id=payout)
    owed(accrued=10 * SCALE + 100, under_way=50 * SCALE)
    do(payout_desk.confirm_sent, OPERATOR, payout_id=payout, provider_reference="bank-1")
    owed(accrued=10 * SCALE + 100, under_way=50 * SCALE)
    settle()
    owed(accrued=100, settled=10 * SCALE, under_way=50 * SCALE)
    do(payout_desk.confirm_paid, payout_id=payout)
    owed(accrued=100, settled=10 * SCALE)


def test_a_payout_that_fails_is_accrued_again_and_credits_go_below_zero(
    do, units, licence, settle, owed
):
    licence.lane.call(100 * SCALE)
    settle()
    payout = _proposed(do, units)
    do(payout_services.approve_payout, OFFICER, payout_id=payout)
    do(payout_services.note_failed, payout, failure_code="account_closed")
    owed(accrued=50 * SCALE)
    settle()
    owed(settled=50 * SCALE)
    do(_credited, licence.licence_id)
    owed(accrued=-50 * SCALE, settled=50 * SCALE)


def test_a_frozen_account_puts_what_is_not_on_its_way_on_hold(do, units, licence, settle):
    licence.lane.call(100 * SCALE)
    settle()
    licence.lane.call(20 * SCALE)
    with units.begin(Reach.EXCHANGE) as uow:
        uow.session.execute(
            text(
                "INSERT INTO account_freezes (freeze_id, account_id, organisation_id, rule,"
                " finding, frozen_at) VALUES ('frz_1', :account, :owner, 'r', '{}', now())"
            ),
            {"account": PAYABLE, "owner": SUPPLIER},
        )
        uow.commit()
    assert shown(units)[3:] == (60 * SCALE, 60 * SCALE)


def test_each_supplier_sees_its_own_alone_and_the_second_lock_holds(units, licence):
    licence.lane.call(100 * SCALE)
    assert shown(units, CONTRIBUTOR)[0] == 33_33_000_000
    with units.begin(Reach.organisation(CONTRIBUTOR)) as uow:
        page = list_payables(uow.session, None, cursor=None, limit=20)
        foreign = list_payables(uow.session, SUPPLIER, cursor=None, limit=20)
    assert [each.organisation_id for each in page.items] == [CONTRIBUTOR]
    assert foreign.items == []


def _credited(uow, licence_id):
    corrections = credit_services.call_corrections(
        uow.session, evidence_ports(), licence_id, [(1, 1, None)]
    )
    credit_services.give_credit(
        uow,
        credit_id="crd_1",
        licence_id=licence_id,
        amount=corrections[0].amount,
        reason_code="wrong_data",
        corrects=corrections,
    )


def _proposed(do, units):
    with units.begin(Reach.EXCHANGE) as uow:
        newest = "SELECT settlement_id FROM settlements WHERE supplier_id = :own ORDER BY n DESC"
        settlement_id = uow.session.scalars(text(newest), {"own": SUPPLIER}).first()
    return do(payout_services.request_payout, OPERATOR, settlement_id=settlement_id).payout_id
