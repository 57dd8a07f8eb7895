"""Payments over HTTP: the checkout's address, own rows only, notices by signature alone."""

import itertools
import json
import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import text
from werkzeug.serving import WSGIRequestHandler, make_server

from app.core.money import SCALE, Money
from app.core.reach import Reach
from app.factory import create_control_plane
from app.web.access import Authenticator
from ledger.journal.top_ups.ports import PaymentGateways
from ledger.payments import queries as payment_queries
from ledger.payments.operation_runner import OperationRunner
from ledger.payments.ports import PaymentPorts
from tests.factories.filtered import check_filters, found, listed
from tests.factories.payments import AMOUNT, BUYER, FIRST, OWNER, PAYER, SECOND, PayingExchange
from tests.fakes.principals import NamedPrincipals
from tests.fakes.stripe_server import StripeServer

STRANGER = type(PAYER)("psn_other", "org_other", PAYER.roles)
PEOPLE = {
    "buyer": PAYER,
    "owner": OWNER,
    "operator": FIRST,
    "second operator": SECOND,
    "stranger": STRANGER,
}


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass


@pytest.fixture
def server(clock):
    made = StripeServer(clock, patience_seconds=20.0)
    yield made
    made.stop()


@pytest.fixture
def exchange(database_url, tmp_path, server, clock):
    made = PayingExchange(database_url, tmp_path, server, clock)
    yield made
    made.close()


@pytest.fixture
def app(exchange):
    made = create_control_plane(exchange.parts)
    made.extensions["counterfoil"].add(Authenticator, NamedPrincipals(PEOPLE))
    return made


@pytest.fixture
def call(app):
    """Makes one request as a named person; None asks without credentials."""
    client, numbers = app.test_client(), itertools.count()

    def request(who, method, path, body=None, key=None, **more):
        headers = {"Idempotency-Key": key or f"key-{next(numbers)}", **more.pop("headers", {})}
        if who:
            headers["Authorization"] = who
        return client.open(path, method=method, json=body, headers=headers, **more)

    return request


@pytest.fixture
def announced(call):
    body = {"amount": "1000.00", "gateway": "stripe"}
    answer = call("buyer", "POST", "/v1/top-ups", body)
    assert answer.status_code == 201, answer.text
    return answer.json


def checkout(announced):
    return announced["pay_into"].removeprefix("http://127.0.0.1:8000")


def test_what_is_configured_is_listed_with_the_default_first(call):
    items = call("buyer", "GET", "/v1/payment-gateways").json["items"]
    assert [item["name"] for item in items] == ["bank_transfer", "stripe"]
    assert items[1] == {
        "name": "stripe",
        "currencies": ["CNY", "USD", "EUR", "HKD"],
        "is_hosted": True,
        "pays_out": True,
    }


def test_a_transfer_is_offered_in_the_currencies_that_have_an_account(exchange):
    accounts = {"EUR": "Bank of Examples, 0002", "CNY": "Bank of Examples, 0001"}
    settings = replace(exchange.parts.settings, bank_accounts=accounts)
    registry = create_control_plane(replace(exchange.parts, settings=settings)).extensions[
        "counterfoil"
    ]
    first, stripe = registry.get(PaymentPorts).offers
    assert (first.name, first.currencies) == ("bank_transfer", ("CNY", "EUR"))
    assert tuple(stripe.currencies) == ("CNY", "USD", "EUR", "HKD")
    money = Money(5 * SCALE, "EUR")
    opened = registry.get(PaymentGateways).default.open_top_up("tup_" + "0" * 26, money)
    assert opened.pay_into == accounts["EUR"]


def test_the_default_is_still_a_bank_transfer(call, server):
    made = call("buyer", "POST", "/v1/top-ups", {"amount": "5.00"}).json
    assert made["gateway"] == "bank_transfer"
    assert call("buyer", "GET", "/v1/payment-operations").json["items"] == []
    refused = call("buyer", "POST", "/v1/top-ups", {"amount": "5.00", "gateway": "barter"})
    assert (refused.status_code, refused.json["type"]) == (422, "/problems#top-up-gateway-unknown")


