"""What may be traded, and what trading it could reveal (GB/T 37932, GB/T 43697)."""

from collections.abc import Iterator, Mapping
from typing import Any

from compliance.rules.verdicts import (
    Inputs,
    Verdict,
    failed,
    irrelevant,
    passed,
    passed_unless,
    unsure,
    warned,
)

TOLD = ("name", "name_en", "summary", "description", "use_cases", "series")


def nothing_prohibited_is_named(inputs: Inputs) -> Verdict:
    """No prohibited term in what the product says of itself; absolute terms block unseen."""
    told = " ".join(_words(inputs)).lower()
    matched = [
        {"category": name, "term": term, "is_absolute": category["is_absolute"]}
        for name, category in inputs["parameters"]["categories"].items()
        for term in category["terms"]
        if term.lower() in told
    ]
    if any(each["is_absolute"] for each in matched):
        return failed(matched=matched)
    return unsure(matched=matched) if matched else passed()


def _words(inputs: Inputs) -> Iterator[str]:
    product = inputs["product"] or {}
    yield from (str(product[name]) for name in TOLD if product.get(name))
    yield from (str(each) for each in product.get("keywords") or ())
    for field in inputs["fields_out"] or ():
        yield f"{field.get('name', '')} {field.get('description', '')}"


def regulated_business_is_licensed(inputs: Inputs) -> Verdict:
    """Which businesses that need a licence the product touches, and whether one is attached."""
    product, told = inputs["product"] or {}, " ".join(_words(inputs)).lower()
    found = {
        name: business
        for name, business in inputs["parameters"]["businesses"].items()
        if _touches(business, product, told)
    }
    if not found:
        return irrelevant()
    kinds = {document["kind"] for document in inputs["evidence"] or ()}
    has_licence = bool(kinds & set(inputs["parameters"]["documents"]))
    declared = [name for name, business in found.items() if _is_declared(business, product)]
    if declared and not has_licence:
        return failed(businesses=declared, missing=inputs["parameters"]["documents"])
    return unsure(businesses=sorted(found), has_licence=has_licence)


def _touches(business: Mapping[str, Any], product: Mapping[str, Any], told: str) -> bool:
    is_named = any(term.lower() in told for term in business["terms"])
    return is_named or product.get("topic") in business["topics"] or _is_declared(business, product)


def _is_declared(business: Mapping[str, Any], product: Mapping[str, Any]) -> bool:
    return any(
        code.startswith(prefix)
        for code in product.get("industries") or ()
        for prefix in business["industries"]
    )


def mosaic_is_hinted(inputs: Inputs) -> Verdict:
    """What could add up to more than its parts: quasi-identifiers, precise places, many records."""
    product, fields = inputs["product"] or {}, inputs["fields_out"] or []
    return passed(
        quasi_identifiers=[f["name"] for f in fields if f.get("is_quasi_identifier")],
        record_count=product.get("record_count"),
        population=product.get("population"),
        regions=product.get("regions"),
    )


def extraction_is_bounded(inputs: Inputs) -> Verdict:
    """A raw copy goes out at once; calls without a limit a second can copy the whole."""
    copied = inputs["product.delivery_mode"] in inputs["parameters"]["copying_modes"]
    unbounded = [
        index
        for index, plan in enumerate(inputs["plans"] or ())
        if not plan.get("calls_per_second")
    ]
    shown = {"delivery_mode": inputs["product.delivery_mode"], "unbounded_plans": unbounded}
    return warned(**shown) if copied or unbounded else passed(**shown)


def registrations_do_not_overlap(inputs: Inputs) -> Verdict:
    """No other supplier registered the same schema over the same rows."""
    overlaps = inputs["overlaps"]
    if overlaps is None:
        return unsure(reason="the registration has not been compared with others")
    foreign = [each for each in overlaps if not each["is_own"]]
    if not foreign:
        return passed(compared=True)
    return unsure(overlaps=foreign, reason="another supplier registered something alike")


def record_is_clean(inputs: Inputs) -> Verdict:
    """What the exchange itself knows of the supplier's last two years."""
    history = inputs["history"] or {}
    faults = [name for name in ("revoked_count", "suspended_count") if history.get(name)]
    return warned(**history) if faults else passed(**history)


def dispute_is_denied(inputs: Inputs) -> Verdict:
    """No objection is open; whether the supplier signed that there is no dispute is shown."""
    objections = inputs["objections"] or []
    signed = [
        each["signed_at"] for each in inputs["statements"] or () if each["kind"] == "NO_DISPUTE"
    ]
    return passed_unless(objections, statement_signed_at=signed[:1])


def labour_is_described(inputs: Inputs) -> Verdict:
    """How the product was made, as far as its derivation says."""
    derivation = inputs["derivation"] or {}
    return passed(kind=derivation.get("kind"), inputs_count=len(derivation.get("inputs") or ()))
