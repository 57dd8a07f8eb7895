"""Rows of settlement for each pair: a dispute with its credit, a settlement, a payout, a refund."""

import json

from sqlalchemy import text

from app.core.principals import Principal, Role
from app.core.reach import Reach
from ledger.journal.charge_backs import services as charge_back_services
from ledger.journal.payouts import services as payout_services
from ledger.journal.settlement import run_services
from ledger.journal.settlement.run_services import RunPeriod
from ledger.payments.models import PayoutAccount

_CALLS = text(
    "SELECT lane, n, body FROM log_entries WHERE licence_id = :licence AND entry_type = 'call'"
    " ORDER BY lane, n"
)
_TOP_UP = text(
    "SELECT top_up_id FROM top_ups WHERE organisation_id = :buyer AND state = 'posted' LIMIT 1"
)


def fill_settlement(exchange, worlds):
    """Disputes and credits over HTTP, then one settlement run over both pairs."""
    units = exchange.parts.units
    for world in worlds.values():
        _dispute(units, world)
        _register(world)
        with units.begin(Reach.EXCHANGE) as uow:
            buyer = world.organisations["buyer"]
            charge_back_services.note_refunded(
                uow,
                top_up_id=uow.session.scalar(_TOP_UP, {"buyer": buyer}),
                amount=1_000_000,
                gateway="bank_transfer",
                provider_reference=f"refund of {buyer}",
            )
            uow.commit()
    _settle(units)
    operator = next(iter(worlds.values())).staff_client("operator-1")
    me = operator.get("/v1/people/me")
    proposer = Principal(
        me["id"], me["organisation_id"], frozenset({Role.OPERATOR}), has_second_factor=True
    )
    for settlement in operator.get("/v1/settlements?limit=100")["items"]:
        if settlement["settled_amount"] != "0.00000000":
            # Not over HTTP: a bank account counts after days, and no provider is there.
            with units.begin(Reach.EXCHANGE) as uow:
                uow.session.add(_ready_account(settlement["supplier_id"], uow.now))
                payout_services.request_payout(
                    uow, proposer, settlement_id=settlement["id"], gateway="stripe"
                )
                uow.commit()


def _ready_account(supplier_id, now):
    return PayoutAccount(
        account_id=f"pac of {supplier_id}",
        organisation_id=supplier_id,
        gateway="stripe",
        state="ready",
        idempotency_key=f"key of {supplier_id}",
        request={},
        provider_reference=f"acct of {supplier_id}",
        requirements=[],
        requested_by="test",
        requested_at=now,
        updated_at=now,
    )


def _dispute(units, world):
    licence_id = world.airports.licence_id
    with units.begin(Reach.EXCHANGE) as uow:
        rows = uow.session.execute(_CALLS, {"licence": licence_id}).all()
    charged = [row for row in rows if int(json.loads(bytes(row.body))["amount"])]
    place = {"lane": charged[0].lane, "n": charged[0].n}
    body = {
        "licence_id": licence_id,
        "reason_code": "wrong_data",
        "text": "It was wrong.",
        "calls": [place],
    }
    opened = world.buyer.client.post("/v1/disputes", body)
    path = f"/v1/disputes/{opened['id']}"
    world.supplier.client.post(f"{path}/answer", {"text": "It was right."}, expect=200)
    decision = {"accepted": [place], "text": "It was wrong."}
    world.staff_client("risk-officer").post(f"{path}/decision", decision, expect=200)


def _register(world):
    details = {"holder": "Skyways", "bank": "Bank of Examples", "account_number": "6222 0000"}
    world.supplier.client.post("/v1/bank-accounts", details)


def _settle(units):
    with units.begin(Reach.EXCHANGE) as uow:
        run_services.plan_run(
            uow,
            RunPeriod("CNY", None, uow.now),
            planned_by="test",
            minimum_amount=0,
        )
        uow.commit()
    done = 1
    while done:
        with units.begin(Reach.EXCHANGE) as uow:
            done = run_services.advance_run(uow)
            uow.commit()
