"""A buyer's free money goes back to its bank: asked for, approved, sent, by different people."""

import itertools
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.deciders import DeciderNotIndependent, SecondPersonRequired
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.top_ups import services as top_up_services
from ledger.journal.top_ups.bank_transfer_gateway import BankTransferGateway
from ledger.journal.top_ups.creditor_reference import creditor_reference
from ledger.journal.wallets import services
from ledger.journal.withdrawals import services as withdrawal_services
from ledger.journal.withdrawals.errors import (
    MayNotCancelWithdrawal,
    WithdrawalExceedsRefundable,
)
from ledger.journal.withdrawals.events import (
    WithdrawalFailed,
    WithdrawalPaid,
    WithdrawalReturnWithdrawn,
)
from tests.factories.crossing import second_runs_into_first
from tests.factories.filtered import check_filters
from tests.factories.traded_books import balances, log_keys
from tests.unit.journal.journal_app import BUYER_ID, PRINCIPALS, journal_app

WAIT = 3 * 86_400
WALLET = f"{BUYER_ID}/wallet/CNY"
BANK, TRANSIT = "exchange/bank/CNY", "exchange/transit/CNY"
DETAILS = {"holder": "Buyer Ltd", "bank": "ICBC", "account_number": "6222 0000 1234"}


@pytest.fixture
def call(units, clock):
    ports = BillingPorts(LogLaneLedger(), log_keys().statements)
    client = journal_app(units, ports, clock).test_client()
    numbers = itertools.count()

    def request(who, method, path, json=None):
        headers = {"Authorization": who, "Idempotency-Key": f"key-{next(numbers)}"}
        return client.open(path, method=method, json=json, headers=headers)

    return request


@pytest.fixture
def pay_in(units):
    """A bank transfer that two operators saw."""

    def run(amount=100 * SCALE):
        with units.begin(Reach.EXCHANGE) as uow:
            made = top_up_services.request_top_up(
                uow,
                PRINCIPALS["buyer"],
                BankTransferGateway({"CNY": "Bank"}),
                amount=amount,
                currency="CNY",
            )
            uow.session.flush()
            for who in ("operator", "second_operator"):
                top_up_services.confirm_top_up(
                    uow,
                    PRINCIPALS[who],
                    top_up_id=made.top_up_id,
                    amount=amount,
                    currency="CNY",
                )
            uow.commit()

    return run


@pytest.fixture
def registered(call, clock):
    """The buyer's bank details, in force."""
    answer = call("buyer", "POST", "/v1/bank-accounts", DETAILS)
    assert answer.status_code == 201, answer.json
    clock.advance(seconds=WAIT)
    return answer.json


@pytest.fixture
def asked(call, pay_in, registered):
    """Sixty of a hundred asked for."""
    pay_in()
    answer = call("buyer", "POST", "/v1/withdrawals", {"amount": "60.00"})
    assert answer.status_code == 201, answer.json
    return answer.json


