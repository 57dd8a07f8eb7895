"""A listing's terms as an offer of ODRL 2.2 (JSON-LD, the profile of the core vocabulary)."""

from collections.abc import Mapping, Sequence
from typing import Any

from listings.catalogue.exports.addresses import Addresses

Document = dict[str, Any]

CONTEXT = "http://www.w3.org/ns/odrl.jsonld"
PROFILE = "http://www.w3.org/ns/odrl/2/core"
_FOREVER = frozenset({"UNLIMITED", "CONTRACT_TERM"})


def offer(
    listing: Mapping[str, Any],
    content: Mapping[str, Any],
    plans: Sequence[Mapping[str, Any]],
    at: Addresses,
) -> Document:
    """One permission for each plan: use for the allowed purposes, in the regions, for its price."""
    return {
        "@context": CONTEXT,
        "@type": "Offer",
        "uid": at.policy,
        "profile": PROFILE,
        "assigner": at.party(listing["supplier_id"]),
        "permission": [
            {
                "uid": f"{at.policy}#{plan['plan_id']}",
                "target": at.page,
                "action": "use",
                "constraint": _constraints(content, at),
                "duty": [_payment(plan, at), *_deletion(content)],
            }
            for plan in plans
        ],
        "prohibition": _prohibitions(content, at),
    }


def _constraints(content: Mapping[str, Any], at: Addresses) -> list[Document]:
    found = [
        _one_of("purpose", [at.term("purposes", each) for each in content["allowed_purposes"]])
    ]
    if content.get("regions"):
        found.append(_one_of("spatial", [at.region(each) for each in content["regions"]]))
    if content.get("user_qualifications"):
        named = [at.term("user_qualifications", each) for each in content["user_qualifications"]]
        found.append(_one_of("recipient", named))
    return found


def _one_of(operand: str, values: list[str]) -> Document:
    return {
        "leftOperand": operand,
        "operator": "isAnyOf",
        "rightOperand": [{"@id": value} for value in values],
    }


def _payment(plan: Mapping[str, Any], at: Addresses) -> Document:
    """What is paid; a plan without one amount a unit is described by its own terms."""
    amount = plan["unit_amount"]
    if amount is None:
        return {"action": "compensate", "uid": f"{at.page}#{plan['plan_id']}"}
    refinement = {
        "leftOperand": "payAmount",
        "operator": "eq",
        "rightOperand": {"@value": amount, "@type": "xsd:decimal"},
        "unit": f"urn:iso:std:iso:4217:{plan['terms']['currency']}",
        "comment": f"for each {plan['unit']['code']}",
    }
    action = {"rdf:value": {"@id": "odrl:compensate"}, "refinement": [refinement]}
    return {"action": [action], "uid": f"{at.page}#{plan['plan_id']}"}


def _deletion(content: Mapping[str, Any]) -> list[Document]:
    """What was received is deleted when its time is over; without caching, at once."""
    mode, _, days = content["retention"].partition(":")
    if mode in _FOREVER:
        return []
    elapsed = {
        "leftOperand": "elapsedTime",
        "operator": "lteq",
        "rightOperand": {"@value": f"P{days or 0}D", "@type": "xsd:duration"},
    }
    return [{"action": "delete", "constraint": [elapsed]}]


def _prohibitions(content: Mapping[str, Any], at: Addresses) -> list[Document]:
    forbidden = [at.term("purposes", each) for each in content.get("forbidden_purposes", ())]
    rules: list[Document] = []
    if forbidden:
        rules.append(
            {"target": at.page, "action": "use", "constraint": [_one_of("purpose", forbidden)]}
        )
    if content["transfer_rule"] == "NO_TRANSFER":
        rules.append({"target": at.page, "action": "distribute"})
    if content["transfer_rule"] == "DERIVED_ONLY":
        rules.append({"target": at.page, "action": "reproduce"})
    return rules
