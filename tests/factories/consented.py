"""A product whose every call needs a person's consent, on a whole exchange, licensed and called.

Airports stand for people: nobody's data is needed to show that without a consent nothing passes.
"""

from sqlalchemy import text

from app.core.pseudonyms import pseudonym_of
from app.core.reach import Reach
from app.worker.consents import consent_steps
from compliance.services import persons
from demo import listing, onboarding, trading
from demo.http import Client
from demo.products import airports
from demo.world import Trade

FIELDS = ["icao", "name"]
EVIDENCE = "e" * 64


def list_consented(world, exchange):
    """The product in the catalogue, its register open; answers its pseudonym key too."""
    trade, client = Trade(), world.supplier.client
    content = airports(exchange.upstream_url, exchange.upstream_key)
    content |= {"name": "授权机场查询", "name_en": "Consent", "consent_model": "PER_CALL_TOKEN"}
    content["fields_in"] = [each | {"data_subject": "IDENTITY"} for each in content["fields_in"]]
    trade.product = client.post("/v1/products", {"name": content["name"]})
    path = f"/v1/products/{trade.product['id']}"
    opened = client.post(f"{path}/consent-register", {})
    client.post(f"{path}/versions", content)
    trade.listing_code = client.post(f"{path}/versions/1/submission")["listing_code"]
    exchange.settle()
    case_id = listing._case_of(world, trade)
    listing.review_product(world, case_id)
    trade.plan_id = world.anybody.get(f"/v1/listings/{trade.listing_code}")["plans"][0]["id"]
    return trade, bytes.fromhex(opened["pseudonym_key"])


def license_consented(world, trade):
    """A licence and a key for it."""
    trading._declare(world, trade, "LOGISTICS", FIELDS)
    order = {
        "listing_code": trade.listing_code,
        "plan_id": trade.plan_id,
        "scenario_id": trade.scenario["id"],
        "accept_terms": True,
    }
    trade.licence_id = world.buyer.client.post("/v1/orders", order)["licence_id"]
    key = {"licence_id": trade.licence_id, "name": "planner", "expires_at": onboarding.in_days(30)}
    trade.key = world.buyer.client.post("/v1/api-keys", key)["text"]


def answer_of(world, trade, key, person, **changes):
    """What a person answers, as the collecting system sends it."""
    return {
        "product_id": trade.product["id"],
        "recipient_id": world.organisations["buyer"],
        "subject": pseudonym_of(key, person),
        "purpose": "LOGISTICS",
        "answer": "grant",
        "expires_at": onboarding.in_days(30),
        "evidence_hash": EVIDENCE,
        **changes,
    }


def ask(world, trade, person, token=None):
    """One metered call about a person."""
    headers = {} if token is None else {"Consent-Token": token}
    client = Client(world.base_url, trade.key)
    return client.send("GET", f"/data/{trade.listing_code}?icao={person}", headers=headers)


def bind(exchange):
    """What the worker does with new consents in time."""
    for step in consent_steps(exchange.parts):
        step.run()


def consent(world, exchange):
    """One person's consent, used once; answers the trade and its pseudonym key."""
    trade, key = list_consented(world, exchange)
    license_consented(world, trade)
    given = world.supplier.client.post("/v1/consents", answer_of(world, trade, key, "ZSPD"))
    assert ask(world, trade, "ZSPD", given["token"]).status == 200
    bind(exchange)
    count_as_persons(exchange, trade)
    narrow(world, trade)
    return trade, key


def count_as_persons(exchange, trade):
    """What is counted of a licence whose product concerns persons, as if this one's did."""
    lane = text("SELECT lane_id FROM lanes WHERE licence_id = :licence_id")
    with exchange.parts.units.begin(Reach.EXCHANGE) as uow:
        lane_id = uow.session.scalars(lane, {"licence_id": trade.licence_id}).one()
        persons.lock_lane(uow, lane_id=lane_id, licence_id=trade.licence_id)
        persons.note_delivered(
            uow,
            lane_id=lane_id,
            licence_id=trade.licence_id,
            dossier={"pi_level": "PERSONAL", "pi_categories": []},
            until_n=1,
            delivered=[persons.Delivered(uow.now.year, calls_count=1, records_count=1)],
        )
        uow.commit()


def narrow(world, trade):
    """A reviewer takes something away from the approved use."""
    body = {"reason": "Fewer calls are enough.", "narrowed": {"calls_max": 50_000}}
    path = f"/v1/scenarios/{trade.scenario['id']}/narrowing"
    world.staff_client("reviewer-1").post(path, body)