def spend(units, amount):
    with units.begin(Reach.EXCHANGE) as uow:
        services.open_accounts(uow, organisation_id="org_s")
        draft = postings.charge_order(
            order_id="ord_1",
            buyer_id=BUYER_ID,
            supplier_id="org_s",
            amount=amount,
            currency="CNY",
            split={"supplier": 10_000, "commission": 0, "tax": 0},
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
        uow.commit()


def sound(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return find_imbalances(uow.session) == []


def test_from_the_request_to_the_bank(call, asked, units):
    path = f"/v1/withdrawals/{asked['id']}"
    assert (asked["state"], asked["amount"]) == ("requested", "60.00000000")
    assert balances(units)[WALLET] == 100 * SCALE, "a request moves nothing"
    early = call("operator", "GET", f"{path}/instructions")
    assert early.json["type"] == "/problems#withdrawal-not-approved"
    assert call("operator", "POST", f"{path}/approval").status_code == 403
    assert call("risk_officer", "POST", f"{path}/approval").json["state"] == "approved"
    held = balances(units)
    assert (held[WALLET], held[TRANSIT]) == (40 * SCALE, 60 * SCALE)
    assert sound(units)
    shown = call("operator", "GET", f"{path}/instructions").json
    assert (shown["holder"], shown["account_number"]) == ("Buyer Ltd", "6222 0000 1234")
    assert shown["reference"].startswith("RF")
    sent = {"provider_reference": "ICBC-1"}
    for _ in range(2):
        answer = call("operator", "POST", f"{path}/dispatch", sent)
        assert (answer.status_code, answer.json["state"]) == (200, "sent")
    assert sound(units)
    other = call("operator", "POST", f"{path}/dispatch", {"provider_reference": "ICBC-2"})
    assert other.status_code == 409
    for _ in range(2):
        answer = call("operator", "POST", f"{path}/completion")
        assert (answer.status_code, answer.json["state"]) == (200, "paid")
    held = balances(units)
    assert (held[WALLET], held[BANK]) == (40 * SCALE, -40 * SCALE)
    assert TRANSIT not in held
    assert len([each for each in units.events if isinstance(each, WithdrawalPaid)]) == 1
    assert sound(units)


@pytest.mark.parametrize("is_paid", [False, True])
def test_money_that_did_not_arrive_is_in_the_wallet_again(call, asked, units, is_paid):
    path = f"/v1/withdrawals/{asked['id']}"
    call("risk_officer", "POST", f"{path}/approval")
    if is_paid:
        call("operator", "POST", f"{path}/completion")
        call("operator", "POST", f"{path}/failure", {"failure_code": "account_closed"})
    for _ in range(2):
        failed = call(
            "second_operator", "POST", f"{path}/failure", {"failure_code": "account_closed"}
        )
        assert (failed.json["state"], failed.json["failure_code"]) == ("failed", "account_closed")
    assert balances(units) == {WALLET: 100 * SCALE, BANK: -100 * SCALE}
    assert len([each for each in units.events if isinstance(each, WithdrawalFailed)]) == 1
    again = call("buyer", "POST", "/v1/withdrawals", {})
    assert again.json["amount"] == "100.00000000", "all that may go back"
    assert sound(units)


def test_two_people_say_that_money_came_back(call, asked, units):
    path = f"/v1/withdrawals/{asked['id']}"
    call("risk_officer", "POST", f"{path}/approval")
    call("operator", "POST", f"{path}/completion")
    gone = balances(units)
    first = call("operator", "POST", f"{path}/failure", {"failure_code": "account_closed"})
    assert (first.json["state"], first.json["return_stated_by"]) == (
        "paid",
        PRINCIPALS["operator"].id,
    )
    alone = call("operator", "POST", f"{path}/failure", {"failure_code": "account_closed"})
    assert alone.json["type"] == "/problems#second-person-required"
    assert alone.json["subject_id"] == asked["id"]
    assert balances(units) == gone, "one person's word moves nothing"
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(IntegrityError):
        uow.session.execute(
            text("UPDATE withdrawals SET returned_by = return_stated_by, failed_at = now()")
        )
    second = call("second_operator", "POST", f"{path}/failure", {"failure_code": "wrong_account"})
    assert (second.json["state"], second.json["failure_code"]) == ("failed", "wrong_account")
    (failed,) = [event for event in units.events if isinstance(event, WithdrawalFailed)]
    both = PRINCIPALS["operator"].id, PRINCIPALS["second_operator"].id
    assert (failed.return_stated_by, failed.returned_by) == both
    assert balances(units) == {WALLET: 100 * SCALE, BANK: -100 * SCALE}
    assert sound(units)


def _asked_of(call, who):
    waiting = call(who, "GET", "/v1/withdrawals?is_for_me=true").json["items"]
    return [each["id"] for each in waiting]


def test_a_first_word_by_mistake_is_taken_back_by_any_operator(call, asked, units):
    path = f"/v1/withdrawals/{asked['id']}"
    assert _asked_of(call, "risk_officer") == [asked["id"]]
    assert _asked_of(call, "operator") == []
    call("risk_officer", "POST", f"{path}/approval")
    call("operator", "POST", f"{path}/completion")
    gone = balances(units)
    none = call("operator", "DELETE", f"{path}/failure")
    assert (none.status_code, none.json["type"]) == (409, "/problems#no-return-stated")
    for who in ("operator", "second_operator"):
        call("operator", "POST", f"{path}/failure", {"failure_code": "account_closed"})
        assert _asked_of(call, "second_operator") == [asked["id"]]
        assert _asked_of(call, "operator") == _asked_of(call, "buyer") == []
        assert call("buyer", "DELETE", f"{path}/failure").status_code == 403
        taken_back = call(who, "DELETE", f"{path}/failure").json
        assert (taken_back["state"], taken_back["return_stated_by"]) == ("paid", None)
    assert balances(units) == gone
    first = PRINCIPALS["operator"].id
    taken = [each for each in units.events if isinstance(each, WithdrawalReturnWithdrawn)]
    assert [(each.return_stated_by, each.withdrawn_by) for each in taken] == [
        (first, first),
        (first, PRINCIPALS["second_operator"].id),
    ]


def test_a_line_of_the_statement_that_names_a_withdrawal_is_that_withdrawal_s(call, asked):
    path = f"/v1/withdrawals/{asked['id']}"
    line = {
        "bank_reference": "ICBC 2026-11-23/3",
        "amount": "60.00",
        "arrived_on": "2026-11-23",
        "statement_line": f"CR 60.00 RETURNED REF {creditor_reference(asked['id'])} UNKNOWN",
    }
    assert call("operator", "POST", "/v1/bank-arrivals", line).status_code == 201, "never sent"
    line["bank_reference"] = "ICBC 2026-11-23/4"
    call("risk_officer", "POST", f"{path}/approval")
    call("operator", "POST", f"{path}/completion")
    refused = call("operator", "POST", "/v1/bank-arrivals", line)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems#arrival-came-back")
    assert (refused.json["withdrawal_id"], refused.json["state"]) == (asked["id"], "paid")
    for who in ("operator", "second_operator"):
        call(who, "POST", f"{path}/failure", {"failure_code": "no_account"})
    refused = call("operator", "POST", "/v1/bank-arrivals", line)
    assert refused.json["state"] == "failed", "it is in the wallet again"


def test_no_more_than_is_free_and_came_by_the_bank(call, asked, units):
    unfit = call("buyer", "POST", "/v1/withdrawals", {"amount": "0.001"})
    assert unfit.json["type"] == "/problems#top-up-amount-unfit"
    more = call("buyer", "POST", "/v1/withdrawals", {"amount": "40.01"})
    assert more.json["type"] == "/problems#withdrawal-exceeds-refundable"
    assert more.json["refundable_amount"] == "40.00000000"
    (wallet,) = call("buyer", "GET", "/v1/wallets").json["items"]
    assert (wallet["available"], wallet["refundable"]) == ("100.00000000", "40.00000000")
    call("buyer", "POST", f"/v1/withdrawals/{asked['id']}/cancellation")
    spend(units, 90 * SCALE)
    with units.begin(Reach.EXCHANGE) as uow:
        draft = postings.top_up(
            reference="card",
            organisation_id=BUYER_ID,
            amount=500 * SCALE,
            currency="CNY",
            gateway="stripe",
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
        uow.commit()
    assert call("buyer", "POST", "/v1/withdrawals", {}).json["amount"] == "100.00000000"
    wallets = call("auditor", "GET", "/v1/wallets").json["items"]
    assert {each["refundable"] for each in wallets} == {"0.00000000"}
    nothing = call("buyer", "POST", "/v1/withdrawals", {})
    assert nothing.json["type"] == "/problems#withdrawal-exceeds-refundable"


def test_what_was_spent_since_the_request_is_not_sent(call, asked, units):
    spend(units, 50 * SCALE)
    path = f"/v1/withdrawals/{asked['id']}"
    refused = call("risk_officer", "POST", f"{path}/approval")
    assert refused.json["type"] == "/problems#withdrawal-exceeds-refundable"
    assert refused.json["refundable_amount"] == "50.00000000"
    assert call("operator", "POST", f"{path}/cancellation").json["state"] == "cancelled"
    assert call("risk_officer", "POST", f"{path}/approval").status_code == 409
    assert sound(units)


def test_two_approvals_at_once_take_from_the_wallet_what_it_has(asked, units):
    """A second request made beside the first one, before either could see the other."""
    with units.begin(Reach.EXCHANGE) as uow:
        second = withdrawal_services.request_withdrawal(
            uow, PRINCIPALS["buyer"], amount=40 * SCALE, currency="CNY"
        )
        second.amount = 60 * SCALE
        uow.commit()

    def approve(withdrawal_id):
        return lambda uow: withdrawal_services.approve_withdrawal(
            uow, PRINCIPALS["risk_officer"], withdrawal_id=withdrawal_id
        )

    with pytest.raises(WithdrawalExceedsRefundable):
        second_runs_into_first(units, approve(asked["id"]), approve(second.withdrawal_id))
    assert balances(units)[WALLET] == 40 * SCALE
    assert sound(units)


def test_details_are_needed_and_new_ones_stop_what_was_asked_before(call, pay_in, clock):
    pay_in()
    missing = call("buyer", "POST", "/v1/withdrawals", {})
    assert missing.json["type"] == "/problems#withdrawal-account-missing"
    call("buyer", "POST", "/v1/bank-accounts", DETAILS)
    clock.advance(seconds=WAIT)
    asked = call("buyer", "POST", "/v1/withdrawals", {}).json
    call("buyer", "POST", "/v1/bank-accounts", {**DETAILS, "account_number": "6222 0000 9999"})
    clock.advance(seconds=WAIT)
    path = f"/v1/withdrawals/{asked['id']}"
    changed = call("risk_officer", "POST", f"{path}/approval")
    assert changed.json["type"] == "/problems#withdrawal-account-changed"


def test_nobody_else_sees_cancels_or_decides_it(call, asked, units):
    path = f"/v1/withdrawals/{asked['id']}"
    assert call("stranger", "GET", path).status_code == 404
    assert call("stranger", "GET", "/v1/withdrawals").json["items"] == []
    assert call("stranger", "POST", f"{path}/cancellation").status_code == 404
    assert call("auditor", "POST", f"{path}/cancellation").json["type"] == (
        "/problems#may-not-cancel-withdrawal"
    )
    (listed,) = call("operator", "GET", "/v1/withdrawals?state=requested").json["items"]
    assert listed["id"] == asked["id"]
    check_filters(
        call,
        ("buyer", "operator"),
        "/v1/withdrawals",
        fits=[{"organisation_id": BUYER_ID}, {"currency": "CNY"}, {"from": asked["requested_at"]}],
        misfits=[{"currency": "USD"}, {"until": asked["requested_at"]}, {"state": "paid"}],
    )
    assert call("buyer", "GET", path).json == listed
    own = Principal("psn_x", BUYER_ID, frozenset({Role.BUYER}))
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DeciderNotIndependent):
        withdrawal_services.approve_withdrawal(uow, own, withdrawal_id=asked["id"])
    for other in (replace(own, roles=frozenset({Role.SUPPLIER})), PRINCIPALS["stranger"]):
        with units.begin(Reach.EXCHANGE) as uow, pytest.raises(MayNotCancelWithdrawal):
            withdrawal_services.cancel_withdrawal(uow, other, withdrawal_id=asked["id"])


def test_who_let_it_go_does_not_send_it(asked, units):
    both = replace(PRINCIPALS["risk_officer"], roles=frozenset({Role.RISK_OFFICER, Role.OPERATOR}))
    with units.begin(Reach.EXCHANGE) as uow:
        withdrawal_services.approve_withdrawal(uow, both, withdrawal_id=asked["id"])
        with pytest.raises(SecondPersonRequired):
            withdrawal_services.note_sent(
                uow, both, withdrawal_id=asked["id"], provider_reference="ICBC-1"
            )


def test_a_frozen_wallet_pays_nothing_back(call, asked, units):
    freeze = (
        "INSERT INTO account_freezes (freeze_id, account_id, organisation_id, rule, finding,"
        " frozen_at) VALUES ('frz_1', :account_id, :organisation_id, 'r', '{}', now())"
    )
    with units.begin(Reach.EXCHANGE) as uow:
        uow.session.execute(text(freeze), {"account_id": WALLET, "organisation_id": BUYER_ID})
        uow.commit()
    refused = call("risk_officer", "POST", f"/v1/withdrawals/{asked['id']}/approval")
    assert refused.json["type"] == "/problems#account-frozen"
