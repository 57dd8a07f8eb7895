"""Money that arrived unexplained: two operators find out whose it is, or it goes back."""

import itertools

import pytest

from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.books import provider_books
from ledger.journal.deciders import DeciderNotIndependent
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.suspense import assignment_services
from ledger.journal.suspense.events import SuspenseMoneyAssigned
from ledger.journal.wallets import services
from tests.factories.traded_books import balances, log_keys
from tests.unit.journal.journal_app import BUYER_ID, STRANGER_ID, journal_app

WALLET, SUSPENSE = f"{BUYER_ID}/wallet/CNY", "exchange/suspense/CNY"
REFERENCE = "stripe:txn_1"
ASSIGNMENTS = "/v1/suspense-assignments"


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
def arrive(units):
    """The provider's statement shows money (below 0: that it left) for no reason of ours."""

    def run(movement_id, amount):
        with units.begin(Reach.EXCHANGE) as uow:
            provider_books.note_unexplained(
                uow, movement_id=movement_id, amount=amount, currency="CNY", gateway="stripe"
            )
            uow.commit()

    return run


@pytest.fixture
def arrived(units, arrive):
    with units.begin(Reach.EXCHANGE) as uow:
        services.open_accounts(uow, organisation_id=BUYER_ID)
        uow.commit()
    arrive("txn_1", 42 * SCALE)


def whose(organisation_id=BUYER_ID, reference=REFERENCE):
    return {"reference": reference, "organisation_id": organisation_id, "reason": "Its slip."}


@pytest.fixture
def proposed(call, arrived):
    answer = call("operator", "POST", ASSIGNMENTS, whose())
    assert answer.status_code == 201, answer.json
    return answer.json


def decision(assignment):
    return f"{ASSIGNMENTS}/{assignment['id']}/decision"


def sound(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return find_imbalances(uow.session) == []


def test_two_operators_find_out_whose_it_is(call, proposed, units):
    (listed,) = call("operator", "GET", "/v1/suspense?is_open=true").json["items"]
    assert (listed["reference"], listed["amount"]) == (REFERENCE, "42.00000000")
    assert balances(units)[SUSPENSE] == 42 * SCALE, "a proposal moves nothing"
    asked = f"{ASSIGNMENTS}?is_for_me=true"
    assert call("operator", "GET", asked).json["items"] == []
    assert call("auditor", "GET", asked).json["items"] == []
    assert call("second_operator", "GET", asked).json["items"] == [proposed]
    alone = call("operator", "POST", decision(proposed), {"decision": "approve"})
    assert alone.json["type"] == "/problems#second-person-required"
    approved = call("second_operator", "POST", decision(proposed), {"decision": "approve"})
    assert (approved.json["state"], approved.json["amount"]) == ("approved", "42.00000000")
    held = balances(units)
    assert (held[WALLET], held.get(SUSPENSE, 0)) == (42 * SCALE, 0)
    assert call("operator", "GET", "/v1/suspense?is_open=true").json["items"] == []
    assert len(call("operator", "GET", "/v1/suspense?is_open=false").json["items"]) == 1
    (told,) = [each for each in units.events if isinstance(each, SuspenseMoneyAssigned)]
    assert told.organisation_id == BUYER_ID
    again = call("operator", "POST", ASSIGNMENTS, whose())
    assert again.json["type"] == "/problems#suspense-assigned"
    assert call("operator", "POST", decision(proposed), {"decision": "decline"}).status_code == 409
    assert sound(units)


def test_a_proposal_that_is_declined_may_be_made_anew(call, proposed, units):
    declined = call("second_operator", "POST", decision(proposed), {"decision": "decline"})
    assert declined.json["state"] == "declined"
    again = call("second_operator", "POST", ASSIGNMENTS, whose())
    assert again.status_code == 201
    call("operator", "POST", decision(again.json), {"decision": "approve"})
    assert balances(units)[WALLET] == 42 * SCALE
    states = call("auditor", "GET", f"{ASSIGNMENTS}?state=declined").json["items"]
    assert [each["id"] for each in states] == [proposed["id"]]


def test_what_went_back_at_the_provider_is_in_suspense_no_more(call, proposed, arrive, units):
    arrive("txn_2", -42 * SCALE)
    assert SUSPENSE not in balances(units)
    gone = call("second_operator", "POST", decision(proposed), {"decision": "approve"})
    assert gone.json["type"] == "/problems#suspense-returned"
    call("second_operator", "POST", decision(proposed), {"decision": "decline"})
    left = call("operator", "POST", ASSIGNMENTS, whose(reference="stripe:txn_2"))
    assert left.json["type"] == "/problems#suspense-not-found"
    assert sound(units)


def test_whose_it_may_be_is_checked(call, arrived):
    nobody = call("operator", "POST", ASSIGNMENTS, whose(organisation_id=STRANGER_ID))
    assert nobody.json["type"] == "/problems#wallet-not-open"
    nothing = call("operator", "POST", ASSIGNMENTS, whose(reference="stripe:txn_9"))
    assert nothing.json["type"] == "/problems#suspense-not-found"
    unknown = call("operator", "POST", f"{ASSIGNMENTS}/sus_1/decision", {"decision": "approve"})
    assert unknown.json["type"] == "/problems#suspense-assignment-not-found"


def test_nobody_decides_that_money_is_its_own_organisation_s(call, arrived, units):
    own = Principal("psn_x", BUYER_ID, frozenset({Role.OPERATOR}), has_second_factor=True)
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DeciderNotIndependent):
        assignment_services.propose_assignment(uow, own, **whose())
    proposed = call("operator", "POST", ASSIGNMENTS, whose()).json["id"]
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DeciderNotIndependent):
        assignment_services.approve_assignment(uow, own, assignment_id=proposed)


def test_it_is_the_exchange_s_own_matter(call, proposed):
    for who in ("buyer", "stranger"):
        assert call(who, "GET", "/v1/suspense").status_code == 403
        assert call(who, "POST", ASSIGNMENTS, whose()).status_code == 403
        assert call(who, "POST", decision(proposed), {"decision": "approve"}).status_code == 403
