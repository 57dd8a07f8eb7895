"""What we ask of Stripe, as JSON that can be stored: pure functions from an order (API v1).

Amounts at Stripe are whole minor units (https://docs.stripe.com/currencies); all our currencies
have two decimal places.
"""

from typing import Any

from app.core.money import CURRENCIES, MINOR
from ledger.payments.errors import AmountUnfit
from ledger.payments.operations import Kind
from ledger.payments.ports import Order

MINOR_UNITS_MAX = 99_999_999
"""Eight digits are the most that Stripe charges at once."""
OPERATION = "counterfoil_operation"
"""Metadata key under which everything at Stripe carries our id."""
SUBJECT = "counterfoil_subject"


def to_minor(amount: int, currency: str) -> int:
    """Whole minor units of an amount of 10⁻⁸ units; raises `AmountUnfit`, never rounds."""
    if currency not in CURRENCIES:
        raise AmountUnfit(amount, currency, f"Stripe takes {', '.join(CURRENCIES)} here.")
    minor, rest = divmod(amount, MINOR)
    if rest:
        reason = "Stripe moves whole minor units: at most two decimal places."
        raise AmountUnfit(amount, currency, reason)
    if not 0 < minor <= MINOR_UNITS_MAX:
        raise AmountUnfit(amount, currency, "Stripe moves 0.01 to 999,999.99 at once.")
    return minor


def from_minor(minor: int) -> int:
    """An amount of 10⁻⁸ units from whole minor units."""
    return minor * MINOR


def request_of(order: Order, *, success_url: str, cancel_url: str) -> dict[str, Any]:
    """The call and its exact parameters; ``within`` is a part of the address."""
    if order.kind is Kind.PAYMENT:
        return _checkout(order, success_url=success_url, cancel_url=cancel_url)
    if order.kind is Kind.REFUND:
        return _refund(order)
    if order.kind is Kind.TRANSFER:
        return _transfer(order)
    return _reversal(order)


def account_request(account_id: str, organisation_id: str) -> dict[str, Any]:
    """A recipient of transfers who tells Stripe who they are on Stripe's own pages."""
    params = {
        "controller": {
            "fees": {"payer": "application"},
            "losses": {"payments": "application"},
            "stripe_dashboard": {"type": "express"},
        },
        "capabilities": {"transfers": {"requested": True}},
        "metadata": {OPERATION: account_id, SUBJECT: organisation_id},
    }
    return {"call": "accounts.create", "within": None, "params": params}


def intent_of(order: Order) -> str | None:
    """The PaymentIntent among the names of the payment that an order is within."""
    names = (order.within or "", *order.within_names)
    return next((name for name in names if name.startswith("pi_")), None)


def _metadata(order: Order) -> dict[str, str]:
    return {OPERATION: order.operation_id, SUBJECT: order.subject_id}


def _checkout(order: Order, *, success_url: str, cancel_url: str) -> dict[str, Any]:
    line = {
        "quantity": 1,
        "price_data": {
            "currency": order.currency.lower(),
            "unit_amount": to_minor(order.amount, order.currency),
            "product_data": {"name": f"Wallet top-up 钱包充值 {order.subject_id}"},
        },
    }
    params = {
        "mode": "payment",
        "line_items": [line],
        "client_reference_id": order.operation_id,
        "metadata": _metadata(order),
        "payment_intent_data": {"metadata": _metadata(order)},
        "success_url": success_url,
        "cancel_url": cancel_url,
    }
    return {"call": "checkout.sessions.create", "within": None, "params": params}


def _refund(order: Order) -> dict[str, Any]:
    params = {
        "payment_intent": intent_of(order),
        "amount": to_minor(order.amount, order.currency),
        "metadata": _metadata(order),
    }
    return {"call": "refunds.create", "within": None, "params": params}


def _transfer(order: Order) -> dict[str, Any]:
    params = {
        "amount": to_minor(order.amount, order.currency),
        "currency": order.currency.lower(),
        "destination": order.destination,
        "transfer_group": order.subject_id,
        "metadata": _metadata(order),
    }
    return {"call": "transfers.create", "within": None, "params": params}


def _reversal(order: Order) -> dict[str, Any]:
    params = {
        "amount": to_minor(order.amount, order.currency),
        "metadata": _metadata(order),
    }
    return {"call": "transfers.reversals.create", "within": order.within, "params": params}