def test_announcing_asks_nobody_and_a_replay_gives_the_same_address(call, server):
    body = {"amount": "7.00", "gateway": "stripe"}
    first = call("buyer", "POST", "/v1/top-ups", body, key="the-same").json
    again = call("buyer", "POST", "/v1/top-ups", body, key="the-same").json
    assert first == again
    assert first["state"] == "requested"
    assert server.requests == []


def test_the_checkout_s_address_leads_to_the_provider_s_page(call, announced, server, exchange):
    page = call(None, "GET", checkout(announced))
    assert page.status_code == 303
    assert page.headers["Location"].startswith("https://checkout.stripe.example/c/pay/cs_test_")
    assert call(None, "GET", checkout(announced)).headers["Location"] == page.headers["Location"]
    assert len(server.state.all("checkout.session")) == 1
    server.state.pay(page.headers["Location"].rsplit("/", 1)[1])
    exchange.deliver(server.take_notices())
    exchange.work()
    paid = call("buyer", "GET", f"/v1/top-ups/{announced['id']}").json
    assert (paid["state"], paid["paid_at"] is None) == ("posted", False)
    closed = call(None, "GET", checkout(announced))
    assert (closed.status_code, closed.json["type"]) == (409, "/problems#checkout-closed")


def test_a_made_up_address_leads_nowhere(call, announced, server):
    path, _, token = checkout(announced).rpartition("/")
    another = "1" if token.endswith("0") else "0"
    for wrong in (
        f"{path}/{token[:-1]}{another}",
        f"{path}/x",
        path.rpartition("/")[0] + f"/tup_x/{token}",
    ):
        answer = call(None, "GET", wrong)
        assert answer.status_code == 404
    assert server.requests == []


def test_a_provider_that_is_away_is_said_and_nothing_is_lost(call, announced, server, clock):
    server.inject("drop_before", path="/v1/checkout/sessions")
    away = call(None, "GET", checkout(announced))
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    clock.advance(seconds=10)
    assert call(None, "GET", checkout(announced)).status_code == 303


def test_a_payer_who_comes_while_the_worker_is_asking_waits_for_its_answer(
    app, call, announced, server, exchange
):
    is_waiting, pages = threading.Event(), []

    def pause(seconds):
        is_waiting.set()
        time.sleep(seconds)

    runner = OperationRunner(exchange.units, exchange.gateways, pause)
    app.extensions["counterfoil"].add(OperationRunner, runner)

    def come():
        pages.append(call(None, "GET", checkout(announced)))
        is_waiting.set()

    payer = threading.Thread(target=come)

    def while_the_provider_thinks():
        payer.start()
        assert is_waiting.wait(60)

    server.inject("none", path="/v1/checkout/sessions", then=while_the_provider_thinks)
    exchange.work()
    payer.join(60)
    assert [page.status_code for page in pages] == [303]
    assert len(server.state.all("checkout.session")) == 1


def test_the_buyer_cancels_and_the_session_expires(call, announced, server, exchange):
    call(None, "GET", checkout(announced))
    path = f"/v1/top-ups/{announced['id']}/cancellation"
    assert call("buyer", "POST", path).json["state"] == "cancelled"
    assert call(None, "GET", checkout(announced)).status_code == 409
    exchange.work()
    assert {each["status"] for each in server.state.all("checkout.session")} == {"expired"}


def test_amounts_that_the_provider_cannot_move_are_refused_clearly(call):
    for amount in ("0.001", "1000000.00", "0.00"):
        body = {"amount": amount, "gateway": "stripe"}
        assert call("buyer", "POST", "/v1/top-ups", body).status_code == 422


def test_an_organisation_sees_its_own_operations_only(call, announced, exchange, server):
    exchange.work()
    mine = call("buyer", "GET", "/v1/payment-operations").json["items"]
    assert [each["subject_id"] for each in mine] == [announced["id"]]
    assert "request" not in mine[0]
    assert "idempotency_key" not in mine[0]
    assert call("stranger", "GET", "/v1/payment-operations").json["items"] == []
    path = f"/v1/payment-operations/{mine[0]['id']}"
    assert call("stranger", "GET", path).status_code == 404
    assert call("stranger", "GET", f"/v1/top-ups/{announced['id']}").status_code == 404
    assert call("buyer", "GET", path).json == mine[0]
    assert call(None, "GET", path).status_code == 401


