"""Money over HTTP: own rows only, exact amounts in text, refusals as problem documents."""

import hashlib
import itertools
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.money import SCALE
from app.core.reach import Reach
from app.core.signing import Ed25519Signer
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.trading import services
from ledger.log.keys import LogKeys
from ledger.log.sequencing.sequencer import Sequencer
from tests.unit.journal.journal_app import (
    BUYER_ID,
    LICENCE_ID,
    ORDER_ID,
    SUPPLIER_ID,
    identifier,
    journal_app,
)

ORIGIN = "exchange.example/log/2026"
SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}


@pytest.fixture
def keys():
    names = [ORIGIN, f"{ORIGIN}/receipts", f"{ORIGIN}/statements"]
    return LogKeys(
        *(Ed25519Signer.from_seed(n, hashlib.sha256(n.encode()).digest()) for n in names)
    )


@pytest.fixture
def call(units, keys, clock):
    """Makes one request as a named principal."""
    ports = BillingPorts(LogLaneLedger(), keys.statements)
    client = journal_app(units, ports, clock).test_client()
    numbers = itertools.count()

    def request(who, method, path, json=None, key=None):
        headers = {"Authorization": who, "Idempotency-Key": key or f"key-{next(numbers)}"}
        return client.open(path, method=method, json=json, headers=headers)

    return request


@pytest.fixture
def topped_up(call):
    """1,000.00 CNY in the buyer's wallet, confirmed by two operators."""
    made = call("buyer", "POST", "/v1/top-ups", {"amount": "1000.00"}).json
    path = f"/v1/top-ups/{made['id']}/confirmation"
    for operator in ("operator", "second_operator"):
        assert call(operator, "POST", path, {"amount": "1000.00"}).status_code == 200
    return made


def test_a_top_up_that_one_saw_waits_for_every_operator_but_that_one(call):
    made = call("buyer", "POST", "/v1/top-ups", {"amount": "1000.00"}).json

    def asked_of(who):
        waiting = call(who, "GET", "/v1/top-ups?is_for_me=true").json["items"]
        return [each["id"] for each in waiting]

    assert asked_of("second_operator") == [], "nobody has seen it yet"
    call("operator", "POST", f"/v1/top-ups/{made['id']}/confirmation", {"amount": "1000.00"})
    assert asked_of("second_operator") == [made["id"]]
    assert asked_of("operator") == asked_of("buyer") == []


@pytest.fixture
def traded(topped_up, units, clock):
    """A package of 300.00 CNY charged to the buyer, and its licence."""
    with units.begin(Reach.EXCHANGE) as uow:
        services.charge_order(
            uow,
            order_id=ORDER_ID,
            buyer_id=BUYER_ID,
            supplier_id=SUPPLIER_ID,
            amount=300 * SCALE,
            currency="CNY",
            split=SPLIT,
        )
        services.note_licence(
            uow,
            licence_id=LICENCE_ID,
            order_id=ORDER_ID,
            buyer_id=BUYER_ID,
            supplier_id=SUPPLIER_ID,
            currency="CNY",
            plan_hash="a" * 64,
            listing_code="AIR-1",
            starts_at=clock.now(),
            ends_at=clock.now().replace(year=2027),
        )
        uow.commit()


def slug(answer):
    assert answer.content_type == "application/problem+json"
    return answer.json["type"].rsplit("#", 1)[-1].rsplit("/", 1)[-1]


def test_a_top_up_is_announced_confirmed_twice_and_in_the_wallet(call, topped_up):
    assert topped_up["reference"].startswith("RF")
    assert topped_up["pay_into"] == "Bank of Examples"
    (wallet,) = call("buyer", "GET", "/v1/wallets").json["items"]
    assert (wallet["balance"], wallet["pending"], wallet["available"]) == (
        "1000.00000000",
        "0.00000000",
        "1000.00000000",
    )
    (listed,) = call("buyer", "GET", "/v1/top-ups").json["items"]
    assert listed["state"] == "posted"


