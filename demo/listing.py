"""From the supplier's draft over intake, reviewers and listing officer into the catalogue."""

import time
from typing import Any

from demo import documents
from demo.http import Surprise
from demo.products import airports, working_days
from demo.world import Trade, World

PROBE_SECONDS = 30
_NO_CONFLICT = "no"


def submit_products(world: World) -> None:
    """Both products drafted and submitted by their supplier."""
    installation = world.installation
    key, url = installation.upstream_key, installation.upstream_url
    _submit(world, world.airports, airports(url, key))
    _submit(world, world.days, working_days(url, key))


def _submit(world: World, trade: Trade, content: dict[str, Any]) -> None:
    trade.product, submitted = _hand_in(world, content)
    trade.listing_code = submitted["listing_code"]


def _hand_in(world: World, content: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Register, describe, submit; the product and its submitted version."""
    client = world.supplier.client
    product = client.post("/v1/products", {"name": content["name"]})
    versions = f"/v1/products/{product['id']}/versions"
    client.post(versions, content)
    for document in content["evidence"]:
        documents.send(client, document["title"])
    return product, client.post(f"{versions}/1/submission")


def find_undisclosed_identity_number(world: World) -> None:
    """A product whose sample hides an identity number goes straight back to its supplier."""
    content = airports(world.installation.upstream_url, world.installation.upstream_key)
    # A made-up number with a valid check digit in a district that Beijing does not have.
    content["sample"] = [row | {"city": "119999199001010012"} for row in content["sample"]]
    product, _ = _hand_in(world, content)
    cases = world.supplier.client.get("/v1/review-cases/mine")["items"]
    case = next(case for case in cases if case["product_id"] == product["id"])
    blocking = {finding["rule_id"] for finding in case["findings"]}
    if case["stage"] != "RETURNED" or not {"I1", "D3"} <= blocking:
        message = f"the hidden identity number was not found: {case}"
        raise Surprise(message)


def review_products(world: World) -> None:
    """Each product admitted, reviewed by two without a conflict, and listed by a third."""
    for trade in (world.airports, world.days):
        review_product(world, _case_of(world, trade))


def review_product(world: World, case_id: str) -> None:
    """One case all the way into the catalogue, every open item answered with a reason."""
    _wait_for_probe(world, case_id)
    _admit(world, case_id)
    for name in ("reviewer-1", "reviewer-2"):
        _review(world, name, case_id)
    _list(world, case_id)


def _admit(world: World, case_id: str) -> None:
    """Past intake, where a slight change of a listed version does not begin."""
    client = world.staff_client("intake-officer")
    if client.get(f"/v1/review-cases/{case_id}")["case"]["stage"] == "INTAKE":
        admission = {"decision": "approve", "reason": "Every document that the sources ask for."}
        client.post(f"/v1/review-cases/{case_id}/admission", admission)


def _case_of(world: World, trade: Trade) -> str:
    cases = world.staff_client("reviewer-1").get("/v1/review-cases")["items"]
    found = [case["id"] for case in cases if case["listing_code"] == trade.listing_code]
    if not found:
        own = world.supplier.client.get("/v1/review-cases/mine")["items"]
        message = f"{trade.listing_code} is not under review: {own}"
        raise Surprise(message)
    return str(found[0])


def _wait_for_probe(world: World, case_id: str) -> None:
    """The worker makes test calls to the upstream after the submission."""
    deadline = time.monotonic() + PROBE_SECONDS
    while time.monotonic() < deadline:
        probe = world.staff_client("reviewer-1").get(f"/v1/review-cases/{case_id}")["probe"]
        if probe:
            return
        time.sleep(0.1)
    message = f"the upstream of case {case_id} was not probed in {PROBE_SECONDS} s"
    raise Surprise(message)


def _review(world: World, name: str, case_id: str) -> None:
    client = world.staff_client(name)
    view = client.get(f"/v1/review-cases/{case_id}")
    answers = {question["code"]: _NO_CONFLICT for question in view["conflict_questions"]}
    client.post(f"/v1/review-cases/{case_id}/assignment", {"answers": answers})
    for document in view["documents"]:
        if document["is_sent"]:
            client.expect("GET", f"/v1/documents/{document['sha256']}", 200)
    items = [
        {"rule_id": item["rule_id"], "outcome": "PASS", "reason": "Read the documents; it holds."}
        for item in view["left_to_judge"]
    ]
    decision = {"decision": "approve", "reason": "Complete, lawful and useful.", "items": items}
    client.post(f"/v1/review-cases/{case_id}/decisions", decision)


def _list(world: World, case_id: str) -> None:
    client = world.staff_client("listing-officer")
    view = client.get(f"/v1/review-cases/{case_id}")
    waiting = client.get("/v1/listing-applications")["items"]
    application = next(each["id"] for each in waiting if each["case_id"] == case_id)
    decision = {
        "answers": {question["code"]: _NO_CONFLICT for question in view["conflict_questions"]},
        "decision": "approve",
        "reason": "Registered, priced and still within its rules today.",
    }
    client.post(f"/v1/listing-applications/{application}/decision", decision)


def find_in_catalogue(world: World) -> None:
    """Anybody finds the products, in Chinese and in English, and sees the whole page."""
    for query, trade in (
        ("机场", world.airports),
        ("airport", world.airports),
        ("假日", world.days),
    ):
        found = world.anybody.get("/v1/listings", query={"q": query})["items"]
        if [item["listing_code"] for item in found] != [trade.listing_code]:
            message = f"searching {query!r} found {found}"
            raise Surprise(message)
    for trade in (world.airports, world.days):
        page = world.anybody.get(f"/v1/listings/{trade.listing_code}")
        trade.plan_id = page["plans"][0]["id"]