TABLES = ("payment_operations", "payment_references", "payment_disputes", "payout_accounts")
CLOSED = ("payment_events", "payment_findings", "payment_movements", "payment_sweeps")


def test_without_any_filter_the_database_shows_own_rows_and_takes_none(exchange, server):
    top_up = exchange.paid_top_up(fee=3)
    server.state.dispute(exchange.intent_of(top_up.top_up_id))
    exchange.deliver(server.take_notices())
    exchange.ready_account()
    exchange.sweep()
    server.state.succeed(server.state.make_intent(5, "cny", {}))
    exchange.clock.advance(seconds=60)
    exchange.sweep()
    for reach, is_own in ((BUYER, True), ("org_supplier", True), ("org_other", False)):
        with exchange.units.begin(Reach.organisation(reach)) as uow:
            shown = {
                table: set(uow.session.scalars(text(f"SELECT organisation_id FROM {table}")))  # noqa: S608
                for table in TABLES
            }
            assert set().union(*shown.values()) == ({reach} if is_own else set())
            for table in CLOSED:
                assert uow.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608
            for table in TABLES:
                changed = uow.session.execute(text(f"UPDATE {table} SET gateway = gateway"))  # noqa: S608
                assert changed.rowcount == 0
    with exchange.units.begin(Reach.EXCHANGE) as uow:
        for table in (*TABLES, *CLOSED):
            assert uow.session.scalar(text(f"SELECT count(*) FROM {table}")), table  # noqa: S608


def test_a_refund_needs_two_operators(call, announced, exchange, server):
    call(None, "GET", checkout(announced))
    server.state.pay(server.state.all("checkout.session")[0]["id"])
    exchange.deliver(server.take_notices())
    exchange.work()
    body = {"top_up_id": announced["id"], "amount": "400.00", "reason": "not needed"}
    assert call("buyer", "POST", "/v1/payment-refunds", body).status_code == 403
    refund = call("operator", "POST", "/v1/payment-refunds", body).json
    path = f"/v1/payment-operations/{refund['id']}/decision"
    asked = "/v1/payment-operations?is_for_me=true"
    assert call("operator", "GET", asked).json["items"] == []
    assert [each["id"] for each in call("second operator", "GET", asked).json["items"]] == [
        refund["id"]
    ]
    alone = call("operator", "POST", path, {"decision": "approve"})
    assert alone.json["type"] == "/problems#operation-needs-second-person"
    assert call("second operator", "POST", path, {"decision": "approve"}).json["state"] == "planned"
    exchange.work()
    state = call("buyer", "GET", f"/v1/payment-operations/{refund['id']}").json["state"]
    assert state == "succeeded"
    wallet = call("buyer", "GET", "/v1/wallets").json["items"][0]
    assert wallet["balance"] == "600.00000000"


def test_no_refund_is_approved_for_a_provider_that_is_there_no_more(
    app, call, announced, exchange, server
):
    call(None, "GET", checkout(announced))
    server.state.pay(server.state.all("checkout.session")[0]["id"])
    exchange.deliver(server.take_notices())
    exchange.work()
    body = {"top_up_id": announced["id"], "amount": "400.00", "reason": "not needed"}
    refund = call("operator", "POST", "/v1/payment-refunds", body).json
    parts = app.extensions["counterfoil"]
    parts.add(PaymentPorts, replace(parts.get(PaymentPorts), gateways={}))
    path = f"/v1/payment-operations/{refund['id']}/decision"
    refused = call("second operator", "POST", path, {"decision": "approve"})
    assert (refused.status_code, refused.json["gateway"]) == (422, "stripe")
    assert exchange.balance() == AMOUNT
    assert call("operator", "POST", path, {"decision": "decline"}).json["state"] == "cancelled"


