"""Whether the chain of authorisations carries what is offered, and which rights come of it."""

from typing import Any

from compliance.days import day_at
from compliance.rules.predicates.documents import find_document
from compliance.rules.rights_chain import ENDLESS, carried_rights, chain_faults
from compliance.rules.verdicts import Inputs, Verdict, failed, passed, unsure

SUBSTANTIAL = "SUBSTANTIAL"


def chain_carries_the_offer(inputs: Inputs) -> Verdict:
    """Continuous from its root, in force, sublicensable, wide enough, each link with a document."""
    chain = inputs["chain"] or []
    if not chain:
        return failed(reason="there is no chain of authorisations")
    faults = chain_faults(
        chain,
        day=day_at(inputs["at"]),
        offered_purposes=inputs["product.purposes"] or [],
        offered_regions=inputs["product.regions"] or [],
        has_derivation=_is_derived(inputs),
    )
    faults += [
        {"link": at, "fault": "has no document in date"}
        for at, link in enumerate(chain)
        if find_document(inputs["evidence"], link["evidence"], inputs["at"]) is None
    ]
    if faults:
        return failed(faults=faults)
    ends = min(link.get("to") or ENDLESS for link in chain)
    return passed(link_count=len(chain), ends_on=None if ends == ENDLESS else ends)


def _is_derived(inputs: Inputs) -> bool:
    return (inputs["derivation"] or {}).get("kind") == SUBSTANTIAL


def claimed_rights_are_derived(inputs: Inputs) -> Verdict:
    """Original rights come of the source or of substantial labour, licensed ones of the chain."""
    parameters, claimed = inputs["parameters"], inputs["rights"] or []
    if not claimed:
        return failed(reason="no right is claimed")
    derived = {"original": _original(inputs), "licensed": carried_rights(inputs["chain"] or [])}
    faults = [fault for right in claimed if (fault := _fault(right, derived, day_at(inputs["at"])))]
    shown: dict[str, Any] = {basis: sorted(rights) for basis, rights in derived.items()}
    if faults:
        return failed(faults=faults, derived=shown)
    if parameters["trading_right"] not in {right["right"] for right in claimed}:
        return unsure(derived=shown, reason="the right to operate is not among them")
    return passed(derived=shown)


def _original(inputs: Inputs) -> frozenset[str]:
    parameters = inputs["parameters"]
    types = {source["type"] for source in inputs["sources"] or ()}
    found = {right for kind in types for right in parameters["original_rights"].get(kind, ())}
    if _is_derived(inputs):
        found |= set(parameters["derived_rights"])
    return frozenset(found)


def _fault(right: dict[str, Any], derived: dict[str, frozenset[str]], day: str) -> Any:
    if right["right"] not in derived.get(right["basis"], ()):
        return {"right": right["right"], "basis": right["basis"], "fault": "is not derived"}
    if not (right.get("from") or "") <= day <= (right.get("to") or ENDLESS):
        return {"right": right["right"], "basis": right["basis"], "fault": "is not in force"}
    return None
