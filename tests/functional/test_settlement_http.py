"""Credits, disputes, settlements and payouts over HTTP: who may, what is shown, what repeats."""

import base64
import hashlib
import itertools
import json
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
from counterfoil_verify.cli import main as verify
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.canonical import canonical_bytes, sha256_hex
from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.reactions import build_reactions
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.credits.notes import SIGNATURE_DOMAIN as CREDIT_DOMAIN
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.payouts import services as payout_services
from ledger.journal.settlement import run_services
from ledger.journal.settlement.statements import SIGNATURE_DOMAIN as STATEMENT_DOMAIN
from ledger.log.sequencing.sequencer import Sequencer
from tests.factories.filtered import check_filters, listed
from tests.factories.traded_books import TradedLicence, log_keys
from tests.unit.journal.journal_app import (
    BUYER_ID,
    LICENCE_ID,
    ORDER_ID,
    STRANGER_ID,
    SUPPLIER_ID,
    identifier,
    journal_app,
)

WAIT = 3 * 86_400
LISTING = "AIR-1"


@pytest.fixture
def call(units, clock):
    ports = BillingPorts(LogLaneLedger(), log_keys().statements)
    client = journal_app(units, ports, clock).test_client()
    numbers = itertools.count()

    def request(who, method, path, json=None, key=None):
        headers = {"Authorization": who, "Idempotency-Key": key or f"key-{next(numbers)}"}
        return client.open(path, method=method, json=json, headers=headers)

    return request


@pytest.fixture
def licence(units, clock):
    made = TradedLicence(
        units,
        clock,
        supplier=SUPPLIER_ID,
        buyer=BUYER_ID,
        licence_id=LICENCE_ID,
        order_id=ORDER_ID,
    )
    for amount in (10 * SCALE, 20 * SCALE, 30 * SCALE):
        made.lane.call(amount)
    return made


@pytest.fixture
def opened(call, licence):
    body = {
        "licence_id": LICENCE_ID,
        "reason_code": "wrong_data",
        "text": "两次都不对",
        "calls": [{"lane": 1, "n": 1}, {"lane": 1, "n": 3}],
    }
    answer = call("buyer", "POST", "/v1/disputes", body)
    assert answer.status_code == 201, answer.json
    return answer.json


@pytest.fixture
def settle(call, units, clock):
    def run():
        clock.advance(seconds=1)
        body = {"until": clock.now().isoformat()}
        planned = call("operator", "POST", "/v1/settlement-runs", body)
        assert planned.status_code == 201, planned.json
        with units.begin(Reach.EXCHANGE) as uow:
            run_services.advance_run(uow)
            uow.commit()
        return call("auditor", "GET", f"/v1/settlement-runs/{planned.json['id']}").json

    return run


def genuine(domain, document, signature):
    """Whether the exchange's statement key signed the document; raises otherwise."""
    key = Ed25519PublicKey.from_public_bytes(log_keys().statements.public_key)
    key.verify(base64.b64decode(signature), domain + canonical_bytes(document))
    return True


def test_a_dispute_from_claim_to_credit_note(call, opened):
    assert (opened["state"], opened["claimed_amount"]) == ("opened", "40.00000000")
    path = f"/v1/disputes/{opened['id']}"
    decision = {"accepted": [{"lane": 1, "n": 3, "amount": "5.00"}], "text": "One of the two."}
    refused = call("risk_officer", "POST", f"{path}/decision", decision)
    assert refused.json["type"] == "/problems#dispute-awaits-answer"
    answered = call("supplier", "POST", f"{path}/answer", {"text": "Both were right."})
    assert answered.json["state"] == "answered"
    decided = call("risk_officer", "POST", f"{path}/decision", decision, key="once").json
    assert (decided["state"], decided["decision"]) == ("credited", "part")
    again = call("risk_officer", "POST", f"{path}/decision", decision, key="once").json
    assert again == decided
    assert [each["is_accepted"] for each in decided["calls"]] == [False, True]
    assert [each["accepted_amount"] for each in opened["calls"]] == [None, None]
    for who in ("buyer", "supplier"):
        shown = call(who, "GET", path).json["calls"]
        assert [each["accepted_amount"] for each in shown] == ["0.00000000", "5.00000000"]
    for who in ("buyer", "supplier", "auditor"):
        credit = call(who, "GET", f"/v1/credits/{decided['credit_id']}").json
        assert (credit["n"], credit["amount"]) == (1, "5.00000000")
    assert genuine(CREDIT_DOMAIN, credit["document"], credit["signature"])
    pdf = call("buyer", "GET", f"/v1/credits/{decided['credit_id']}/pdf")
    assert pdf.data.startswith(b"%PDF")
    early = call("buyer", "GET", f"/v1/credits/{decided['credit_id']}/evidence")
    assert early.json["type"] == "/problems#credit-not-yet-published"


