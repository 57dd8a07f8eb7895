"""A payment provider that nothing outside its adapter knows: registered in one place, it works."""

import itertools

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.money import SCALE
from app.core.reach import Reach
from app.factory import create_control_plane
from app.web.access import Authenticator
from app.wiring import payments
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.top_ups.hosted_payment_gateway import HostedPaymentGateway
from tests.factories.payments import (
    AMOUNT,
    BUYER,
    FIRST,
    OWNER,
    PART,
    PAYER,
    SECOND,
    SUPPLIER,
    PayingExchange,
)
from tests.fakes.principals import NamedPrincipals
from tests.fakes.purse_gateway import SIGNED, PurseGateway
from tests.fakes.stripe_server import StripeServer

AT_THE_PURSE = "exchange/gateway:purse/CNY"
FEE = 3 * SCALE
PEOPLE = {"buyer": PAYER, "owner": OWNER, "operator": FIRST, "second operator": SECOND}


@pytest.fixture
def purse(clock, monkeypatch):
    made = PurseGateway(clock)
    monkeypatch.setattr(payments, "PROVIDERS", (*payments.PROVIDERS, lambda _parts: made))
    return made


@pytest.fixture
def server(clock):
    made = StripeServer(clock, patience_seconds=20.0)
    yield made
    made.stop()


@pytest.fixture
def exchange(database_url, tmp_path, server, clock, purse):
    made = PayingExchange(database_url, tmp_path, server, clock)
    yield made
    made.close()


@pytest.fixture
def call(exchange):
    app = create_control_plane(exchange.parts)
    app.extensions["counterfoil"].add(Authenticator, NamedPrincipals(PEOPLE))
    client, numbers = app.test_client(), itertools.count()

    def request(who, method, path, body=None, **more):
        headers = {"Idempotency-Key": f"key-{next(numbers)}", **more.pop("headers", {})}
        if who:
            headers["Authorization"] = who
        answer = client.open(path, method=method, json=body, headers=headers, **more)
        assert answer.status_code < 400, answer.text
        return answer

    return request


@pytest.fixture
def topped_up(call, exchange, purse):
    """Announced, paid in the purse, told by a signed notice, credited."""
    announced = call("buyer", "POST", "/v1/top-ups", {"amount": "1000.00", "gateway": "purse"}).json
    page = call(None, "GET", announced["pay_into"].removeprefix("http://127.0.0.1:8000"))
    operation_id = page.headers["Location"].removeprefix("https://purse.example/")
    body, headers = purse.pay(operation_id, fee=FEE)
    call(None, "POST", "/v1/payment-events/purse", data=body, headers=headers)
    exchange.work()
    assert call("buyer", "GET", f"/v1/top-ups/{announced['id']}").json["state"] == "posted"
    return announced


def found(exchange):
    """What the books' audit and the sweep of all providers find."""
    exchange.clock.advance(seconds=60)
    exchange.sweep()
    with exchange.units.begin(Reach.EXCHANGE) as uow:
        return [each.rule for each in find_imbalances(uow.session)], exchange.findings()


def test_its_money_is_on_an_account_of_its_own(call, exchange, purse, topped_up):
    names = [each["name"] for each in call("buyer", "GET", "/v1/payment-gateways").json["items"]]
    assert names == ["bank_transfer", "stripe", "purse"]
    assert found(exchange) == ([], set())
    assert exchange.balance() == AMOUNT
    assert exchange.sum_of(AT_THE_PURSE) == -(AMOUNT - FEE)
    assert purse.balance().amounts == {"CNY": AMOUNT - FEE}
    assert exchange.sum_of("exchange/fees/CNY") == -FEE
    for other in ("bank", "stripe"):
        assert exchange.sum_of(f"exchange/{other}/CNY") == 0


def test_a_refund_goes_back_through_it(call, exchange, purse, topped_up):
    refund = call(
        "operator",
        "POST",
        "/v1/payment-refunds",
        {"top_up_id": topped_up["id"], "amount": "300.00", "reason": "unspent"},
    ).json
    path = f"/v1/payment-operations/{refund['id']}/decision"
    call("second operator", "POST", path, {"decision": "approve"})
    exchange.work()
    assert exchange.operation(refund["id"]).state == "succeeded"
    assert found(exchange) == ([], set())
    assert exchange.balance() == AMOUNT - PART
    assert exchange.sum_of(AT_THE_PURSE) == -(AMOUNT - FEE - PART)


def test_a_supplier_is_paid_by_it_and_the_rest_comes_home(call, exchange, purse, topped_up):
    account = call("owner", "POST", "/v1/payout-accounts", {"gateway": "purse"}).json
    exchange.work()
    (reference,) = purse.accounts
    assert account["gateway"] == "purse"
    purse.verify(reference)
    body, headers = purse.notice("account", "account", reference)
    call(None, "POST", "/v1/payment-events/purse", data=body, headers=headers)
    exchange.work()
    payout = exchange.approved_payout(gateway="purse")
    exchange.work()
    assert exchange.payout_now(payout.payout_id).state == "paid"
    purse.bring_home(100 * SCALE, "CNY")
    assert found(exchange) == ([], set())
    assert exchange.sum_of(AT_THE_PURSE) == -(AMOUNT - FEE - PART - 100 * SCALE)
    assert exchange.sum_of("exchange/bank/CNY") == -100 * SCALE
    assert exchange.sum_of(f"{SUPPLIER}/settled/CNY") == 0


def test_a_sweep_compares_each_provider_with_its_own_account(call, exchange, purse, topped_up):
    purse.arrive(7 * SCALE, "HKD")
    assert found(exchange) == ([], {("movement_unexplained", "line-1")})
    assert exchange.sum_of("exchange/gateway:purse/HKD") == -7 * SCALE
    assert exchange.sum_of("exchange/suspense/HKD") == 7 * SCALE
    purse.lines.pop(0)  # the purse forgets a payment: what it holds is less than the books say
    exchange.clock.advance(seconds=60)
    exchange.sweep()
    assert ("books_are_not_the_balance", "CNY") in exchange.findings()


def test_a_notice_that_the_provider_did_not_sign_is_not_believed(call, exchange, purse):
    body, headers = purse.notice("paid", "payment", "pop_1")
    with pytest.raises(AssertionError, match="payment-notice-refused"):
        call(None, "POST", "/v1/payment-events/purse", data=body, headers={SIGNED: "0" * 64})
    call(None, "POST", "/v1/payment-events/purse", data=body, headers=headers)


@pytest.mark.parametrize("name", ["Purse", "purse/CNY", "gateway:purse", "p", "purse 2", ""])
def test_a_name_that_no_account_can_have_is_refused_at_the_start(name):
    with pytest.raises(ValueError, match=r"^" + name + "$"):
        HostedPaymentGateway(name, address_of=str, check=lambda *_: None)


def test_the_database_takes_no_account_of_another_kind(exchange):
    """The kinds of providers' accounts are the exchange's alone, and well formed."""
    insert = text(
        "INSERT INTO journal_accounts (account_id, organisation_id, kind, currency, opened_at)"
        " VALUES (:owner || '/x/CNY', :owner, :kind, 'CNY', now())"
    )
    refused = [("exchange", f"gateway:{name}") for name in ("", "P", "a/b", "pu rse")]
    for owner, kind in [*refused, ("exchange", "purse"), (BUYER, "gateway:purse")]:
        with exchange.units.begin(Reach.EXCHANGE) as uow, pytest.raises(DBAPIError, match="kind"):
            uow.session.execute(insert, {"owner": owner, "kind": kind})
