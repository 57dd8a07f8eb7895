"""Which rights the supplier claims, and on what ground (the twenty data measures of 2022)."""

from compliance.rules.verdicts import Inputs, Verdict, failed, passed_unless, unsure

LICENSED = "licensed"


def rights_are_claimed(inputs: Inputs) -> Verdict:
    """Every right is a known one; a licensed one has an authorisation; one permits trading."""
    parameters, claimed = inputs["parameters"], inputs["rights"] or []
    if not claimed:
        return failed(reason="no right is claimed")
    faults = [
        right["right"]
        for right in claimed
        if right["right"] not in parameters["rights"] or right["basis"] not in parameters["bases"]
    ]
    kinds = {document["kind"] for document in inputs["evidence"] or []}
    if any(right["basis"] == LICENSED for right in claimed):
        wanted = parameters["licensed_evidence"]
        faults += [] if kinds & set(wanted) else [f"one of {', '.join(wanted)} is missing"]
    names = sorted({right["right"] for right in claimed})
    if not faults and parameters["trading_right"] not in names:
        return unsure(rights=names, reason="the right to operate is not among them")
    return passed_unless(faults, rights=names)