def test_a_supplier_opens_an_account_and_tells_the_provider_who_it_is(call, exchange, server):
    path = "/v1/payout-accounts"
    assert call("buyer", "POST", path, {"gateway": "stripe"}).status_code == 403
    assert call("owner", "POST", path, {"gateway": "barter"}).status_code == 422
    assert call("owner", "GET", f"{path}/stripe/onboarding").status_code == 404
    first = call("owner", "POST", path, {"gateway": "stripe"})
    again = call("owner", "POST", path, {"gateway": "stripe"})
    assert first.json["id"] == again.json["id"]
    early = call("owner", "GET", f"{path}/stripe/onboarding")
    assert (early.status_code, early.headers["Retry-After"]) == (409, "2")
    exchange.work()
    link = call("owner", "GET", f"{path}/stripe/onboarding").json
    assert link["url"].startswith("https://connect.stripe.example/setup/acct_")
    assert call("owner", "GET", path).json["items"][0]["requirements"] == ["external_account"]
    server.state.verify_account(exchange.account().provider_reference)
    exchange.deliver(server.take_notices())
    exchange.work()
    assert call("owner", "GET", path).json["items"][0]["state"] == "ready"
    assert call("stranger", "GET", path).json["items"] == []


def test_an_account_that_was_rejected_says_so_to_its_owner_and_to_operators(call, exchange, server):
    exchange.ready_account()
    server.state.reject_account(exchange.account().provider_reference, "rejected.listed")
    exchange.deliver(server.take_notices())
    exchange.work()
    path = "/v1/payout-accounts"
    for who in ("owner", "operator"):
        (shown,) = call(who, "GET", f"{path}?state=rejected").json["items"]
        assert (shown["state"], shown["reason_code"]) == ("rejected", "rejected.listed")
        another = f"{path}?organisation_id=org_{'0' * 26}"
        assert call(who, "GET", another).json["items"] == []
        assert call(who, "GET", f"{path}?state=ready").json["items"] == []
    refused = call("owner", "GET", f"{path}/stripe/onboarding")
    assert (refused.status_code, refused.json["type"].rpartition("#")[2]) == (
        409,
        "payout-account-rejected",
    )
    assert refused.json["reason_code"] == "rejected.listed"


def test_notices_are_taken_by_their_signature_and_by_nothing_else(call, app, exchange, server):
    top_up = exchange.top_up()
    server.state.pay(exchange.session_of(top_up.top_up_id))
    (notice,) = server.take_notices("checkout.session.completed")
    path, numbers = "/v1/payment-events/stripe", []
    for who in (None, "stranger"):
        headers = {"Stripe-Signature": notice.header}
        if who:
            headers["Authorization"] = who
        answer = app.test_client().post(path, data=notice.body, headers=headers)
        numbers.append((answer.status_code, answer.json))
    assert numbers == [(200, {"is_new": True}), (200, {"is_new": False})]
    changed = json.dumps({**notice.event, "id": "evt_other"}).encode()
    forged = app.test_client().post(path, data=changed, headers={"Stripe-Signature": notice.header})
    assert (forged.status_code, forged.json["type"]) == (400, "/problems#payment-notice-refused")
    assert call("operator", "POST", path, {"id": "evt_3"}).status_code == 400
    assert app.test_client().post("/v1/payment-events/barter", data=b"{}").status_code == 400
    exchange.work()
    assert exchange.balance() == AMOUNT
    shown = call("operator", "GET", "/v1/payment-events?state=done").json["items"]
    assert [each["event_id"] for each in shown] == [notice.event["id"]]
    check_times(call, "/v1/payment-events", shown[0]["received_at"])
    assert "body" not in shown[0]
    assert call("buyer", "GET", "/v1/payment-events").status_code == 403


def check_times(call, path, at, **besides):
    """The one row of a staff's list is found by its gateway and its time, and by no other."""
    fits = [{"gateway": "stripe"}, {"from": at}]
    assert found(call, "operator", path, *({**each, **besides} for each in fits)) == [1, 1, 1]
    for misfit in ({"gateway": "barter"}, {"until": at}):
        assert listed(call, "operator", path, {**misfit, **besides}) == []


