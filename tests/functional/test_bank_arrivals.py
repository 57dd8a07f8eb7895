"""Money that came to the bank without a reference: recorded once, assigned or sent back by two."""

import itertools
from datetime import UTC, datetime

import psycopg
import pytest

from app.core.money import SCALE
from app.core.reach import Reach
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.books import provider_books
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.suspense import assignment_services, return_services
from ledger.journal.suspense.errors import SuspenseReturned, SuspenseReturnExists
from ledger.journal.suspense.events import SuspenseReturnApproved
from ledger.journal.wallets import services
from tests.factories.crossing import second_runs_into_first
from tests.factories.filtered import listed
from tests.factories.traded_books import balances, log_keys
from tests.unit.journal.journal_app import BUYER_ID, PRINCIPALS, journal_app

BANK, SUSPENSE, TRANSIT = "exchange/bank/CNY", "exchange/suspense/CNY", "exchange/transit/CNY"
WALLET, HELD = f"{BUYER_ID}/wallet/CNY", 42 * SCALE
REFERENCE = "bank_transfer:ICBC 2026-11-20/7"
LINE = {
    "bank_reference": "ICBC 2026-11-20/7",
    "amount": "42.00",
    "arrived_on": "2026-11-20",
    "statement_line": "20 NOV  CR 42.00  WANG FANG 6222 0000 1234  FOR DATA",
}
ARRIVALS, RETURNS = "/v1/bank-arrivals", "/v1/suspense-returns"
FIRST, SECOND = PRINCIPALS["operator"], PRINCIPALS["second_operator"]


@pytest.fixture
def call(units, clock):
    with units.begin(Reach.EXCHANGE) as uow:
        services.open_accounts(uow, organisation_id=BUYER_ID)
        uow.commit()
    ports = BillingPorts(LogLaneLedger(), log_keys().statements)
    client = journal_app(units, ports, clock).test_client()
    numbers = itertools.count()

    def request(who, method, path, json=None):
        headers = {"Authorization": who, "Idempotency-Key": f"key-{next(numbers)}"}
        return client.open(path, method=method, json=json, headers=headers)

    return request


@pytest.fixture
def arrived(call):
    answer = call("operator", "POST", ARRIVALS, LINE)
    assert answer.status_code == 201, answer.json
    return answer.json


@pytest.fixture
def proposed(call, arrived):
    body = {"reference": arrived["reference"], "reason": "Nobody of ours."}
    answer = call("operator", "POST", RETURNS, body)
    assert answer.status_code == 201, answer.json
    return answer.json


@pytest.fixture
def step(call, proposed):
    def run(name, body, who="second_operator"):
        return call(who, "POST", f"{RETURNS}/{proposed['id']}/{name}", body)

    return run


def problem(answer):
    return answer.json["type"].removeprefix("/problems#")