def test_a_transfer_goes_to_the_account_of_its_currency_and_nowhere_without_one(call):
    body = {"amount": "5.00", "currency": "HKD"}
    assert call("buyer", "POST", "/v1/top-ups", body).json["pay_into"].endswith("Hong Kong")
    refused = call("buyer", "POST", "/v1/top-ups", body | {"currency": "EUR"})
    assert (refused.status_code, slug(refused)) == (422, "top-up-currency-not-taken")
    assert refused.json["currency"] == "EUR"
    assert refused.json["currencies"] == ["CNY", "HKD"]
    (listed,) = call("buyer", "GET", "/v1/top-ups").json["items"]
    assert listed["currency"] == "HKD"


def test_top_ups_are_found_by_state_and_by_the_reference_as_a_bank_prints_it(
    call, topped_up, clock
):
    clock.advance(seconds=1)
    waiting = call("buyer", "POST", "/v1/top-ups", {"amount": "5"}).json

    def found(query, who="operator"):
        items = call(who, "GET", f"/v1/top-ups?{query}").json["items"]
        return [each["id"] for each in items]

    assert found("state=requested") == [waiting["id"]]
    assert found("state=posted") == [topped_up["id"]]
    reference = waiting["reference"].lower()
    printed = "+".join(reference[at : at + 4] for at in range(0, len(reference), 4))
    assert found(f"reference={printed}") == [waiting["id"]]
    assert len(found(f"organisation_id={BUYER_ID}")) == 2
    assert found(f"organisation_id={SUPPLIER_ID}") == []
    assert found(f"reference={printed}", who="supplier") == []
    since = urlencode({"from": waiting["requested_at"]})
    before = urlencode({"until": waiting["requested_at"]})
    assert found(f"{since}&currency=CNY") == [waiting["id"]]
    assert found(before) == [topped_up["id"]]
    assert found("currency=HKD") == found(since, who="supplier") == []
    assert call("operator", "GET", "/v1/top-ups?state=paid").status_code == 422


def test_a_repeated_request_announces_once(call):
    answers = [call("buyer", "POST", "/v1/top-ups", {"amount": "5"}, key="k") for _ in range(2)]
    assert answers[0].json == answers[1].json
    assert len(call("buyer", "GET", "/v1/top-ups").json["items"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 5},
        {"amount": 5.0},
        {"amount": "-5"},
        {"amount": "1e3"},
        {"amount": "5", "currency": "XXX"},
        {"amount": "5", "note": "hello"},
        {"amount": "0"},
        {"amount": "0.001"},
        {"amount": "99999999999"},
        {},
    ],
)
def test_a_top_up_that_cannot_be_is_a_problem(call, body):
    answer = call("buyer", "POST", "/v1/top-ups", body)
    assert answer.status_code == 422
    assert slug(answer) in {"validation-error", "top-up-amount-unfit"}


def test_one_operator_cannot_confirm_alone(call):
    made = call("buyer", "POST", "/v1/top-ups", {"amount": "5"}).json
    path = f"/v1/top-ups/{made['id']}/confirmation"
    assert call("operator", "POST", path, {"amount": "5"}).json["state"] == "confirmed_once"
    refused = call("operator", "POST", path, {"amount": "5"})
    assert (refused.status_code, slug(refused)) == (403, "second-person-required")
    differs = call("second_operator", "POST", path, {"amount": "6"})
    assert (differs.status_code, slug(differs)) == (409, "confirmation-differs")


@pytest.mark.parametrize("who", ["buyer", "supplier", "auditor"])
def test_only_operators_confirm(call, who):
    made = call("buyer", "POST", "/v1/top-ups", {"amount": "5"}).json
    path = f"/v1/top-ups/{made['id']}/confirmation"
    assert call(who, "POST", path, {"amount": "5"}).status_code == 403


