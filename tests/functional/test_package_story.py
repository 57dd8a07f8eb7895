"""A package from its supplier's draft to files that its buyer holds against the receipt.

The supplier's file server is a simulated one, of these tests.
"""

import base64
import hashlib
import json

import pytest

from demo import listing, onboarding, trading
from demo.http import Client
from demo.products import airports
from demo.world import World
from metering.leaves import Commitments
from tests.factories.whole_exchange import WholeExchange, register
from tests.fakes.file_server import FileServer

FILES = {
    "asia.csv": ("ASIA", b"icao,name\nZSPD,Pudong\nZBAA,Capital\n", 2),
    "europe.csv": ("EUROPE", b"icao,name\nEGLL,Heathrow\n", 1),
}
DECLARED = [
    {
        "name": name,
        "part": part,
        "media_type": "text/csv",
        "rows_count": rows,
        "size_bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    for name, (part, body, rows) in FILES.items()
]
PLAN = {"kind": "per_call", "unit": "unit", "unit_price": "0.40", "currency": "CNY"}


@pytest.fixture
def server():
    made = FileServer({name: body for name, (_, body, _) in FILES.items()})
    yield made
    made.stop()


@pytest.fixture
def world(database_url, tmp_path):
    exchange = WholeExchange(database_url, tmp_path)
    made = World(exchange)
    onboarding.open_the_exchange(made)
    made.supplier = register(made, "supplier", "supplier", 1)
    made.buyer = register(made, "buyer", "buyer", 2)
    yield made
    exchange.close()


def package(server):
    content = airports("http://127.0.0.1:9", "key") | {
        "product_kind": "DATASET",
        "delivery_mode": "FILE_DOWNLOAD",
        "upstream": {"url": server.url, "credential_header": "X-Key", "credential": "secret"},
        "files": DECLARED,
        "outcome_rule": {
            "rows": "/files",
            "units": {"measure": "sum", "at": "/rows_count"},
            "units_max": 3,
        },
        "offers": [{"name": "Rows", "plans": [PLAN | {"calls_per_second": 100}]}],
    }
    del content["fields_in"]
    return content


def list_it(world, content):
    """Submitted, its files asked for, reviewed and listed."""
    trade = world.airports
    listing._submit(world, trade, content)
    world.installation.settle()
    case = listing._case_of(world, trade)
    probe = world.staff_client("reviewer-1").get(f"/v1/review-cases/{case}")["probe"]
    assert (probe["calls_count"], probe["fitting_count"]) == (2, 2)
    listing.review_product(world, case)
    return world.anybody.get(f"/v1/listings/{trade.listing_code}")


def buy(world, page):
    """Every field declared, ordered, and a key."""
    trade = world.airports
    trade.plan_id = page["plans"][0]["id"]
    trading.top_up(world)
    trading._declare(world, trade, "LOGISTICS", [field["name"] for field in page["fields_out"]])
    world.days = trade
    trading.place_orders(world)
    trading.issue_keys(world)
    return Client(world.base_url, trade.key)


def refuse_what_cannot_be_delivered(world, content):
    """Without its files, and as a federation, it is no listing; nothing else is wrong with it."""
    client = world.supplier.client
    product = client.post("/v1/products", {"name": "no package"})
    versions = f"/v1/products/{product['id']}/versions"
    client.post(versions, {name: content[name] for name in content if name != "files"})
    for change, pointer in (({}, "#/files"), ({"delivery_mode": "FEDERATED"}, "#/delivery_mode")):
        client.expect("PATCH", f"{versions}/1", 200, body=change)
        problem = json.loads(client.expect("POST", f"{versions}/1/submission", 422).body)
        assert [each["pointer"] for each in problem["errors"]] == [pointer]
    client.expect("DELETE", f"/v1/products/{product['id']}", 204)


def test_a_package_is_listed_bought_and_fetched_and_its_receipt_names_what_came(world, server):
    content = package(server)
    refuse_what_cannot_be_delivered(world, content)
    page = list_it(world, content)
    assert page["files"] == DECLARED
    buyer = buy(world, page)
    answer = buyer.send("GET", f"/data/{world.airports.listing_code}?part=ASIA,EUROPE")
    assert (answer.status, answer.headers["usage-units"]) == (200, "3")
    header = answer.headers["usage-receipt"]
    receipt = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    leaf = json.loads(base64.b64decode(receipt["entry"]))
    commitments = Commitments(bytes.fromhex(receipt["detail_key"]))
    assert leaf["response"] == commitments.response(answer.body)
    for file in json.loads(answer.body)["files"]:
        half = buyer.send("GET", file["address"], headers={"Range": "bytes=0-9"})
        rest = buyer.send("GET", file["address"], headers={"Range": "bytes=10-"})
        assert (half.status, rest.status) == (206, 206)
        got = half.body + rest.body
        assert (hashlib.sha256(got).hexdigest(), got) == (file["sha256"], FILES[file["name"]][1])
    usage = world.buyer.client.get("/v1/usage")["items"]
    assert [(each["outcome"], each["units"]) for each in usage] == [("units", 3)]
    suspension = {"reason_code": "COMPLAINT", "scope": "ALL_CALLS"}
    code = world.airports.listing_code
    world.staff_client("risk-officer").post(f"/v1/listings/{code}/suspension", suspension)
    assert buyer.send("GET", file["address"]).status == 403
