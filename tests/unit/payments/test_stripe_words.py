"""What is asked of Stripe and what it shows, in our words."""

import hashlib
import hmac
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from app.core.money import MINOR
from ledger.payments import stripe_calls
from ledger.payments import stripe_payment_gateway as adapter
from ledger.payments import stripe_sights as sights
from ledger.payments.errors import AmountUnfit
from ledger.payments.operations import Kind, Outcome
from ledger.payments.ports import (
    DisputeOutcome,
    MovementKind,
    NotAnEvent,
    NotNow,
    Order,
    OutcomeUnknown,
    RequestRefused,
    SignatureRefused,
    SubjectKind,
)
from ledger.payments.stripe_payment_gateway import StripeAccess, StripePaymentGateway
from ledger.payments.stripe_requests import from_minor, request_of, to_minor
from ledger.payments.stripe_signatures import TOLERANCE_SECONDS, verify
from tests.fakes.clock import START
from tests.fakes.stripe_parameters import Unacceptable, check, load, parse_form

ACCESS = StripeAccess(
    api_key="sk_test_very_secret",
    webhook_secrets=["whsec_very_secret"],
    success_url="https://exchange.example/made",
    cancel_url="https://exchange.example/left",
    onboarding_return_url="https://exchange.example/told",
    onboarding_refresh_url="https://exchange.example/again",
)
TYPES = {
    Kind.PAYMENT: "checkout._session_create_params",
    Kind.REFUND: "_refund_create_params",
    Kind.TRANSFER: "_transfer_create_params",
    Kind.REVERSAL: "_transfer_reversal_create_params",
}


def order(kind, amount=5 * 10**8):
    return Order(
        "pop_1",
        kind,
        "tup_1",
        amount,
        "CNY",
        START,
        within="tr_1",
        within_names=("ch_1", "cs_1", "pi_1"),
        destination="acct_1",
    )


def on_the_wire(params):
    return parse_form(urlencode(list(_api_encode(params))))


@given(st.integers(min_value=1, max_value=99_999_999))
def test_whole_minor_units_go_there_and_back(minor):
    assert to_minor(from_minor(minor), "CNY") == minor


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_an_amount_is_exact_or_refused(amount):
    try:
        assert from_minor(to_minor(amount, "CNY")) == amount
    except AmountUnfit:
        assert amount % MINOR or not 0 < amount <= 99_999_999 * MINOR


def test_the_most_that_one_session_takes_and_one_minor_unit_more():
    assert to_minor(99_999_999 * MINOR, "CNY") == 99_999_999
    with pytest.raises(AmountUnfit):
        to_minor(100_000_000 * MINOR, "CNY")


@pytest.mark.parametrize("kind", Kind)
def test_every_request_fits_the_sdk_s_own_types(kind):
    made = request_of(order(kind), success_url="https://a.example", cancel_url="https://b.example")
    json.dumps(made)
    wire = on_the_wire(made["params"])
    check(load(TYPES[kind]), wire)
    assert made["params"]["metadata"]["counterfoil_operation"] == "pop_1"
    with pytest.raises(Unacceptable):
        check(load(TYPES[kind]), {**wire, "amuont": "1"})


def test_a_refund_names_the_intent_and_a_reversal_its_transfer():
    def made(kind):
        return request_of(order(kind), success_url="", cancel_url="")

    assert made(Kind.REFUND)["params"]["payment_intent"] == "pi_1"
    assert made(Kind.REVERSAL)["within"] == "tr_1"
    assert made(Kind.TRANSFER)["params"]["transfer_group"] == "tup_1"


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ("moode=payment", "moode"),
        ("line_items[0][price_data][currrency]=cny", "line_items[0][price_data][currrency]"),
        ("line_items[0][price_data][unit_amount]=1", "line_items[0][price_data][currency]"),
        ("line_items[0][quantity]=many", "line_items[0][quantity]"),
        ("metadata=flat", "metadata"),
    ],
)
def test_the_fake_refuses_what_the_sdk_s_types_do_not_know(wrong, param):
    with pytest.raises(Unacceptable) as refusal:
        check(load(TYPES[Kind.PAYMENT]), parse_form(wrong))
    assert refusal.value.param == param


def test_the_api_version_is_the_one_that_the_sdk_was_made_for():
    assert stripe.StripeClient("sk_test_x")._requestor._options.stripe_version == (
        adapter.API_VERSION
    )


