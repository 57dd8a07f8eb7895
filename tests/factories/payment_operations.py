"""Each kind of operation at a provider up to where things can go wrong; and its one effect."""

from ledger.payments import services
from tests.factories.payments import AMOUNT, BUYER, FIRST, PART, SECOND

PATHS = {
    "payment": "/v1/checkout/sessions",
    "refund": "/v1/refunds",
    "transfer": "/v1/transfers",
    "reversal": "/reversals",
}


def start_payment(exchange):
    return exchange.payment(exchange.top_up().top_up_id)


def start_refund(exchange):
    return exchange.approved_refund(exchange.paid_top_up().top_up_id)


def start_transfer(exchange):
    exchange.paid_top_up()
    exchange.ready_account()
    return exchange.transfer(exchange.approved_payout().payout_id)


def start_reversal(exchange):
    transfer = start_transfer(exchange)
    assert exchange.work_on(transfer.operation_id, "succeeded") == "succeeded"
    reversal = exchange.do(
        services.request_reversal,
        FIRST,
        subject_id=transfer.subject_id,
        amount=PART,
        reason="paid by mistake",
    )
    exchange.do(services.approve, SECOND, operation_id=reversal.operation_id)
    return reversal


START = {
    "payment": start_payment,
    "refund": start_refund,
    "transfer": start_transfer,
    "reversal": start_reversal,
}
EFFECTS = {
    "payment": {"top_up": 1},
    "refund": {"top_up": 1, "refund": 1},
    "transfer": {"top_up": 1, "charge_order": 1, "settle": 1, "pay_out": 1, "payout_paid": 1},
    "reversal": {
        "top_up": 1,
        "charge_order": 1,
        "settle": 1,
        "pay_out": 1,
        "payout_paid": 1,
        "payout_returned": 1,
    },
}
BALANCES = {
    "payment": AMOUNT,
    "refund": AMOUNT - PART,
    "transfer": AMOUNT - PART,
    "reversal": AMOUNT - PART,
}
OBJECTS = {
    "payment": "checkout.session",
    "refund": "refund",
    "transfer": "transfer",
    "reversal": "transfer_reversal",
}


def check_one_effect(exchange, server, kind, operation):
    """The operation succeeded once: here, at the provider and in the books, which agree."""
    assert exchange.operation(operation.operation_id).state == "succeeded"
    assert exchange.effects() == EFFECTS[kind]
    assert exchange.balance(BUYER) == BALANCES[kind]
    assert len(server.state.all(OBJECTS[kind])) == 1
    exchange.deliver(server.take_notices())
    exchange.work()
    assert exchange.agrees()
    assert exchange.effects() == EFFECTS[kind]
