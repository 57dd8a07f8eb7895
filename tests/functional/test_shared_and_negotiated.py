"""Through the whole exchange: what several suppliers share, and what two parties negotiate."""

import os

import psycopg
import pytest

from app import embedded_postgres
from demo import onboarding
from demo.calls import Call, call
from demo.http import Client
from demo.world import World
from tests.factories.composite import composite_content, list_version, propose
from tests.factories.whole_exchange import WholeExchange, trade

PRICE = 40_000_000


def key_for(world, licence_id):
    """A client that calls under a licence."""
    key = {
        "licence_id": licence_id,
        "name": "tester",
        "networks": ["127.0.0.0/8"],
        "expires_at": onboarding.in_days(30),
    }
    return Client(world.base_url, world.buyer.client.post("/v1/api-keys", key)["text"])


def use(client, listing_code, name):
    answer, _ = call(client, Call(f"/data/{listing_code}?icao=ZSPD", name))
    assert answer.status == 200, answer.body
    return answer


def booked(connection, licence_id):
    """What each organisation's accounts got of a licence's calls, by the kind of account."""
    connection.execute("SELECT set_config('counterfoil.reach', 'exchange', true)")
    rows = connection.execute(
        "SELECT p.organisation_id, a.kind, sum(p.amount)::bigint FROM postings p"
        " JOIN journal_accounts a USING (account_id)"
        " JOIN journal_transactions t USING (transaction_id)"
        " WHERE t.licence_id = %s GROUP BY 1, 2",
        (licence_id,),
    )
    found = {(organisation_id, kind): amount for organisation_id, kind, amount in rows}
    connection.rollback()
    return found


@pytest.fixture(scope="module")
def exchange(postgres, template_database, tmp_path_factory):
    """Its own: calls leave leases behind, which come and go under the proof of isolation."""
    name = f"shared_{os.getpid()}"
    url = embedded_postgres.ensure_database(postgres, name, template=template_database)
    made = WholeExchange(url, tmp_path_factory.mktemp("shared"))
    yield made
    made.close()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def world(exchange):
    staff = World(exchange)
    onboarding.open_the_exchange(staff)
    return trade(exchange, staff.staff, "c", 70)


@pytest.fixture
def connection(exchange, world):
    with psycopg.connect(exchange.parts.database_url) as opened:
        yield opened


def test_a_call_of_a_composite_product_is_shared_to_the_last_unit(world, connection):
    made = world.composite
    client = key_for(world, made.licence_id)
    for number in range(3):
        use(client, made.listing_code, f"composite-{number}")
    got = booked(connection, made.licence_id)
    supplier, contributor = (world.organisations[side] for side in ("supplier", "contributor"))
    # 84 % are the suppliers', of them a quarter the contributor's.
    paid = -got[world.organisations["buyer"], "wallet"]
    # Whatever else has been called under it by now.
    assert paid >= 3 * PRICE
    assert got[contributor, "payable"] == paid * 2100 // 10_000
    assert got[supplier, "payable"] == paid * 6300 // 10_000
    assert sum(got.values()) == 0


def test_the_contributor_reads_its_share_and_the_order_carries_it(world):
    # Another test orders the product again, and tests run in any order.
    shares = world.contributor.client.get("/v1/agreement-shares")["items"]
    agreement_id = world.composite.order["agreement_id"]
    (share,) = (each for each in shares if each["agreement_id"] == agreement_id)
    assert share["split_bp"] == 2100
    world.contributor.client.expect("GET", f"/v1/agreements/{agreement_id}", 404)


def test_a_negotiated_price_is_what_the_calls_cost_and_nobody_else_learns_it(world):
    airports = world.airports
    offer = propose(world, airports, kind="per_call", unit_price="0.07")
    acceptance = {"scenario_id": airports.scenario["id"], "accept_terms": True}
    path = f"/v1/custom-offers/{offer['id']}/acceptance"
    order = world.buyer.client.post(path, acceptance)
    assert order["state"] == "ACTIVE"
    client = key_for(world, order["licence_id"])
    use(client, airports.listing_code, "negotiated")
    usage = world.buyer.client.get("/v1/usage", query={"licence_id": order["licence_id"]})
    assert [event["amount"] for event in usage["items"]] == ["0.07000000"]
    # The two parties are quoted the licence; the plan itself is published to nobody.
    wanted = {"licence_id": order["licence_id"], "units": 10}
    quote = world.buyer.client.post("/v1/quotes", wanted, expect=200)
    assert quote["usage_amount"] == "0.70000000"
    world.contributor.client.expect("POST", "/v1/quotes", 404, body=wanted)
    plan = {"plan_id": order["plan_id"], "units": 10}
    for other in (world.contributor.client, world.supplier.client):
        answer = other.send("POST", "/v1/quotes", body=plan)
        assert answer.status == 404, answer.body
    page = world.anybody.get(f"/v1/listings/{airports.listing_code}")
    assert order["plan_id"] not in str(page)


def test_the_data_plane_keeps_plan_and_split_of_the_agreement_itself(world, connection):
    licence_id = world.composite.licence_id
    agreement = world.buyer.client.get(f"/v1/agreements/{world.composite.order['agreement_id']}")
    connection.execute("SELECT set_config('counterfoil.reach', 'exchange', true)")
    ((plan_terms, split),) = connection.execute(
        "SELECT plan_terms, split FROM entitlements WHERE licence_id = %s", (licence_id,)
    ).fetchall()
    connection.rollback()
    assert plan_terms == agreement["terms"]["plan"]
    assert split == agreement["terms"]["split"]


def test_a_new_version_with_other_plans_changes_nothing_for_a_running_licence(exchange, world):
    made = world.composite
    running = made.licence_id
    content = composite_content(world, exchange)
    dearer = {"kind": "per_call", "unit": "call", "unit_price": "9.00"}
    content["offers"] = [{"name": "Dearer", "plans": [dearer]}]
    number = 1 + len(world.supplier.client.get(f"/v1/products/{made.product['id']}")["versions"])
    list_version(world, exchange, number, content)
    page = world.anybody.get(f"/v1/listings/{made.listing_code}")
    assert [plan["unit_amount"] for plan in page["plans"]] == ["9.00000000"]
    use(key_for(world, running), made.listing_code, f"after-version-{number}")
    usage = world.buyer.client.get("/v1/usage", query={"licence_id": running, "limit": 1})
    assert usage["items"][0]["amount"] == "0.40000000"
    # The old plan is sold no more; the new one is another licence.
    command = {
        "listing_code": made.listing_code,
        "plan_id": made.plan_id,
        "scenario_id": made.scenario["id"],
        "accept_terms": True,
    }
    world.buyer.client.expect("POST", "/v1/orders", 404, body=command)
    upgraded = world.buyer.client.post("/v1/orders", command | {"plan_id": page["plans"][0]["id"]})
    assert upgraded["licence_id"] != running