def test_secrets_stand_in_no_representation():
    shown = repr(ACCESS) + repr(vars(StripePaymentGateway(ACCESS)))
    assert "very_secret" not in shown


def session(**members):
    base = {
        "id": "cs_1",
        "status": "complete",
        "payment_status": "unpaid",
        "amount_total": 500,
        "currency": "cny",
        "metadata": {},
        "payment_intent": None,
    }
    return sights.payment_sight({**base, **members})


@pytest.mark.parametrize(
    ("members", "outcome"),
    [
        ({"status": "open"}, Outcome.OPEN),
        ({"status": "expired"}, Outcome.CANCELLED),
        ({"payment_status": "paid"}, Outcome.SUCCEEDED),
        ({"payment_intent": {"id": "pi_1", "status": "processing"}}, Outcome.OPEN),
        ({"payment_intent": {"id": "pi_1", "status": "requires_payment_method"}}, Outcome.FAILED),
        ({"payment_intent": {"id": "pi_1", "status": "canceled"}}, Outcome.FAILED),
        ({"payment_intent": "pi_1"}, Outcome.OPEN),
    ],
)
def test_what_a_session_says(members, outcome):
    assert session(**members).outcome is outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("pending", Outcome.SUCCEEDED),
        ("succeeded", Outcome.SUCCEEDED),
        ("requires_action", Outcome.OPEN),
        ("failed", Outcome.FAILED),
        ("canceled", Outcome.FAILED),
    ],
)
def test_what_a_refund_says(status, outcome):
    refund = {"id": "re_1", "status": status, "amount": 5, "currency": "cny"}
    assert sights.refund_sight(refund).outcome is outcome


@pytest.mark.parametrize(
    ("transfers", "payouts_enabled", "is_ready"),
    [
        ("active", True, True),
        ("active", False, False),
        ("active", None, False),
        ("pending", True, False),
        (None, True, False),
    ],
)
def test_what_an_account_says(transfers, payouts_enabled, is_ready):
    account = {
        "id": "acct_1",
        "capabilities": {"transfers": transfers},
        "payouts_enabled": payouts_enabled,
    }
    assert sights.account_sight(account).is_ready is is_ready


@pytest.mark.parametrize(
    ("disabled_reason", "is_rejected"),
    [
        ("rejected.fraud", True),
        ("rejected.platform_other", True),
        ("rejected.incomplete_verification", True),
        ("requirements.past_due", False),
        ("under_review", False),
        ("listed", False),
        ("platform_paused", False),
        (None, False),
    ],
)
def test_an_account_says_whether_it_was_rejected(disabled_reason, is_rejected):
    """As https://docs.stripe.com/api/accounts/object lists the reasons, under either version."""
    account = {"id": "acct_1", "requirements": {"disabled_reason": disabled_reason}}
    sight = sights.account_sight(account)
    assert (sight.is_rejected, sight.disabled_reason) == (is_rejected, disabled_reason or "")


