"""Money in, scenarios approved, orders placed, keys issued."""

from typing import Any

from demo.http import Surprise
from demo.onboarding import in_days
from demo.world import Trade, World

TOP_UP = "1000.00"


def top_up(world: World) -> None:
    """The buyer announces a transfer; two operators confirm that it arrived."""
    announced = world.buyer.client.post("/v1/top-ups", {"amount": TOP_UP, "currency": "CNY"})
    path = f"/v1/top-ups/{announced['id']}/confirmation"
    stated = {"amount": TOP_UP, "currency": "CNY"}
    world.staff_client("operator-1").post(path, stated, expect=200)
    world.staff_client("operator-1").expect("POST", path, 403, body=stated)  # nobody confirms twice
    world.staff_client("operator-2").post(path, stated, expect=200)


def balance(world: World) -> dict[str, str]:
    """The buyer's wallet: balance, pending, available."""
    wallets = world.buyer.client.get("/v1/wallets")["items"]
    found: dict[str, str] = next(wallet for wallet in wallets if wallet["currency"] == "CNY")
    return found


def declare_scenarios(world: World) -> None:
    """The buyer says what for; without an approved scenario there is no order."""
    _refuse_order_without_scenario(world)
    _declare(world, world.airports, "LOGISTICS", ["icao", "name", "city", "country", "lat", "lon"])
    _declare(world, world.days, "OPERATIONS", ["day", "is_workday", "holiday"])


def _refuse_order_without_scenario(world: World) -> None:
    order = {
        "listing_code": world.airports.listing_code,
        "plan_id": world.airports.plan_id,
        "scenario_id": "scn_00000000000000000000000000",
        "accept_terms": True,
    }
    answer = world.buyer.client.send("POST", "/v1/orders", body=order)
    if answer.status < 400 or answer.status >= 500:
        message = f"an order without a scenario got {answer.status}"
        raise Surprise(message)


def _declare(world: World, trade: Trade, purpose: str, needed: list[str]) -> None:
    scenario = world.buyer.client.post("/v1/scenarios", _scenario(trade, purpose, needed))
    reviewer = world.staff_client("reviewer-2")
    questions = reviewer.get("/v1/conflict-questions")["items"]
    decision = {
        "answers": {each["code"]: "no" for each in questions},
        "decision": "approve",
        "reason": "The fields fit the purpose.",
    }
    trade.scenario = reviewer.post(f"/v1/scenarios/{scenario['id']}/decision", decision)


def _scenario(trade: Trade, purpose: str, needed: list[str]) -> dict[str, Any]:
    return {
        "listing_code": trade.listing_code,
        "sector": "TRANSPORT",
        "problem": "Shipments are planned over airports whose data go out of date.",
        "solution": "Look each airport up when a shipment is planned.",
        "purpose": purpose,
        "purpose_text": "Planning of shipments for our own customers.",
        "fields": [{"name": name, "reason": "Needed by the planner."} for name in needed],
        "regions": ["CN"],
        "calls_max": 100_000,
        "calls_per_second": 1_000,
        "starts_at": in_days(-1),
        "ends_at": in_days(180),
        "retention": "CONTRACT_TERM",
        "recipients": ["Lingang Logistics"],
        "prohibited_uses": ["Resale", "Identification of persons"],
    }


def place_orders(world: World) -> None:
    """One order a product: a per-hit plan and a package."""
    for trade in (world.airports, world.days):
        order = {
            "listing_code": trade.listing_code,
            "plan_id": trade.plan_id,
            "scenario_id": trade.scenario["id"],
            "accept_terms": True,
        }
        trade.order = world.buyer.client.post("/v1/orders", order)
        trade.licence_id = trade.order["licence_id"]


def issue_keys(world: World) -> None:
    """One key a licence, shown once, good from loopback only."""
    for trade in (world.airports, world.days):
        key = {
            "licence_id": trade.licence_id,
            "name": "planner",
            "networks": ["127.0.0.0/8"],
            "expires_at": in_days(30),
        }
        trade.key = world.buyer.client.post("/v1/api-keys", key)["text"]
