"""Billing over HTTP: invoices printed and rebuilt, credit by two people, alerts, freezes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.core.clock import iso_instant
from app.core.money import SCALE
from app.core.reach import Reach
from ledger.journal.audit.rules.stretches import Finding
from ledger.journal.balances.queries import KindSum, TrialBalance
from ledger.journal.billing.invoices import services as invoice_services
from ledger.journal.billing.runs import services as billing_run_services
from ledger.journal.deferrals import services as deferral_services
from ledger.journal.freezes.services import freeze_for
from ledger.journal.trading import services
from tests.factories.billing import SPLIT, LoggedLane, open_licence, statement_ports
from tests.factories.filtered import check_filters, listed
from tests.unit.journal.journal_app import (
    BUYER_ID,
    LICENCE_ID,
    ORDER_ID,
    SUPPLIER_ID,
    identifier,
    journal_app,
)

START = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture
def ports():
    return statement_ports()


@pytest.fixture
def call(units, ports, clock):
    """Makes one request as a named principal."""
    client = journal_app(units, ports, clock).test_client()
    numbers = iter(range(10_000))

    def request(who, method, path, json=None, **headers):
        given = {"Authorization": who, "Idempotency-Key": f"key-{next(numbers)}", **headers}
        return client.open(path, method=method, json=json, headers=given)

    return request


@pytest.fixture
def traded(units, clock, ports):
    """A licence with three calls and its invoice."""
    open_licence(
        units,
        buyer=BUYER_ID,
        supplier=SUPPLIER_ID,
        licence_id=LICENCE_ID,
        order_id=ORDER_ID,
        starts_at=START,
        ends_at=START + timedelta(days=365),
    )
    lane = LoggedLane(units, clock, LICENCE_ID)
    for _ in range(3):
        lane.call()
    clock.advance(seconds=10)
    with units.begin(Reach.EXCHANGE) as uow:
        invoice = invoice_services.issue_invoice(
            uow, ports, licence_id=LICENCE_ID, from_at=START, until_at=clock.now()
        )
        uow.commit()
        return invoice


def test_a_party_prints_its_invoice_by_path_or_by_accept_and_a_stranger_does_not(call, traded):
    path = f"/v1/invoices/{traded.invoice_id}"
    printed = call("buyer", "GET", f"{path}/pdf")
    assert (printed.status_code, printed.content_type) == (200, "application/pdf")
    assert printed.data.startswith(b"%PDF-1.")
    name = f'inline; filename="{traded.invoice_id}.pdf"'
    assert printed.headers["Content-Disposition"] == name
    assert call("supplier", "GET", f"{path}/pdf").data == printed.data
    accepted = call("buyer", "GET", path, Accept="application/pdf")
    assert accepted.data == printed.data
    assert call("buyer", "GET", path, Accept="application/json").json["id"] in path
    assert call("stranger", "GET", f"{path}/pdf").json["type"].endswith("#invoice-not-found")


def test_the_exchange_s_own_accounts_are_summed_over_a_time_and_come_to_nothing(
    call, traded, clock
):
    before, now = clock.now() - timedelta(days=1), clock.now() + timedelta(seconds=1)
    of_time = f"from={iso_instant(before)}&until={iso_instant(now)}"
    (book,) = call("auditor", "GET", f"/v1/trial-balance?{of_time}&currency=CNY").json["items"]
    kinds = {each["kind"]: each for each in book["kinds"]}
    assert (book["is_balanced"], Decimal(book["closing"])) == (True, 0)
    assert Decimal(kinds["bank"]["taken"]) == Decimal(kinds["wallet"]["added"]) > 0
    behind = call("auditor", "GET", f"/v1/trial-balance?from={iso_instant(now)}").json["items"]
    carried = {each["kind"]: each["opening"] for each in behind[0]["kinds"]}
    assert carried == {kind: each["closing"] for kind, each in kinds.items()}
    assert {each["added"] for each in behind[0]["kinds"]} == {behind[0]["closing"]}
    assert call("buyer", "GET", "/v1/trial-balance").status_code == 403
    for broken in (KindSum("bank", 0, 1, 0), KindSum("bank", -1, 1, 0)):
        assert not TrialBalance("CNY", [broken]).is_balanced


def test_an_auditor_rebuilds_an_invoice(call, traded):
    answer = call("auditor", "GET", f"/v1/invoices/{traded.invoice_id}/rebuilt")
    assert (answer.status_code, answer.json["document"]) == (200, traded.document)
    assert answer.json["invoice_hash"] == traded.invoice_hash
    assert call("buyer", "GET", f"/v1/invoices/{traded.invoice_id}/rebuilt").status_code == 403


def test_an_operator_starts_a_month_s_run(call, traded, clock):
    refused = call("operator", "POST", "/v1/billing-runs", {"month": "2026-11"})
    assert refused.json["type"].endswith("#billing-month-unfit")
    clock.set(START + timedelta(days=30))
    made = call("operator", "POST", "/v1/billing-runs", {"month": "2026-11"})
    assert (made.status_code, made.json["finished_at"]) == (202, None)
    (run,) = call("auditor", "GET", "/v1/billing-runs").json["items"]
    assert run["from"] == "2026-10-31T16:00:00.000000Z"
    assert call("buyer", "POST", "/v1/billing-runs", {"month": "2026-11"}).status_code == 403


PROPOSAL = {
    "organisation_id": BUYER_ID,
    "limit": "500.00",
    "due_days": 14,
    "reason": "Audited accounts of 2025",
}


def _who_are_asked(call, path):
    """Whose word something in a list waits for."""
    everybody = ("operator", "second_operator", "buyer")
    return [
        who for who in everybody if call(who, "GET", f"{path}?is_for_me=true").json["items"] != []
    ]


def test_a_credit_line_is_proposed_and_approved_by_two_operators_and_seen_by_its_owner(
    call, traded
):
    made = call("operator", "POST", "/v1/credit-lines", PROPOSAL)
    assert (made.status_code, made.json["state"]) == (201, "proposed")
    assert [step["step"] for step in made.json["dunning"]][-1] == "collection"
    path = f"/v1/credit-lines/{made.json['id']}"
    assert _who_are_asked(call, "/v1/credit-lines") == ["second_operator"]
    at = made.json["proposed_at"]
    check_filters(
        call,
        ("buyer", "operator"),
        "/v1/credit-lines",
        fits=[
            {"organisation_id": BUYER_ID},
            {"currency": "CNY"},
            {"state": "proposed"},
            {"from": at},
        ],
        misfits=[
            {"organisation_id": SUPPLIER_ID},
            {"currency": "USD"},
            {"state": "active"},
            {"until": at},
        ],
    )
    own = call("operator", "POST", f"{path}/approval")
    assert own.json["type"].endswith("#second-person-required")
    assert call("second_operator", "POST", f"{path}/approval").json["state"] == "active"
    (wallet,) = call("buyer", "GET", "/v1/wallets").json["items"]
    assert wallet["available"] == "1500.00000000"
    (exposure,) = call("buyer", "GET", "/v1/exposures").json["items"]
    assert (exposure["limit"], exposure["used"]) == ("500.00000000", "0.00000000")
    assert call("stranger", "GET", "/v1/credit-lines").json["items"] == []
    assert call("operator", "GET", "/v1/exposures").json["items"] == [exposure]
    assert call("buyer", "GET", "/v1/credit-bills").json["items"] == []
    missing = call("buyer", "GET", f"/v1/credit-bills/{identifier('cbl', 1)}")
    assert missing.json["type"].endswith("#credit-bill-not-found")


def test_a_bill_is_shown_with_its_dunning_and_printed(call, traded, units, ports, clock):
    made = call("operator", "POST", "/v1/credit-lines", PROPOSAL).json
    path = f"/v1/credit-lines/{made['id']}/approval"
    call("second_operator", "POST", path)
    with units.begin(Reach.EXCHANGE) as uow:
        services.charge_order(
            uow,
            order_id=identifier("ord", 5),
            buyer_id=BUYER_ID,
            supplier_id=SUPPLIER_ID,
            amount=1_400 * SCALE,
            currency="CNY",
            split=SPLIT,
        )
        uow.commit()
    clock.set(START + timedelta(days=30))
    call("operator", "POST", "/v1/billing-runs", {"month": "2026-11"})
    for _ in range(4):
        with units.begin(Reach.EXCHANGE) as uow:
            billing_run_services.work_on_run(uow, ports)
            uow.commit()
    (row,) = call("buyer", "GET", "/v1/credit-bills").json["items"]
    assert (row["amount"], row["open_amount"]) == ("400.00000000", "400.00000000")
    of_it = [{"organisation_id": BUYER_ID}, {"currency": "CNY"}, {"from": row["issued_at"]}]
    not_of_it = [
        {"organisation_id": SUPPLIER_ID},
        {"currency": "USD"},
        {"until": row["issued_at"]},
        {"is_open": "false"},
    ]
    for days, is_overdue, other in ((0, "false", "true"), (15, "true", "false")):
        clock.advance(seconds=days * 86_400)
        check_filters(
            call,
            ("buyer", "operator"),
            "/v1/credit-bills",
            fits=[*of_it, {"is_open": "true"}, {"is_overdue": is_overdue}],
            misfits=[*not_of_it, {"is_overdue": other}],
        )
    bill = call("buyer", "GET", f"/v1/credit-bills/{row['id']}").json
    assert (bill["document"]["month"], bill["steps"]) == ("2026-11", [])
    printed = call("buyer", "GET", f"/v1/credit-bills/{row['id']}/pdf")
    assert printed.data.startswith(b"%PDF-1.")
    assert call("stranger", "GET", f"/v1/credit-bills/{row['id']}/pdf").status_code == 404


def test_a_limit_that_a_wallet_could_not_hold_is_refused_at_its_member(call, traded):
    body = {"organisation_id": BUYER_ID, "due_days": 14, "reason": "Audited accounts"}
    for limit, status in (("1000000000.00", 201), ("92233720368.54775807", 422)):
        answer = call("operator", "POST", "/v1/credit-lines", {**body, "limit": limit})
        assert answer.status_code == status, answer.text
    assert answer.get_json()["errors"] == [
        {"pointer": "#/limit", "detail": "A credit limit is at most 1000000000.00000000."}
    ]


def test_a_proposal_is_refused_where_it_is_no_plan_or_nobody_s_wallet(call, traded):
    plan = [{"step": "collection", "days": 1}, {"step": "reminder", "days": 2}]
    refused = call("operator", "POST", "/v1/credit-lines", {**PROPOSAL, "dunning": plan})
    assert refused.json["type"].endswith("#dunning-unfit")
    nobody = {**PROPOSAL, "organisation_id": identifier("org", 77)}
    refused = call("operator", "POST", "/v1/credit-lines", nobody)
    assert refused.json["type"].endswith("#wallet-not-open")
    assert call("buyer", "POST", "/v1/credit-lines", PROPOSAL).status_code == 403
    made = call("operator", "POST", "/v1/credit-lines", PROPOSAL).json
    path = f"/v1/credit-lines/{made['id']}/refusal"
    assert call("operator", "POST", path).json["state"] == "declined"


def test_a_buyer_sets_when_to_be_told(call, traded):
    wanted = {"low_balance": "20.00", "spike_factor_percent": 300, "spike_least": "1.00"}
    made = call("buyer", "PUT", "/v1/spend-alerts", wanted)
    assert (made.status_code, made.json["is_low"]) == (200, False)
    changed = call("buyer", "PUT", "/v1/spend-alerts", {**wanted, "low_balance": None})
    assert changed.json["low_balance"] is None
    assert call("buyer", "GET", "/v1/spend-alerts").json["items"] == [changed.json]
    assert call("buyer", "PUT", "/v1/spend-alerts", {}).status_code == 422, "it clears nothing"
    few = {**wanted, "spike_factor_percent": 50}
    assert call("buyer", "PUT", "/v1/spend-alerts", few).status_code == 422
    assert call("buyer", "GET", "/v1/spend-alerts").json["items"] == [changed.json]
    elsewhere = call("buyer", "PUT", "/v1/spend-alerts", {**wanted, "currency": "USD"})
    assert elsewhere.json["type"].endswith("#wallet-not-open")


def test_a_freeze_is_seen_by_its_owner_and_lifted_by_two_operators(call, traded, units):
    finding = Finding("wallet_is_its_postings", "x", 1, 2, (f"{BUYER_ID}/wallet/CNY",))
    with units.begin(Reach.EXCHANGE) as uow:
        assert freeze_for(uow, [finding]) == 1
        assert freeze_for(uow, [finding]) == 0
        uow.commit()
    (freeze,) = call("buyer", "GET", "/v1/account-freezes").json["items"]
    assert freeze["finding"]["difference"] == "1"
    of_it = [{"organisation_id": BUYER_ID}, {"from": freeze["frozen_at"]}]
    not_of_it = [{"organisation_id": SUPPLIER_ID}, {"until": freeze["frozen_at"]}]
    check_filters(
        call,
        ("buyer", "operator"),
        "/v1/account-freezes",
        fits=[*of_it, {"is_open": "true"}],
        misfits=[*not_of_it, {"is_open": "false"}],
    )
    path = f"/v1/account-freezes/{freeze['id']}/lifting"
    assert _who_are_asked(call, "/v1/account-freezes") == []
    assert call("operator", "POST", f"{path}", {"reason": "Looked at."}).status_code == 200
    assert _who_are_asked(call, "/v1/account-freezes") == ["second_operator"]
    again = call("operator", "POST", f"{path}/approval")
    assert again.json["type"].endswith("#second-person-required")
    lifted = call("second_operator", "POST", f"{path}/approval").json
    assert lifted["lifted_at"] is not None
    check_filters(
        call,
        ("buyer", "operator"),
        "/v1/account-freezes",
        fits=[*of_it, {"is_open": "false"}],
        misfits=[*not_of_it, {"is_open": "true"}],
    )
    assert call("buyer", "POST", f"{path}/approval").status_code == 403


@pytest.fixture
def deferred(traded, units):
    """A yearly package of the traded licence."""
    with units.begin(Reach.EXCHANGE) as uow:
        deferral_services.defer_order(
            uow,
            order_id=identifier("ord", 9),
            buyer_id=BUYER_ID,
            supplier_id=SUPPLIER_ID,
            amount=365 * SCALE,
            currency="CNY",
            split=SPLIT,
            starts_at=START,
            ends_at=START + timedelta(days=365),
        )
        deferral_services.note_deferred_licence(
            uow,
            order_id=identifier("ord", 9),
            licence_id=LICENCE_ID,
            starts_at=START,
            ends_at=START + timedelta(days=365),
        )
        uow.commit()


def test_both_parties_see_what_a_yearly_package_earned(call, deferred):
    for reader in ("buyer", "supplier", "auditor"):
        (row,) = call(reader, "GET", "/v1/deferrals").json["items"]
        assert (row["price"], row["deferred"], row["days"]) == (
            "365.00000000",
            "365.00000000",
            365,
        )
    assert call("stranger", "GET", "/v1/deferrals").json["items"] == []


def test_yearly_packages_are_found_by_what_they_are_of_and_by_when_they_begin(
    call, deferred, units
):
    listing_code = "AIR-1"
    fits = [
        {"buyer_id": BUYER_ID},
        {"supplier_id": SUPPLIER_ID},
        {"listing_code": listing_code},
        {"licence_id": LICENCE_ID},
        {"order_id": identifier("ord", 9)},
        {"currency": "CNY"},
        {"from": START.isoformat()},
    ]
    misfits = [
        {"buyer_id": SUPPLIER_ID},
        {"supplier_id": BUYER_ID},
        {"listing_code": "AIR-2"},
        {"licence_id": identifier("lic", 7)},
        {"order_id": ORDER_ID},
        {"currency": "USD"},
        {"until": START.isoformat()},
    ]
    readers, path = ("buyer", "supplier", "auditor"), "/v1/deferrals"
    is_open, is_closed = {"is_open": "true"}, {"is_open": "false"}
    check_filters(call, readers, path, fits=[*fits, is_open], misfits=[*misfits, is_closed])
    for who, other in (("buyer", "supplier"), ("supplier", "buyer")):
        assert len(listed(call, who, path, {"side": who})) == 1
        assert listed(call, who, path, {"side": other}) == []
    with units.begin(Reach.EXCHANGE) as uow:
        deferral_services.end_deferral(uow, licence_id=LICENCE_ID, reason_code="REVOKED")
        uow.commit()
    check_filters(call, readers, path, fits=[*fits, is_closed], misfits=[*misfits, is_open])