def test_lists_are_filtered_and_paged(call, opened):
    found = call("buyer", "GET", "/v1/disputes?state=opened&limit=1").json
    assert [each["id"] for each in found["items"]] == [opened["id"]]
    assert call("buyer", "GET", "/v1/disputes?state=credited").json["items"] == []
    other = identifier("lic", 7)
    assert call("supplier", "GET", f"/v1/disputes?licence_id={other}").json["items"] == []
    assert call("stranger", "GET", "/v1/disputes").json["items"] == []
    assert call("buyer", "GET", "/v1/disputes?state=lost").status_code == 422


def found_by(call, who, path, **wanted):
    """The ids in a list that is narrowed so."""
    query = urlencode({"from" if name == "from_at" else name: wanted[name] for name in wanted})
    return [each["id"] for each in call(who, "GET", f"{path}?{query}").json["items"]]


def narrowed(call, path, made_at, only):
    """The ``only`` thing in a list, by its listing and by when it was made, for both parties."""
    ids = [only]
    before, after = (made_at + timedelta(seconds=s) for s in (-1, 1))
    for who in ("buyer", "supplier", "auditor"):
        assert found_by(call, who, path, listing_code=LISTING) == ids
        assert found_by(call, who, path, listing_code="AIR-999") == []
        assert found_by(call, who, path, from_at=made_at, until=after) == ids
        assert found_by(call, who, path, from_at=after) == []
        assert found_by(call, who, path, until=made_at) == []
        assert found_by(call, who, path, from_at=before, listing_code=LISTING) == ids
        assert found_by(call, who, path, buyer_id=BUYER_ID, supplier_id=SUPPLIER_ID) == ids
        assert found_by(call, who, path, buyer_id=SUPPLIER_ID) == []
        assert found_by(call, who, path, supplier_id=BUYER_ID) == []
    assert found_by(call, "stranger", path, listing_code=LISTING) == []
    assert call("buyer", "GET", f"{path}?until={before:%Y}").status_code == 422


def test_disputes_are_found_by_listing_and_by_when_they_were_opened(call, opened):
    narrowed(call, "/v1/disputes", datetime.fromisoformat(opened["opened_at"]), opened["id"])
    for side, found in (("buyer", [opened["id"]]), ("supplier", [])):
        assert found_by(call, "buyer", "/v1/disputes", side=side) == found


def test_the_evidence_is_signed_and_byte_for_byte_canonical(call, opened):
    answer = call("supplier", "GET", f"/v1/disputes/{opened['id']}/evidence")
    evidence = json.loads(answer.data)
    assert answer.data == canonical_bytes(evidence)
    domain = b"counterfoil/dispute-bundle/v1\x00"
    assert genuine(domain, evidence["bundle"], evidence["signature"])
    assert sha256_hex(canonical_bytes(evidence["bundle"])) == opened["bundle_hash"]


@pytest.mark.parametrize(
    ("who", "method", "path", "status"),
    [
        ("stranger", "GET", "", 404),
        ("stranger", "GET", "/evidence", 404),
        ("stranger", "POST", "/withdrawal", 404),
        ("supplier", "POST", "/withdrawal", 403),
        ("buyer", "POST", "/answer", 403),
        ("buyer", "POST", "/decision", 403),
        ("operator", "POST", "/decision", 403),
        ("stranger", "POST", "/answer", 404),
    ],
)
def test_others_neither_see_a_dispute_nor_act_in_it(call, opened, who, method, path, status):
    body = {"/answer": {"text": "x"}, "/decision": {"accepted": [], "text": "x"}}.get(path)
    answer = call(who, method, f"/v1/disputes/{opened['id']}{path}", body)
    assert answer.status_code == status, answer.json