def sound(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return find_imbalances(uow.session) == []


def open_items(call):
    items = call("operator", "GET", "/v1/suspense?is_open=true").json["items"]
    return [each["reference"] for each in items]


def test_a_line_of_the_statement_is_recorded_once_and_waits_in_suspense(call, arrived, units):
    assert (arrived["reference"], arrived["amount"]) == (REFERENCE, "42.00000000")
    assert balances(units) == {BANK: -HELD, SUSPENSE: HELD}
    again = call("second_operator", "POST", ARRIVALS, LINE)
    assert again.json == arrived
    assert balances(units) == {BANK: -HELD, SUSPENSE: HELD}
    unfit = call("operator", "POST", ARRIVALS, LINE | {"bank_reference": "8", "amount": "0.001"})
    assert problem(unfit) == "top-up-amount-unfit"
    for other in ({"amount": "43.00"}, {"arrived_on": "2026-11-19"}, {"currency": "USD"}):
        assert problem(call("operator", "POST", ARRIVALS, LINE | other)) == "arrival-differs"
    assert open_items(call) == [REFERENCE]
    assert call("operator", "GET", ARRIVALS).json["items"] == [arrived]
    assert sound(units)


def test_an_arrival_is_found_by_either_reference_and_by_when_it_was_recorded(call, arrived):
    at = arrived["recorded_at"]
    for wanted, ids in (
        ({"reference": REFERENCE}, [REFERENCE]),
        ({"reference": LINE["bank_reference"], "currency": "CNY"}, [REFERENCE]),
        ({"reference": "ICBC 2026-11-20/8"}, []),
        ({"currency": "USD"}, []),
        ({"from": at}, [REFERENCE]),
        ({"until": at}, []),
    ):
        items = listed(call, "operator", ARRIVALS, wanted)
        assert [each["reference"] for each in items] == ids
    assert call("buyer", "GET", ARRIVALS).status_code == 403


def test_pages_of_arrivals_go_on_behind_the_longest_reference_that_a_bank_gives(call):
    references = {f"{n}{'转' * 119}" for n in (1, 2)}
    for reference in references:
        line = LINE | {"bank_reference": reference}
        assert call("operator", "POST", ARRIVALS, line).status_code == 201
    first = call("operator", "GET", f"{ARRIVALS}?limit=1").json
    second = call("operator", "GET", f"{ARRIVALS}?limit=1&cursor={first['next_cursor']}")
    assert second.status_code == 200, second.json
    shown = first["items"] + second.json["items"]
    assert {each["bank_reference"] for each in shown} == references


def test_its_owner_is_found_by_two_people_as_of_any_money_in_suspense(call, arrived, units):
    body = {"reference": REFERENCE, "organisation_id": BUYER_ID, "reason": "Its treasurer called."}
    made = call("operator", "POST", "/v1/suspense-assignments", body).json
    path = f"/v1/suspense-assignments/{made['id']}/decision"
    assert call("second_operator", "POST", path, {"decision": "approve"}).status_code == 200
    assert balances(units) == {BANK: -HELD, WALLET: HELD}
    refused = call("operator", "POST", RETURNS, {"reference": REFERENCE, "reason": "No."})
    assert problem(refused) == "suspense-assigned"
    assert open_items(call) == []


def test_two_people_send_it_back_and_say_what_the_bank_did(call, step, units):
    assert balances(units) == {BANK: -HELD, SUSPENSE: HELD}, "a proposal moves nothing"
    alone = step("decision", {"decision": "approve"}, who="operator")
    assert problem(alone) == "second-person-required"
    assert step("decision", {"decision": "approve"}).json["state"] == "approved"
    assert balances(units) == {BANK: -HELD, TRANSIT: HELD}
    assert open_items(call) == []
    for _ in range(2):
        done = step("completion", {"provider_reference": "OUT 9"})
        assert (done.status_code, done.json["state"]) == (200, "returned")
    assert step("completion", {"provider_reference": "OUT 8"}).status_code == 409
    again = call("operator", "POST", RETURNS, {"reference": REFERENCE, "reason": "Once more."})
    assert problem(again) == "suspense-return-exists"
    assert balances(units) == {}
    (told,) = [each for each in units.events if isinstance(each, SuspenseReturnApproved)]
    assert (told.proposed_by, told.approved_by) == (FIRST.id, SECOND.id)
    assert sound(units)


@pytest.mark.parametrize("was_paid", [True, False])
def test_what_did_not_arrive_is_in_suspense_again(call, step, units, was_paid):
    step("decision", {"decision": "approve"})
    if was_paid:
        step("completion", {"provider_reference": "OUT 9"})
    for _ in range(2):
        failed = step("failure", {"failure_code": "account_closed"})
        assert (failed.status_code, failed.json["state"]) == (200, "failed")
    assert balances(units) == {BANK: -HELD, SUSPENSE: HELD}
    assert open_items(call) == [REFERENCE]
    again = call("operator", "POST", RETURNS, {"reference": REFERENCE, "reason": "Once more."})
    assert again.status_code == 201
    assert sound(units)


def test_money_that_goes_back_is_nobody_s_meanwhile(call, step, proposed, units):
    body = {"reference": REFERENCE, "organisation_id": BUYER_ID, "reason": "Mine."}
    refused = call("operator", "POST", "/v1/suspense-assignments", body)
    assert problem(refused) == "suspense-return-exists"
    twice = call("operator", "POST", RETURNS, {"reference": REFERENCE, "reason": "No."})
    assert problem(twice) == "suspense-return-exists"
    asked = f"{RETURNS}?is_for_me=true"
    assert call("second_operator", "GET", asked).json["items"] == [proposed]
    assert call("operator", "GET", asked).json["items"] == []
    assert step("decision", {"decision": "decline"}).json["state"] == "declined"
    assert call("operator", "POST", "/v1/suspense-assignments", body).status_code == 201
    states = call("auditor", "GET", f"{RETURNS}?state=declined").json["items"]
    assert [each["id"] for each in states] == [proposed["id"]]


def test_a_line_that_names_a_top_up_is_that_top_up_s(call, units):
    top_up = call("buyer", "POST", "/v1/top-ups", {"amount": "42.00"}).json
    line = LINE | {"statement_line": f"CR 42.00 ref. {top_up['reference'][:8]} "}
    assert call("operator", "POST", ARRIVALS, line).status_code == 201
    spaced = " ".join(top_up["reference"][at : at + 4] for at in range(0, 20, 4)).lower()
    named = LINE | {"bank_reference": "8", "statement_line": f"cr 42.00 /{spaced}/"}
    refused = call("operator", "POST", ARRIVALS, named)
    assert (problem(refused), refused.json["top_up_id"]) == (
        "arrival-is-top-up",
        top_up["id"],
    )


def test_money_for_a_top_up_that_was_given_up_is_recorded_for_nobody_can_confirm_it(call, units):
    top_up = call("buyer", "POST", "/v1/top-ups", {"amount": "42.00"}).json
    line = LINE | {"statement_line": f"CR 42.00 {top_up['reference']}"}
    assert problem(call("operator", "POST", ARRIVALS, line)) == "arrival-is-top-up"
    call("buyer", "POST", f"/v1/top-ups/{top_up['id']}/cancellation")
    assert call("operator", "POST", ARRIVALS, line).status_code == 201
    assert balances(units) == {BANK: -HELD, SUSPENSE: HELD}


def test_money_that_two_people_credited_is_not_recorded_once_more(call, units):
    top_up = call("buyer", "POST", "/v1/top-ups", {"amount": "42.00"}).json
    for who in ("operator", "second_operator"):
        call(who, "POST", f"/v1/top-ups/{top_up['id']}/confirmation", {"amount": "42.00"})
    line = LINE | {"statement_line": f"CR 42.00 {top_up['reference']}"}
    refused = call("operator", "POST", ARRIVALS, line)
    assert (problem(refused), refused.json["state"]) == ("arrival-is-top-up", "posted")
    assert balances(units) == {BANK: -HELD, WALLET: HELD}


def test_money_that_came_to_the_bank_and_was_assigned_may_go_back_there(call, arrived):
    def refundable():
        (wallet,) = call("buyer", "GET", "/v1/wallets").json["items"]
        return wallet["refundable"]

    body = {"reference": arrived["reference"], "organisation_id": BUYER_ID, "reason": "Mine."}
    made = call("operator", "POST", "/v1/suspense-assignments", body).json
    assert refundable() == "0.00000000", "one person's word moves nothing"
    path = f"/v1/suspense-assignments/{made['id']}/decision"
    call("second_operator", "POST", path, {"decision": "approve"})
    assert refundable() == "42.00000000"


def test_what_has_not_arrived_by_the_day_in_shanghai_is_not_recorded(call, units, clock):
    clock.set(datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC))
    tomorrow = LINE | {"arrived_on": "2026-11-21"}
    assert problem(call("operator", "POST", ARRIVALS, tomorrow)) == "arrival-not-yet"
    assert balances(units) == {}
    clock.advance(seconds=1)
    assert call("operator", "POST", ARRIVALS, tomorrow).status_code == 201