def test_an_operator_sees_findings_and_lines_and_says_what_was_done(call, exchange, server):
    exchange.paid_top_up(fee=3)
    server.state.succeed(server.state.make_intent(4_200, "cny", {}))
    exchange.sweep()
    path = "/v1/payment-findings"
    (finding,) = call("operator", "GET", f"{path}?is_open=true").json["items"]
    assert (finding["rule"], finding["found_amount"]) == ("movement_unexplained", "42.00000000")
    lines = call("operator", "GET", "/v1/payment-movements?explained_by=suspense").json["items"]
    assert [line["amount"] for line in lines] == ["42.00000000"]
    check_times(call, path, finding["found_at"])
    of_suspense = {"explained_by": "suspense"}
    check_times(call, "/v1/payment-movements", lines[0]["occurred_at"], **of_suspense)
    resolve = f"{path}/{finding['id']}/resolution"
    assert call("buyer", "POST", resolve, {"resolution": "x"}).status_code == 403
    done = call("operator", "POST", resolve, {"resolution": "sent back by the bank"}).json
    assert done["resolved_by"] == FIRST.id
    assert call("operator", "GET", f"{path}?is_open=true").json["items"] == []
    assert call("operator", "POST", resolve, {"resolution": "again"}).status_code == 404


def test_an_operator_sees_what_is_under_way_at_the_provider_and_whose_it_is(call, announced):
    """As the page on operating says: without it nobody can look into a payment that hangs."""
    (seen,) = call("operator", "GET", "/v1/payment-operations?state=planned").json["items"]
    assert seen["subject_id"] == announced["id"]
    check_times(call, "/v1/payment-operations", seen["requested_at"])
    assert call("operator", "GET", "/v1/payment-operations?state=sent").json["items"] == []


def test_a_dispute_is_found_by_whose_and_which_payment_it_is_and_by_its_state(
    call, exchange, server
):
    payment = exchange.payment(exchange.paid_top_up().top_up_id)
    server.state.dispute(exchange.intent_of(payment.subject_id))
    exchange.deliver(server.take_notices())
    exchange.work()
    (dispute,) = call("operator", "GET", "/v1/payment-disputes").json["items"]
    other, at = "org_" + "7" * 26, dispute["opened_at"]
    check_filters(
        call,
        ("buyer", "operator"),
        "/v1/payment-disputes",
        fits=[
            {"gateway": "stripe"},
            {"operation_id": payment.operation_id},
            {"state": "open"},
            {"from": at},
        ],
        misfits=[
            {"organisation_id": other},
            {"operation_id": "pop_" + "7" * 26},
            {"state": "won"},
            {"until": at},
        ],
    )
    of_buyer = exchange.do(
        lambda uow: payment_queries.list_disputes(uow.session, None, organisation_id=BUYER)
    )
    assert [each.dispute_id for each in of_buyer.items] == [dispute["id"]]


def test_a_dead_notice_is_replayed_by_an_operator(call, exchange, server):
    exchange.paid_top_up()
    with exchange.units.begin(Reach.EXCHANGE) as uow:
        uow.session.execute(text("UPDATE payment_events SET state = 'dead'"))
        uow.commit()
    dead = call("operator", "GET", "/v1/payment-events?state=dead").json["items"]
    path = f"/v1/payment-events/{dead[0]['id']}/replay"
    assert call("buyer", "POST", path).status_code == 403
    assert call("operator", "POST", path).json["state"] == "waiting"
    assert call("operator", "POST", path, key="another").status_code == 409
    assert call("operator", "POST", "/v1/payment-events/pev_none/replay").status_code == 404
    exchange.work()
    assert exchange.effects() == {"top_up": 1}


def test_notices_come_over_real_http_too(app, exchange, server):
    """From the fake provider's own process of mind: signed bytes over a socket."""
    web = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    url = f"http://127.0.0.1:{web.server_port}/v1/payment-events/stripe"
    try:
        top_up = exchange.top_up()
        server.state.pay(exchange.session_of(top_up.top_up_id))
        statuses = server.deliver(url, web.serve_forever)
    finally:
        web.shutdown()
        web.server_close()
    assert set(statuses) == {200}
    exchange.work()
    assert exchange.balance() == 1000 * SCALE
