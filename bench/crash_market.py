"""An exchange with something to sell: one listing by the hit, one package that will sell out."""

from pathlib import Path

from demo import listing, onboarding, trading
from demo.installation import Installation
from demo.products import airports, working_days
from demo.world import World

TOP_UP = "100000.00"
LEASE_SECONDS = "3"


def open_market(installation: Installation, *, package_units: int) -> World:
    """Everybody registered, two products listed, money paid in, both licences and keys issued."""
    world = World(installation)
    onboarding.open_the_exchange(world)
    onboarding.register_parties(world)
    url, key = installation.upstream_url, installation.upstream_key
    days = working_days(url, key)
    days["offers"][0]["plans"][0]["package_units"] = package_units
    for trade, content in ((world.airports, airports(url, key)), (world.days, days)):
        trade.listing_code = _submit(world, content)
    listing.review_products(world)
    for trade in (world.airports, world.days):
        page = world.anybody.get(f"/v1/listings/{trade.listing_code}")
        trade.plan_id = page["plans"][0]["id"]
    _pay_in(world)
    trading.declare_scenarios(world)
    trading.place_orders(world)
    trading.issue_keys(world)
    return world


def _submit(world: World, content: dict[str, object]) -> str:
    client = world.supplier.client
    product = client.post("/v1/products", {"name": content["name"]})
    versions = f"/v1/products/{product['id']}/versions"
    client.post(versions, content)
    submitted = client.post(f"{versions}/1/submission")
    code: str = submitted["listing_code"]
    return code


def _pay_in(world: World) -> None:
    stated = {"amount": TOP_UP, "currency": "CNY"}
    announced = world.buyer.client.post("/v1/top-ups", stated)
    path = f"/v1/top-ups/{announced['id']}/confirmation"
    for name in ("operator-1", "operator-2"):
        world.staff_client(name).post(path, stated, expect=200)


def installation_in(folder: Path, **extra: str) -> Installation:
    """An installation in a folder, with leases short enough to watch them come back."""
    return Installation(folder, {"COUNTERFOIL_LEASE_SECONDS": LEASE_SECONDS, **extra})