def test_money_at_a_provider_goes_back_there_and_what_is_not_there_not_at_all(call, units):
    missing = call("operator", "POST", RETURNS, {"reference": REFERENCE, "reason": "No."})
    assert problem(missing) == "suspense-not-found"
    unknown = call("operator", "POST", f"{RETURNS}/srt_1/decision", {"decision": "approve"})
    assert problem(unknown) == "suspense-return-not-found"
    with units.begin(Reach.EXCHANGE) as uow:
        provider_books.note_unexplained(
            uow, movement_id="txn_1", amount=HELD, currency="CNY", gateway="stripe"
        )
        uow.commit()
    there = call("operator", "POST", RETURNS, {"reference": "stripe:txn_1", "reason": "No."})
    assert problem(there) == "suspense-returns-at-provider"


def test_the_statement_s_line_is_for_operators_and_sealed_in_the_database(
    call, arrived, database_url
):
    for who in ("buyer", "stranger", "auditor"):
        assert call(who, "GET", ARRIVALS).status_code == 403
        assert call(who, "POST", ARRIVALS, LINE).status_code == 403
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT set_config('counterfoil.reach', 'exchange', true)")
        (sealed,) = connection.execute("SELECT line_sealed FROM bank_arrivals").fetchone()
    assert b"WANG" not in bytes(sealed)
    assert arrived["statement_line"] == LINE["statement_line"]


# Two at once, against the database


def test_a_return_and_an_assignment_decided_at_once_give_the_money_once(call, arrived, units):
    body = {"reference": REFERENCE, "organisation_id": BUYER_ID, "reason": "Its own."}

    def send_back(uow):
        return_services.propose_return(uow, FIRST, reference=REFERENCE, reason="Nobody's.")

    def assign(uow):
        assignment_services.propose_assignment(uow, SECOND, **body)

    with pytest.raises(SuspenseReturnExists):
        second_runs_into_first(units, send_back, assign)


def test_two_returns_approved_at_once_do_not_take_more_than_is_there(call, proposed, units):
    """The other money left at its provider meanwhile, so that one of the two is not there."""
    with units.begin(Reach.EXCHANGE) as uow:
        provider_books.note_unexplained(
            uow, movement_id="txn_1", amount=-HELD, currency="CNY", gateway="stripe"
        )
        uow.commit()
    more = LINE | {"bank_reference": "8"}
    call("operator", "POST", ARRIVALS, more)
    second = call(
        "operator", "POST", RETURNS, {"reference": "bank_transfer:8", "reason": "Nobody's."}
    ).json

    def approving(return_id):
        return lambda uow: return_services.approve_return(uow, SECOND, return_id=return_id)

    with pytest.raises(SuspenseReturned):
        second_runs_into_first(units, approving(proposed["id"]), approving(second["id"]))
    assert sound(units)