def test_the_buyer_withdraws_and_may_dispute_again(call, opened):
    withdrawn = call("buyer", "POST", f"/v1/disputes/{opened['id']}/withdrawal")
    assert withdrawn.json["state"] == "withdrawn"
    body = {name: opened[name] for name in ("licence_id", "reason_code", "text")}
    again = call("buyer", "POST", "/v1/disputes", {**body, "calls": [{"lane": 1, "n": 1}]})
    assert again.status_code == 201


@pytest.mark.parametrize(
    "calls",
    [[], [{"lane": 1}], [{"lane": 1, "n": 1, "receipt": "x"}], [{}], [{"lane": 1, "n": 1}] * 101],
)
def test_a_claim_that_names_no_call_is_refused(call, licence, calls):
    body = {"licence_id": LICENCE_ID, "reason_code": "wrong_data", "text": "x", "calls": calls}
    assert call("buyer", "POST", "/v1/disputes", body).status_code == 422


def test_the_supplier_opens_no_dispute_and_a_stranger_finds_no_licence(call, licence):
    body = {
        "licence_id": LICENCE_ID,
        "reason_code": "wrong_data",
        "text": "x",
        "calls": [{"lane": 1, "n": 1}],
    }
    assert call("supplier", "POST", "/v1/disputes", body).status_code == 403
    refused = call("stranger", "POST", "/v1/disputes", body)
    unknown = call("stranger", "POST", "/v1/disputes", body | {"licence_id": identifier("lic", 9)})
    for answer in (refused, unknown):
        assert answer.status_code == 404
        assert answer.json["type"] == "/problems#booked-licence-not-found"
    assert set(refused.json) == set(unknown.json), "a foreign licence is as unknown as none"


def test_the_risk_officer_credits_calls_orders_and_nobody_else_does(call, licence):
    licence.order(9 * SCALE)
    body = {
        "licence_id": LICENCE_ID,
        "reason_code": "goodwill",
        "corrects": [{"kind": "call", "lane": 1, "n": 2}, {"kind": "order", "amount": "4.00"}],
    }
    for who in ("buyer", "supplier", "operator", "auditor"):
        assert call(who, "POST", "/v1/credits", body).status_code == 403
    made = call("risk_officer", "POST", "/v1/credits", body)
    assert made.status_code == 201, made.json
    assert made.json["amount"] == "24.00000000"
    listed = call("buyer", "GET", f"/v1/credits?licence_id={LICENCE_ID}").json["items"]
    assert [each["id"] for each in listed] == [made.json["id"]]
    narrowed(call, "/v1/credits", datetime.fromisoformat(made.json["given_at"]), made.json["id"])
    twice = call("risk_officer", "POST", "/v1/credits", body)
    assert twice.json["type"] == "/problems#already-credited"
    unnamed = {**body, "corrects": [{"kind": "period"}]}
    assert call("risk_officer", "POST", "/v1/credits", unnamed).status_code == 422


def test_a_supplier_reads_its_signed_statement_and_has_it_made_again(call, licence, settle):
    run = settle()
    assert (run["state"], run["settlement_count"]) == ("finished", 2)
    (listed,) = call("supplier", "GET", "/v1/settlements").json["items"]
    assert listed["settled_amount"] == "30.00000000"
    path = f"/v1/settlements/{listed['id']}"
    shown = call("supplier", "GET", path).json
    assert genuine(STATEMENT_DOMAIN, shown["statement"], shown["signature"])
    document = call("supplier", "GET", f"{path}/statement").data
    assert hashlib.sha256(document).hexdigest() == shown["statement_hash"]
    assert call("supplier", "GET", f"{path}/check").json["is_same"] is True
    assert call("supplier", "GET", f"{path}/pdf").data.startswith(b"%PDF")
    for who in ("buyer", "stranger"):
        assert call(who, "GET", path).status_code == 404
        assert call(who, "GET", f"{path}/check").status_code == 404


