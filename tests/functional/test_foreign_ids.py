"""A foreign organisation's id is answered like an id that nobody has, on every route with one."""

import pytest

from app.web.limits import limiter
from demo import onboarding
from demo.http import Answer

pytestmark = pytest.mark.usefixtures("unlimited")


@pytest.fixture
def unlimited(monkeypatch):
    """Every answer is wanted, not how fast they come."""
    monkeypatch.setattr(limiter, "enabled", False)


MADE_UP = "0" * 26
UNNAMED = {"effect_number", "role", "lane", "n", "number", "version_number", "token"}
"""Parts that name nothing by themselves."""


def foreign_values(everything, world):
    """What pair B's things are called, by the names that routes give to their parts."""
    buyer, supplier = world.organisations["buyer"], world.organisations["supplier"]

    def first(table, column, **conditions):
        for row in everything.rows[table].values():
            if all(row[name] == value for name, value in conditions.items()):
                return row[column]
        raise LookupError(table)

    licence_id = world.airports.licence_id
    return {
        "organisation_id": buyer,
        "person_id": first("people", "id", organisation_id=buyer),
        "role": "buyer",
        "collector_key_id": first("collector_keys", "id", organisation_id=supplier),
        "key_id": first("api_keys", "id", licence_id=licence_id),
        "product_id": world.airports.product["id"],
        "version_number": 1,
        "version_id": first("entitlements", "version_id", licence_id=licence_id),
        "custom_offer_id": first("custom_offers", "id", buyer_id=buyer),
        # A closed one: what is open, anybody may read.
        "demand_id": next(
            row["id"]
            for row in everything.rows["demands"].values()
            if row["state"] == "CLOSED" and buyer in everything.owners("demands", row)
        ),
        "contribution_id": first(
            "contributions", "id", supplier_id=world.organisations["supplier"]
        ),
        "order_id": world.airports.order["id"],
        "agreement_id": world.airports.order["agreement_id"],
        "scenario_id": world.airports.scenario["id"],
        "case_id": first("review_cases", "id", listing_code=world.airports.listing_code),
        "application_id": first(
            "listing_applications", "id", listing_code=world.airports.listing_code
        ),
        "evaluation_id": first(
            "rule_evaluations", "id", supplier_id=world.organisations["supplier"]
        ),
        "licence_id": licence_id,
        "lane": 1,
        "n": 1,
        "number": 1,
        "effect_number": 1,
        "leaf_hash": first("log_entries", "leaf_hash", licence_id=licence_id, n=1).removeprefix(
            "\\x"
        ),
        "document_hash": theirs_alone(everything, "documents", "document_hash", supplier),
        **money_values(first, buyer=buyer, supplier=supplier, licence_id=licence_id),
        "token": "0" * 43,
        "endpoint_id": first("webhook_endpoints", "id", organisation_id=buyer),
        "consent_id": first("consents", "id", supplier_id=supplier),
        "sample_id": first("quality_samples", "id", supplier_id=supplier),
        "delivery_id": first("webhook_deliveries", "id", organisation_id=buyer),
    }


def money_values(first, *, buyer, supplier, licence_id):
    """The same of what is paid, owed and billed."""
    return {
        "invoice_id": first("invoices", "invoice_id", licence_id=licence_id),
        "top_up_id": first("top_ups", "top_up_id", organisation_id=buyer),
        "credit_id": first("credits", "credit_id", buyer_id=buyer),
        "dispute_id": first("disputes", "dispute_id", buyer_id=buyer),
        "settlement_id": first("settlements", "settlement_id", supplier_id=supplier),
        "run_id": first("settlement_runs", "run_id", currency="CNY"),
        "payout_id": first("payouts", "payout_id", supplier_id=supplier),
        "bank_account_id": first("bank_accounts", "bank_account_id", organisation_id=supplier),
        "credit_line_id": first("credit_lines", "credit_line_id", organisation_id=buyer),
        "bill_id": first("credit_bills", "bill_id", organisation_id=buyer),
        "freeze_id": first("account_freezes", "freeze_id", organisation_id=buyer),
        "subject_id": first("top_ups", "top_up_id", organisation_id=buyer),
    }


def theirs_alone(everything, table, column, organisation_id):
    """What of the column the organisation has and no other: both pairs sell the same."""
    owners = {}
    for row in everything.rows[table].values():
        owners.setdefault(row[column], set()).add(row["organisation_id"])
    return next(value for value, who in owners.items() if who == {organisation_id})


def made_up(name, value):
    """A value of the same shape that nothing is called."""
    if name in UNNAMED:
        return value
    if name in {"leaf_hash", "document_hash"}:
        return "0" * 64
    return value.partition("_")[0] + "_" + MADE_UP


PUBLIC_PARTS = {
    "listing_code", "registration_id", "report_id", "rule_set_hash", "shard", "tile", "level",
    "name", "gateway", "template_id",
}  # fmt: skip
"""Parts of addresses of what anybody may read: catalogue, its quality reports, rules, log."""

STAFFS_PARTS = {
    # Of a payment provider, and none is configured here: `test_payments_http` has them.
    "operation_id", "notice_id", "finding_id",
    # Nobody objected, appealed or sat on a panel here: `test_registrations` and `test_review_day`.
    "objection_id", "appeal_id", "panel_id",
    # Nobody pays another price here: `test_price_alarms`.
    "alarm_id",
    # Rules that only the exchange states, and what it stated: `test_platform_duties`.
    "rule_id", "statement_id",
    # Nobody had details erased here: `test_erasure_requests`.
    "erasure_id",
    # Nobody gave a registration away here: `test_transfers` asks with a stranger.
    "transfer_id",
    # No money came unexplained here: `test_suspense`, `test_bank_arrivals`.
    "assignment_id", "return_id",
    # Nobody asked for money back here: `test_withdrawals` asks with a stranger.
    "withdrawal_id",
    # Everybody pays here: `test_write_offs` asks with a stranger.
    "write_off_id",
    # Nobody lost password or authenticator here: `test_access_resets`.
    "reset_id",
}  # fmt: skip
"""Things that only the exchange's staff act on, and of which there are none here."""