def test_a_cancelled_top_up_stays_cancelled(call):
    made = call("buyer", "POST", "/v1/top-ups", {"amount": "5"}).json
    path = f"/v1/top-ups/{made['id']}/cancellation"
    assert call("stranger", "POST", path).status_code == 404
    assert call("buyer", "POST", path).json["state"] == "cancelled"
    assert slug(call("buyer", "POST", path)) == "illegal-transition"


def test_postings_are_paged_filtered_and_one_s_own(call, traded, clock):
    first = call("buyer", "GET", "/v1/postings?limit=1").json
    rest = call("buyer", "GET", f"/v1/postings?limit=1&cursor={first['next_cursor']}").json
    rows = first["items"] + rest["items"]
    assert [(row["template"], row["amount"]) for row in rows] == [
        ("charge_order", "-300.00000000"),
        ("top_up", "1000.00000000"),
    ]
    assert rest["next_cursor"] is None
    account = f"{SUPPLIER_ID}/payable/CNY"
    (own,) = call("supplier", "GET", f"/v1/postings?account_id={account}").json["items"]
    assert own["amount"] == "252.00000000"
    assert call("buyer", "GET", f"/v1/postings?account_id={account}").json["items"] == []
    order = rows[0]["order_id"]
    (paid,) = call("buyer", "GET", f"/v1/postings?order_id={order}").json["items"]
    assert paid == rows[0]
    assert len(call("auditor", "GET", f"/v1/postings?order_id={order}").json["items"]) > 1
    assert call("buyer", "GET", f"/v1/postings?organisation_id={SUPPLIER_ID}").json["items"] == []
    now = iso_instant(clock.now())
    assert call("buyer", "GET", f"/v1/postings?until={now}").json["items"] == []
    assert len(call("auditor", "GET", f"/v1/postings?from={now}").json["items"]) == 6


def test_an_invoice_is_issued_to_a_party_once_and_shown_to_both(call, traded, clock):
    started = iso_instant(clock.now())
    clock.advance(seconds=5)
    body = {"licence_id": LICENCE_ID, "from": started, "until": iso_instant(clock.now())}
    assert slug(call("stranger", "POST", "/v1/invoices", body)) == "booked-licence-not-found"
    made = call("buyer", "POST", "/v1/invoices", body)
    assert made.status_code == 201
    assert made.json["total_amount"] == "300.00000000"
    assert call("supplier", "POST", "/v1/invoices", body).json == made.json
    path = f"/v1/invoices/{made.json['id']}"
    assert call("supplier", "GET", path).json == made.json
    assert call("stranger", "GET", path).status_code == 404
    (listed,) = call("buyer", "GET", f"/v1/invoices?licence_id={LICENCE_ID}").json["items"]
    assert listed["invoice_hash"] == made.json["invoice_hash"]
    assert call("stranger", "GET", "/v1/invoices").json["items"] == []
    issued_at = made.json["issued_at"].replace("+", "%2B")
    for query, count in (
        (f"from={issued_at}", 1),
        (f"until={issued_at}", 0),
        ("listing_code=AIR-1", 1),
        ("listing_code=AIR-2", 0),
        (f"buyer_id={BUYER_ID}&supplier_id={SUPPLIER_ID}", 1),
        (f"buyer_id={SUPPLIER_ID}", 0),
        (f"supplier_id={BUYER_ID}", 0),
    ):
        assert len(call("supplier", "GET", f"/v1/invoices?{query}").json["items"]) == count


def test_evidence_is_canonical_once_the_log_is_published(call, traded, clock, units, keys):
    started = iso_instant(clock.now())
    clock.advance(seconds=5)
    body = {"licence_id": LICENCE_ID, "from": started, "until": iso_instant(clock.now())}
    made = call("buyer", "POST", "/v1/invoices", body).json
    path = f"/v1/invoices/{made['id']}/evidence"
    early = call("buyer", "GET", path)
    assert (early.status_code, slug(early)) == (409, "invoice-not-yet-published")
    Sequencer(units, keys).step()
    answer = call("supplier", "GET", path)
    assert answer.data == canonical_bytes(answer.json)
    assert answer.json["invoice"] == made["document"]
    assert call("stranger", "GET", path).status_code == 404