def test_runs_adjoin_and_only_operators_plan_them(call, licence, settle, clock):
    first = settle()
    body = {"until": clock.now().isoformat()}
    again = call("operator", "POST", "/v1/settlement-runs", body)
    assert again.json["type"] == "/problems#settlement-period-unfit"
    assert again.json["settled_until"] == first["until"]
    for who in ("supplier", "auditor", "risk_officer"):
        assert call(who, "POST", "/v1/settlement-runs", body).status_code == 403
    assert call("supplier", "GET", "/v1/settlement-runs").status_code == 403
    assert len(call("auditor", "GET", "/v1/settlement-runs?currency=CNY").json["items"]) == 1


def test_a_payout_from_proposal_to_the_bank(call, licence, settle, clock):
    details = {"holder": "Skyways", "bank": "Bank of Examples", "account_number": "6222 0000 2345"}
    account = call("supplier", "POST", "/v1/bank-accounts", details).json
    assert account["masked"] == "Bank of Examples …2345"
    assert "account_number" not in account
    clock.advance(seconds=WAIT)
    settle()
    (settled,) = call("supplier", "GET", "/v1/settlements").json["items"]
    body = {"settlement_id": settled["id"]}
    for who in ("supplier", "risk_officer", "auditor"):
        assert call(who, "POST", "/v1/payouts", body).status_code == 403
    _awaits_payout(call, settled, "true")
    payout = call("operator", "POST", "/v1/payouts", body).json
    _awaits_payout(call, settled, "false")
    for wanted, ids in (
        ({"organisation_id": SUPPLIER_ID, "currency": "CNY"}, [payout["id"]]),
        ({"organisation_id": BUYER_ID}, []),
        ({"currency": "USD"}, []),
        ({"settlement_id": settled["id"]}, [payout["id"]]),
        ({"settlement_id": identifier("stl", 7)}, []),
        ({"from_at": payout["requested_at"]}, [payout["id"]]),
        ({"until": payout["requested_at"]}, []),
    ):
        assert found_by(call, "risk_officer", "/v1/payouts", **wanted) == ids
    path = f"/v1/payouts/{payout['id']}"
    assert call("operator", "POST", f"{path}/approval").status_code == 403
    assert _who_are_asked(call, path) == ["risk_officer"]
    assert call("risk_officer", "POST", f"{path}/approval").json["state"] == "approved"
    due = call("operator", "GET", f"{path}/instructions").json
    assert (due["account_number"], due["amount"]) == ("6222 0000 2345", "30.00000000")
    assert call("supplier", "GET", f"{path}/instructions").status_code == 403
    sent = call("operator", "POST", f"{path}/dispatch", {"provider_reference": "BANK-1"})
    assert sent.json["state"] == "sent"
    assert call("operator", "POST", f"{path}/completion").json["state"] == "paid"
    shown = call("supplier", "GET", path).json
    assert (shown["state"], shown["provider_reference"]) == ("paid", "BANK-1")
    assert call("stranger", "GET", path).status_code == 404
    assert [
        p["state"] for p in call("supplier", "GET", "/v1/payouts?state=paid").json["items"]
    ] == ["paid"]
    _comes_back(call, path)


def _awaits_payout(call, settled, is_awaiting):
    """Whether the supplier's one settlement waits for a payout, with what else it is found by."""
    at, other = settled["settled_at"], {"true": "false", "false": "true"}[is_awaiting]
    its = {"organisation_id": SUPPLIER_ID, "is_awaiting_payout": is_awaiting}
    assert listed(call, "operator", "/v1/settlements", its) == [settled]
    assert listed(call, "operator", "/v1/settlements", its | {"is_awaiting_payout": other}) == []
    check_filters(
        call,
        ["supplier"],
        "/v1/settlements",
        fits=[
            {"run_id": settled["run_id"]},
            {"organisation_id": SUPPLIER_ID},
            {"currency": "CNY"},
            {"from": at},
            {"is_awaiting_payout": is_awaiting},
        ],
        misfits=[
            {"run_id": identifier("run", 7)},
            {"organisation_id": BUYER_ID},
            {"currency": "USD"},
            {"until": at},
            {"is_awaiting_payout": other},
        ],
    )