HASHES_ONLY = {"log.get_ledger_proof", "log.get_cose_receipt"}
"""Leaf hashes are published in the log's tiles, and a proof is computed from those tiles alone."""


def routes_by_id(whole_exchange):
    """Every route that names a thing that is somebody's."""
    for rule in whole_exchange.application.control_plane.url_map.iter_rules():
        is_private = (
            not rule.arguments & (PUBLIC_PARTS | STAFFS_PARTS) and rule.endpoint not in HASHES_ONLY
        )
        if rule.arguments and is_private:
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield method, rule


def told(answer):
    """What an answer gives away: all but its own number and the id that was asked for."""
    body: dict[str, object] = answer.json if answer.body else {}
    problem = {name: body.get(name) for name in ("type", "title", "status")}
    return answer.status, problem


@pytest.mark.parametrize("side", ["supplier", "buyer"])
def test_a_foreign_id_is_answered_like_one_that_nobody_has(
    whole_exchange, worlds, everything, side
):
    foreign = foreign_values(everything, worlds["b"])
    client = getattr(worlds["a"], side).client
    asked = 0
    for method, rule in routes_by_id(whole_exchange):
        build = whole_exchange.application.control_plane.url_map.bind("x").build
        answers: list[Answer] = []
        for named in (foreign, {name: made_up(name, value) for name, value in foreign.items()}):
            parts = {name: named[name] for name in rule.arguments}
            if "/staff/" in rule.rule:
                parts["role"] = "reviewer"
            path = build(rule.endpoint, parts)
            body: dict[str, object] | None = {} if method in {"POST", "PUT", "PATCH"} else None
            answers.append(client.send(method, path, body=body))
        assert told(answers[0]) == told(answers[1]), (method, rule.rule)
        assert answers[0].status >= 400, (method, rule.rule, answers[0].body)
        if method == "GET":
            assert answers[0].status in {403, 404}, (rule.rule, answers[0].body)
            asked += answers[0].status == 404
    assert asked >= 8, "too few routes were open to this side at all"


@pytest.mark.parametrize("side", ["supplier", "buyer"])
def test_the_owner_of_the_same_ids_is_answered(worlds, everything, side):
    """Otherwise the refusals above would prove nothing."""
    named = foreign_values(everything, worlds["b"])
    client = getattr(worlds["b"], side).client
    for path in (
        "/v1/orders/{order_id}",
        "/v1/agreements/{agreement_id}",
        "/v1/licences/{licence_id}",
        "/v1/entitlements/{licence_id}",
        "/v1/receipts/{licence_id}/{lane}/{n}",
        "/v1/invoices/{invoice_id}",
        "/v1/log-entries/{leaf_hash}",
    ):
        client.expect("GET", path.format(**named), 200)
    own = {"supplier": "/v1/products/{product_id}", "buyer": "/v1/scenarios/{scenario_id}"}
    client.expect("GET", own[side].format(**named), 200)


def commands_about(named, world):
    """Commands whose body names a thing."""
    period = {"from": onboarding.in_days(-1), "until": onboarding.in_days(0)}
    licence = {"licence_id": named["licence_id"]}
    order = {
        "listing_code": world.airports.listing_code,
        "plan_id": world.airports.plan_id,
        "scenario_id": named["scenario_id"],
        "accept_terms": True,
    }
    return [
        ("/v1/invoices", licence | period),
        ("/v1/evidence-bundles", licence),
        (
            "/v1/api-keys",
            licence | {"name": "k", "networks": [], "expires_at": onboarding.in_days(9)},
        ),
        ("/v1/orders", order),
    ]


def test_a_command_about_a_foreign_thing_is_answered_like_one_about_nothing(worlds, everything):
    foreign = foreign_values(everything, worlds["b"])
    nothing = {name: made_up(name, value) for name, value in foreign.items()}
    client = worlds["a"].buyer.client
    pairs = zip(
        commands_about(foreign, worlds["b"]), commands_about(nothing, worlds["b"]), strict=True
    )
    for (path, about_foreign), (_, about_nothing) in pairs:
        first = client.send("POST", path, body=about_foreign)
        second = client.send("POST", path, body=about_nothing)
        assert told(first) == told(second), path
        assert first.status in {403, 404}, (path, first.body)


def test_lists_show_nothing_of_the_other_pair(whole_exchange, worlds, everything):
    foreign = foreign_values(everything, worlds["b"])
    hidden = {str(foreign[name]) for name in foreign.keys() - UNNAMED}
    hidden |= {worlds["b"].organisations["buyer"]}
    # What the catalogue shows to anybody.
    hidden -= {foreign["product_id"], foreign["version_id"]}
    # One settlement day covers every supplier.
    hidden -= {foreign["run_id"]}
    shown = 0
    for rule in whole_exchange.application.control_plane.url_map.iter_rules():
        if rule.arguments or "GET" not in rule.methods:
            continue
        for side in ("supplier", "buyer"):
            answer = getattr(worlds["a"], side).client.send("GET", rule.rule)
            text = answer.body.decode("utf-8", "replace")
            assert [name for name in sorted(hidden) if name in text] == [], rule.rule
            shown += answer.status == 200
    assert shown >= 20