def test_a_supplier_s_statement_is_exact(call, traded, clock):
    now = clock.now()
    period = f"from={iso_instant(now)}&until={iso_instant(now.replace(hour=9))}"
    statement = call("supplier", "GET", f"/v1/statements?{period}").json
    assert statement["total_amount"] == "252.00000000"
    assert statement["items"] == [
        {
            "subject": LICENCE_ID,
            "listing_code": "AIR-1",
            "usage_amount": "0.00000000",
            "package_amount": "252.00000000",
            "period_amount": "0.00000000",
            "credit_amount": "0.00000000",
            "other_amount": "0.00000000",
            "amount": "252.00000000",
        }
    ]
    assert call("stranger", "GET", f"/v1/statements?{period}").json["items"] == []
    assert call("buyer", "GET", f"/v1/statements?{period}").status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/wallets?limit=0"),
        ("GET", "/v1/wallets?cursor=%00"),
        ("GET", "/v1/postings?from=yesterday"),
        ("GET", "/v1/postings?from=2026-11-20T08:00:00"),
        ("GET", "/v1/postings?account_id=%00"),
        ("GET", "/v1/postings?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"),
        ("GET", "/v1/invoices?licence_id=lic_1"),
        ("GET", "/v1/invoices/%00"),
        ("GET", "/v1/invoices/inv_%F0%9F%92%B0/evidence"),
        ("POST", "/v1/top-ups/%00/cancellation"),
        ("POST", "/v1/top-ups/tup_none/cancellation"),
        ("GET", "/v1/statements?from=2026-11-20T08:00:00Z&until=2026-11-20T08:00:00Z"),
        ("GET", "/v1/statements?from=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z&cursor=!"),
    ],
)
def test_bad_input_is_a_problem_and_never_a_fault(call, topped_up, method, path):
    answer = call("stranger", method, path)
    assert answer.status_code in {400, 404, 422}, answer.data
    assert slug(answer)


def test_a_period_that_is_not_over_is_refused(call, traded, clock):
    now = clock.now()
    body = {
        "licence_id": LICENCE_ID,
        "from": iso_instant(now),
        "until": iso_instant(now.replace(hour=10)),
    }
    refused = call("buyer", "POST", "/v1/invoices", body)
    assert (refused.status_code, slug(refused)) == (422, "period-unfit")
    unknown = {**body, "licence_id": identifier("lic", 7)}
    assert call("buyer", "POST", "/v1/invoices", unknown).status_code == 404


def test_an_auditor_asks_whether_the_books_balance(call, traded, units):
    assert call("auditor", "GET", "/v1/imbalances").json == {"items": []}
    assert call("buyer", "GET", "/v1/imbalances").status_code == 403
    with units.begin(Reach.EXCHANGE) as uow:
        change = text("UPDATE wallets SET balance_amount = 1 WHERE organisation_id = :buyer")
        uow.session.execute(change, {"buyer": BUYER_ID})
        uow.commit()
    (found,) = call("auditor", "GET", "/v1/imbalances").json["items"]
    assert found == {
        "rule": "wallet_is_its_postings",
        "subject": f"{BUYER_ID}/wallet/CNY",
        "expected": "0.00000001",
        "found": "700.00000000",
    }


def test_the_exchange_finds_one_organisation_s_wallet_and_nobody_else_s_is_found(call, traded):
    def owners(who, query):
        items = call(who, "GET", f"/v1/wallets?{query}").json["items"]
        return [(each["organisation_id"], each["currency"]) for each in items]

    mine = (BUYER_ID, "CNY")
    assert owners("auditor", f"organisation_id={BUYER_ID}") == [mine]
    assert owners("auditor", "currency=USD") == []
    assert owners("buyer", "currency=CNY") == [mine]
    assert owners("supplier", f"organisation_id={BUYER_ID}") == []