def _comes_back(call, path):
    """Two say so, the first one again after its word was taken back."""
    said = call("operator", "POST", f"{path}/failure", {"failure_code": "account_closed"})
    assert (said.json["state"], said.json["returned_by"]) == ("paid", None)
    assert _who_are_asked(call, path) == ["second_operator"]
    assert call("second_operator", "DELETE", f"{path}/failure").json["return_stated_by"] is None
    call("operator", "POST", f"{path}/failure", {"failure_code": "account_closed"})
    back = call("second_operator", "POST", f"{path}/failure", {"failure_code": "account_closed"})
    assert back.json["state"] == "failed"
    assert back.json["returned_by"] != back.json["return_stated_by"] is not None


def _who_are_asked(call, path):
    """Whose word a payout waits for; nobody else's list has anything."""
    everybody = ("operator", "second_operator", "risk_officer", "supplier")
    asked = {who: call(who, "GET", "/v1/payouts?is_for_me=true").json["items"] for who in everybody}
    assert {f"/v1/payouts/{each['id']}" for items in asked.values() for each in items} == {path}
    return [who for who, items in asked.items() if items]


def test_nothing_is_let_go_to_a_provider_that_is_not_there(call, licence, settle, units):
    settle()
    (settled,) = call("supplier", "GET", "/v1/settlements").json["items"]
    body = {"settlement_id": settled["id"], "gateway": "stripe"}
    refused = call("operator", "POST", "/v1/payouts", body)
    assert (refused.status_code, refused.json["gateway"]) == (422, "stripe")
    # One that only a later adapter knows is no matter of the schema: it is configured or not.
    later = call("operator", "POST", "/v1/payouts", {**body, "gateway": "alipay"})
    assert later.json["type"] == "/problems#payout-gateway-unknown"
    # Proposed while there still was one.
    operator = Principal("psn_9", "org_x", frozenset({Role.OPERATOR}), has_second_factor=True)
    with units.begin(Reach.EXCHANGE) as uow:
        proposed = payout_services.request_payout(uow, operator, **body)
        uow.commit()
    path = f"/v1/payouts/{proposed.payout_id}"
    late = call("risk_officer", "POST", f"{path}/approval")
    assert (late.status_code, late.json["type"]) == (422, "/problems#payout-gateway-unknown")
    assert call("supplier", "GET", path).json["state"] == "requested"
    assert call("operator", "POST", f"{path}/cancellation").json["state"] == "cancelled"


def test_a_proposal_and_waiting_details_are_given_up(call, licence, settle, clock):
    details = {"holder": "Skyways", "bank": "Bank", "account_number": "62220000"}
    account = call("supplier", "POST", "/v1/bank-accounts", details).json
    path = f"/v1/bank-accounts/{account['id']}"
    assert call("stranger", "POST", f"{path}/cancellation").status_code == 404
    check_filters(
        call,
        ("supplier", "operator"),
        "/v1/bank-accounts",
        fits=[{"organisation_id": SUPPLIER_ID}, {"currency": "CNY"}],
        misfits=[{"organisation_id": BUYER_ID}, {"currency": "USD"}],
    )
    assert call("supplier", "POST", f"{path}/cancellation").json["cancelled_by"]
    call("supplier", "POST", "/v1/bank-accounts", details)
    clock.advance(seconds=WAIT)
    settle()
    (settled,) = call("supplier", "GET", "/v1/settlements").json["items"]
    body = {"settlement_id": settled["id"]}
    payout = call("operator", "POST", "/v1/payouts", body).json
    cancelled = call("operator", "POST", f"/v1/payouts/{payout['id']}/cancellation")
    assert cancelled.json["state"] == "cancelled"
    _awaits_payout(call, settled, "true")
    assert len(call("supplier", "GET", "/v1/bank-accounts").json["items"]) == 2


@pytest.fixture
def published(call, licence, engine, clock, ids, units):
    """Two licences of two buyers settled, every statement in the log; the supplier's settlement."""
    other = TradedLicence(
        units,
        clock,
        2,
        supplier=SUPPLIER_ID,
        buyer=STRANGER_ID,
        licence_id=identifier("lic", 2),
        order_id=identifier("ord", 2),
    )
    other.lane.call(7 * SCALE)
    clock.advance(seconds=1)
    call("operator", "POST", "/v1/settlement-runs", {"until": clock.now().isoformat()})
    reacting = UnitOfWorkFactory(engine, clock, ids, build_reactions())
    with reacting.begin(Reach.EXCHANGE) as uow:
        run_services.advance_run(uow)
        uow.commit()
    (made,) = call("supplier", "GET", "/v1/settlements").json["items"]
    path = f"/v1/settlements/{made['id']}"
    early = call("supplier", "GET", f"{path}/evidence")
    assert early.json["type"] == "/problems#statement-not-yet-published"
    sequencer = Sequencer(reacting, log_keys())
    while sequencer.step().integrated_count:
        pass
    return made


