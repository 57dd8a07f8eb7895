"""The exchange's staff, the supplier and the buyer: registered, verified, signed in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from demo import documents
from demo.http import Client
from demo.people import Person, new_password, signed_in_staff
from demo.world import World

OPERATOR = "operator@exchange.example"
STAFF = {
    "operator-2": ["operator"],
    "intake-officer": ["intake_officer"],
    "reviewer-1": ["reviewer"],
    "reviewer-2": ["reviewer"],
    "listing-officer": ["listing_officer"],
    "risk-officer": ["risk_officer"],
    "panel-member-1": ["panel_member"],
    "panel-member-2": ["panel_member"],
    "panel-member-3": ["panel_member"],
    "appeal-member-1": ["appeal_member"],
    "appeal-member-2": ["appeal_member"],
    "appeal-member-3": ["appeal_member"],
    "auditor": ["auditor"],
}
# Codes with valid check characters that belong to nobody (division 000000 is not assigned).
SUPPLIER_USCC = "91000000MA0000001R"
BUYER_USCC = "91000000MA0000002W"


def in_days(days: int) -> str:
    """An instant so many days from now, as the API writes it."""
    instant = datetime.now(UTC) + timedelta(days=days)  # noqa: TID251 -- the parties' own clock
    return instant.isoformat()


def open_the_exchange(world: World) -> None:
    """The first operator by command, the rest of the staff over the API."""
    password = new_password()
    world.installation.bootstrap(OPERATOR, password)
    world.staff["operator-1"] = signed_in_staff(world.base_url, OPERATOR, password)
    for name, roles in STAFF.items():
        email, password = f"{name}@exchange.example", new_password()
        person = {"email": email, "name": name, "password": password, "roles": roles}
        world.staff_client("operator-1").post("/v1/staff", person)
        world.staff[name] = signed_in_staff(world.base_url, email, password)


def register_parties(world: World) -> None:
    """Supplier and buyer register; a reviewer of the exchange verifies each."""
    world.supplier = _register(world, "Skyways Open Data", SUPPLIER_USCC, "supplier")
    world.buyer = _register(world, "Lingang Logistics", BUYER_USCC, "buyer")


def _register(world: World, name: str, uscc: str, side: str) -> Person:
    email, password = f"owner@{side}.example", new_password()
    person = {"email": email, "name": "Owner", "password": password}
    registration = _registration(name, uscc, side) | {"person": person}
    registered = world.anybody.post("/v1/organisations", registration)
    organisation_id = registered["organisation"]["id"]
    world.organisations[side] = organisation_id
    decision = {
        "decision": "verify",
        "method": "registry_lookup",
        "reason": "The registry shows the company as active under this code.",
        "valid_until": in_days(365),
    }
    reviewer = world.staff_client("reviewer-1")
    reviewer.post(f"/v1/organisations/{organisation_id}/verification", decision)
    owner = Person(email, password, Client(world.base_url))
    owner.sign_in()
    documents.send(owner.client, licence_of(uscc))
    return owner


def licence_of(uscc: str) -> str:
    """The title of an organisation's first document."""
    return f"Business licence {uscc}"


def _registration(name: str, uscc: str, side: str) -> dict[str, Any]:
    return {
        "name": name,
        "uscc": uscc,
        "is_supplier": side == "supplier",
        "is_buyer": side == "buyer",
        "evidence": [
            {
                "kind": "business_licence",
                "title": "Business licence",
                "issuer": "Administration for Market Regulation",
                "document_hash": documents.hash_of(licence_of(uscc)),
            }
        ],
    }
