"""A product of two suppliers on a whole exchange, and an offer that one buyer gets."""

from demo import listing, onboarding, trading
from demo.products import airports
from demo.world import Trade

SHARE_BP = 2_500


def compose(world, exchange, contributor):
    """A second supplier's share in a third product, agreed to, reviewed, listed and ordered."""
    world.contributor, world.composite = contributor, Trade()
    content = composite_content(world, exchange)
    product = world.supplier.client.post("/v1/products", {"name": content["name"]})
    world.composite.product = product
    list_version(world, exchange, 1, content)
    _order(world)


def composite_content(world, exchange):
    """A draft with a share for the contributor."""
    return airports(exchange.upstream_url, exchange.upstream_key) | {
        "name": "联合机场查询",
        "name_en": "Airports of two",
        "contributors": [
            {
                "organisation_id": world.organisations["contributor"],
                "share_bp": SHARE_BP,
                "basis": "Coordinates of small airfields.",
            }
        ],
    }


def list_version(world, exchange, number, content):
    """Draft, agreement of the contributor, submission, the whole review, catalogue."""
    client, made = world.supplier.client, world.composite
    versions = f"/v1/products/{made.product['id']}/versions"
    client.post(versions, content)
    client.expect("POST", f"{versions}/{number}/submission", 422)
    _agree(world.contributor)
    made.listing_code = client.post(f"{versions}/{number}/submission")["listing_code"]
    exchange.settle()
    listing.review_product(world, listing._case_of(world, made))


def _agree(contributor):
    (asked,) = contributor.client.get("/v1/contributions", query={"state": "ASKED"})["items"]
    path = f"/v1/contributions/{asked['id']}/agreement"
    contributor.client.post(path, {"terms_hash": asked["terms_hash"]})


def _order(world):
    made = world.composite
    made.plan_id = world.anybody.get(f"/v1/listings/{made.listing_code}")["plans"][0]["id"]
    trading._declare(world, made, "LOGISTICS", ["icao", "name", "city", "country", "lat", "lon"])
    command = {
        "listing_code": made.listing_code,
        "plan_id": made.plan_id,
        "scenario_id": made.scenario["id"],
        "accept_terms": True,
    }
    made.order = world.buyer.client.post("/v1/orders", command)
    made.licence_id = made.order["licence_id"]


def propose(world, trade, **plan):
    """A plan that the supplier proposes on what its buyer looks for, which is closed then."""
    path = f"/v1/demands/{_look_for(world)['id']}"
    offer = world.supplier.client.post(
        f"{path}/custom-offers",
        {
            "listing_code": trade.listing_code,
            "plan": {"unit": "call", "currency": "CNY", **plan},
            "valid_until": onboarding.in_days(30),
            "message": "As discussed.",
        },
    )
    world.buyer.client.post(f"{path}/closure")
    return offer


def _look_for(world):
    demand = {
        "title": "Airports",
        "description": "Every airport with its position.",
        "topic": "SPACE_TIME",
        "sectors": ["TRANSPORT"],
        "purpose": "OPERATIONS",
        "intended_use": "To plan routes.",
        "closes_at": onboarding.in_days(10),
    }
    world.buyer.client.post("/v1/demands", demand)  # stays open
    return world.buyer.client.post("/v1/demands", demand)