@pytest.fixture
def checked(tmp_path, capsys):
    """What the independent verifier says of an answer."""
    (tmp_path / "keys.json").write_text(json.dumps(log_keys().vkeys))

    def run(answer):
        assert answer.status_code == 200, answer.json
        assert answer.data == canonical_bytes(answer.json)
        (tmp_path / "file.json").write_bytes(answer.data)
        keys = ["--keys", str(tmp_path / "keys.json")]
        code = verify(["statement", str(tmp_path / "file.json"), *keys])
        return code, capsys.readouterr().out

    return run


def test_the_verifier_accepts_a_whole_statement_and_the_chain_gets_its_root(
    call, published, checked, units
):
    path = f"/v1/settlements/{published['id']}"
    assert call("supplier", "GET", f"{path}/check").json["is_same"] is True
    for who in ("supplier", "auditor"):
        code, said = checked(call(who, "GET", f"{path}/evidence"))
        assert (code, "6 rows: ok (2 rows)" in said) == (0, True), said
    with units.begin(Reach.EXCHANGE) as uow:
        rows = uow.session.connection().exec_driver_sql(
            "SELECT payload FROM outbox_messages WHERE topic = 'chain.record_statement'"
        )
        told = {row.payload["statement_id"]: row.payload["root_hash"] for row in rows}
    assert told[published["id"]] == published["root_hash"]
    assert len(told) == 2


def test_a_buyer_proves_its_own_row_and_learns_no_other(call, published, checked):
    (row,) = call("buyer", "GET", f"/v1/licences/{LICENCE_ID}/settlement-rows?limit=50").json[
        "items"
    ][:1]
    listed = call("buyer", "GET", f"/v1/licences/{LICENCE_ID}/settlement-rows").json["items"]
    assert {each["supplier_id"] for each in listed} > {SUPPLIER_ID}
    assert row["credited_amount"] == "0.00000000"
    rows = f"/v1/settlements/{published['id']}/rows"
    answer = call("buyer", "GET", f"{rows}/{LICENCE_ID}/evidence")
    code, said = checked(answer)
    assert (code, "6 path: ok (one of 2 rows)" in said) == (0, True), said
    assert identifier("lic", 2) not in answer.text
    assert SUPPLIER_ID not in answer.text
    for each in listed:
        path = f"/v1/settlements/{each['settlement_id']}/rows/{LICENCE_ID}/evidence"
        assert checked(call("buyer", "GET", path))[0] == 0
    for who in ("supplier", "auditor"):
        assert call(who, "GET", f"{rows}/{LICENCE_ID}/evidence").data == answer.data
    own = call("supplier", "GET", f"/v1/licences/{LICENCE_ID}/settlement-rows").json["items"]
    assert {each["supplier_id"] for each in own} == {SUPPLIER_ID}


def test_nobody_asks_for_another_buyer_s_row(call, published):
    path = f"/v1/settlements/{published['id']}"
    mine, other = f"{path}/rows/{LICENCE_ID}", f"{path}/rows/{identifier('lic', 2)}"
    for who, where in (("stranger", mine), ("buyer", other)):
        assert call(who, "GET", f"{where}/evidence").status_code == 404
    for who in ("buyer", "stranger"):
        assert call(who, "GET", f"{path}/evidence").status_code == 404
    assert call("stranger", "GET", f"/v1/licences/{LICENCE_ID}/settlement-rows").status_code == 404
    absent = f"{path}/rows/{identifier('lic', 3)}/evidence"
    assert call("supplier", "GET", absent).json["type"] == "/problems#statement-row-not-found"
    elsewhere = f"/v1/settlements/{identifier('stl', 9)}/rows/{LICENCE_ID}/evidence"
    for who in ("buyer", "auditor"):
        assert call(who, "GET", elsewhere).status_code == 404