@pytest.mark.parametrize(
    ("status", "lines", "outcome", "has_withdrawn"),
    [
        ("warning_needs_response", [], DisputeOutcome.OPEN, False),
        ("warning_closed", [], DisputeOutcome.OPEN, False),
        ("needs_response", [{}], DisputeOutcome.OPEN, True),
        ("under_review", [{}], DisputeOutcome.OPEN, True),
        ("won", [{}, {}], DisputeOutcome.WON, True),
        ("lost", [{}], DisputeOutcome.LOST, True),
    ],
)
def test_what_a_dispute_says(status, lines, outcome, has_withdrawn):
    seen = sights.dispute_sight(
        {
            "id": "dp_1",
            "status": status,
            "charge": "ch_1",
            "payment_intent": {"id": "pi_1"},
            "amount": 5,
            "currency": "cny",
            "balance_transactions": lines,
        }
    )
    assert (seen.outcome, seen.has_withdrawn, seen.payments) == (
        outcome,
        has_withdrawn,
        ("pi_1", "ch_1"),
    )


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (stripe.InvalidRequestError("x", None, http_status=400), RequestRefused),
        (stripe.IdempotencyError("x", http_status=400), OutcomeUnknown),
        (stripe.RateLimitError("x", http_status=429), NotNow),
        (stripe.InvalidRequestError("x", None, http_status=409), NotNow),
        (stripe.AuthenticationError("x", http_status=401), NotNow),
        (stripe.PermissionError("x", http_status=403), NotNow),
        (stripe.APIError("x", http_status=500), OutcomeUnknown),
        (stripe.APIConnectionError("x"), OutcomeUnknown),
    ],
)
def test_what_an_error_says_of_what_was_asked(error, meaning):
    def perform():
        raise error

    with pytest.raises(meaning):
        stripe_calls.call(perform)


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        ("charge", {"object": "charge", "id": "ch_1"}, MovementKind.OPERATION),
        ("stripe_fee", None, MovementKind.FEE),
        ("payout", {"object": "payout", "id": "po_1"}, MovementKind.PAYOUT),
        ("payout_failure", {"object": "payout", "id": "po_1"}, MovementKind.PAYOUT),
        ("topup", {"object": "topup", "id": "tu_1"}, MovementKind.PAYOUT),
        ("topup_reversal", {"object": "topup", "id": "tu_1"}, MovementKind.PAYOUT),
        ("adjustment", {"object": "dispute", "id": "dp_1"}, MovementKind.OPERATION),
        ("adjustment", None, MovementKind.OTHER),
        ("reserve_transaction", "rsv_1", MovementKind.OTHER),
    ],
)
def test_what_a_line_of_the_statement_says(kind, source, expected):
    line = {
        "id": "txn_1",
        "type": kind,
        "amount": -5,
        "fee": 1,
        "currency": "cny",
        "created": 1,
        "source": source,
    }
    seen = sights.movement_of(line)
    assert (seen.kind, seen.amount, seen.fee) == (expected, -5 * MINOR, MINOR)
    assert (seen.source is not None) is (expected is MovementKind.OPERATION)


def test_a_notice_of_no_interest_is_no_subject():
    event = {"id": "evt_1", "type": "invoice.paid", "created": 1, "data": {"object": {}}}
    assert sights.event_of(event).subject is None
    refund = {"object": "refund", "id": "re_1"}
    told = {**event, "type": "refund.failed", "data": {"object": refund}}
    subject = sights.event_of(told).subject
    assert (subject.kind, subject.reference) == (SubjectKind.REFUND, "re_1")


BODY = b'{"id": "evt_1"}'


def signed(body=BODY, secret="whsec_a", at=START):  # noqa: S107 -- a test's
    timestamp = int(at.timestamp())
    make = stripe.WebhookSignature.generate_signature_header
    return make(body.decode(), secret, timestamp=timestamp)


def test_the_sdk_s_own_signatures_verify_and_both_secrets_of_a_roll_do():
    verify(BODY, signed(), ["whsec_a"], START)
    verify(BODY, signed(secret="whsec_b"), ["whsec_a", "whsec_b"], START)
    both = signed(secret="whsec_old") + "," + signed().split(",")[1]
    verify(BODY, both, ["whsec_a"], START)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        "t=1",
        "v1=abc",
        "t=-5,v1=00",
        "t=²,v1=00",
        "x" * 3_000,
        signed(secret="whsec_b"),
        signed(body=b"{}"),
        signed().replace("v1=", "v0="),
        signed() + ",t=1",
    ],
)
def test_anything_else_is_refused(header):
    with pytest.raises(SignatureRefused):
        verify(BODY, header, ["whsec_a"], START)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_signature_is_of_about_now_on_both_sides(side):
    at_the_edge = START + timedelta(seconds=side * TOLERANCE_SECONDS)
    verify(BODY, signed(at=at_the_edge), ["whsec_a"], START)
    beyond = START + timedelta(seconds=side * (TOLERANCE_SECONDS + 1))
    with pytest.raises(SignatureRefused):
        verify(BODY, signed(at=beyond), ["whsec_a"], START)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"data": []}',
        b"[" * 200_000,
        b'{"id": 1, "data": {"object": 5}}',
    ],
)
def test_signed_nonsense_is_no_event(body):
    gateway = StripePaymentGateway(ACCESS)
    timestamp = str(int(START.timestamp()))
    mac = hmac.new(b"whsec_very_secret", timestamp.encode() + b"." + body, hashlib.sha256)
    with pytest.raises(NotAnEvent):
        gateway.read_event(body, {"Stripe-Signature": f"t={timestamp},v1={mac.hexdigest()}"}, START)
