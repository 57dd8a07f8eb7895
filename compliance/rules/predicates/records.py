"""Whether the registration record hangs together: fields, grades, agents, values, quality."""

from datetime import date
from typing import Any

from compliance.days import day_at
from compliance.rules.predicates.documents import find_document, known_kinds, lacking
from compliance.rules.verdicts import Inputs, Verdict, failed, passed, passed_unless, unsure
from compliance.terms import purposes

PASSING_GRADES = ("A", "B", "C")


def fields_trace_to_sources(inputs: Inputs) -> Verdict:
    """Each field comes of a source; where there is one source only, all come of it."""
    types = [source["type"] for source in inputs["sources"] or ()]
    if not types:
        return failed(reason="no source is stated")
    if len(types) == 1:
        return passed(single_source=types[0])
    untraced = [each["name"] for each in inputs["fields_out"] or () if not each.get("source")]
    return passed_unless(untraced, sources=sorted(types))


def fields_are_graded(inputs: Inputs) -> Verdict:
    """The product has a grade; above the plain ones, and about persons, each field has its own."""
    parameters, grade = inputs["parameters"], inputs["product.grade"]
    if grade not in parameters["order"]:
        return failed(grade=grade)
    is_plain = (
        grade in parameters["plain_grades"]
        and inputs["product.pi_level"] in parameters["plain_levels"]
    )
    bare = [each["name"] for each in inputs["fields_out"] or () if not each.get("grade")]
    if is_plain:
        return passed(grade=grade, inherited=len(bare))
    return passed_unless(bare, grade=grade)


def grade_covers_the_whole(inputs: Inputs) -> Verdict:
    """The declared grade is not below the highest field's, nor below what persons ask for."""
    order: list[str] = inputs["parameters"]["order"]
    declared = inputs["product.grade"]
    if declared not in order:
        return failed(grade=declared)
    fields = [*(inputs["fields_in"] or ()), *(inputs["fields_out"] or ())]
    reasons = {field["name"]: field["grade"] for field in fields if field.get("grade")}
    floor = inputs["parameters"]["floors"].get(inputs["product.pi_level"])
    if floor:
        reasons[str(inputs["product.pi_level"])] = floor
    uplift = inputs["parameters"]["uplift"]
    if (inputs["personal.subjects_estimate"] or 0) >= uplift["persons"] and floor:
        reasons["number of persons"] = uplift["grade"]
    computed = max(reasons.values(), key=order.index, default=order[0])
    is_covered = order.index(declared) >= order.index(computed)
    shown = {"declared": declared, "computed": computed}
    above = {why: of for why, of in reasons.items() if order.index(of) > order.index(declared)}
    return passed(**shown) if is_covered else failed(**shown, faults=sorted(above))


def mandate_is_there(inputs: Inputs) -> Verdict:
    """Whoever lists for another shows its mandate, in date."""
    mandate = find_document(inputs["evidence"], inputs["mandate_evidence"], inputs["at"])
    operator = inputs["operator_organisation_id"]
    if mandate is None:
        return failed(operator=operator, reason="the mandate is missing or out of date")
    return passed(operator=operator, kind=mandate["kind"])


def public_data_is_registered(inputs: Inputs) -> Verdict:
    """Authorised operation of public data has its agreement and its code in the register."""
    missing = lacking(inputs["parameters"]["documents"], known_kinds(inputs))
    day = day_at(inputs["at"])
    numbers = [
        each["number"]
        for each in inputs["certificates"] or ()
        if each["scheme"] == inputs["parameters"]["scheme"] and (each.get("valid_to") or day) >= day
    ]
    if not numbers:
        missing.append("a certificate of the register of public data, in date")
    return failed(missing=missing) if missing else passed(numbers=numbers)


def grant_may_be_passed_on(inputs: Inputs) -> Verdict:
    """What was got by agreement or purchase has its documents and a chain that lets it go on."""
    missing = lacking(inputs["parameters"]["documents"], known_kinds(inputs))
    chain = inputs["chain"] or []
    if not chain:
        missing.append("the chain of authorisations")
    elif not all(link["may_sublicense"] for link in chain):
        missing.append("a clause that lets the right be passed on")
    return failed(missing=missing) if missing else passed(link_count=len(chain))


def valuation_is_independent(inputs: Inputs) -> Verdict:
    """A value that is claimed was found by somebody else, and its document is in date."""
    value, supplier = inputs["valuation"] or {}, inputs["supplier"] or {}
    report = find_document(inputs["evidence"], value.get("evidence"), inputs["at"])
    day = day_at(inputs["at"])
    issuer = (report or {}).get("issuer_organisation_id")
    checks = {
        "no assessor is named": bool(value.get("assessor")),
        "the assessor is the supplier itself": value.get("assessor") != supplier.get("name")
        and (not issuer or issuer != supplier.get("organisation_id")),
        "the report is missing or out of date": report is not None,
        "the valuation has lapsed": (value.get("valid_to") or day) >= day,
    }
    return passed_unless([fault for fault, is_met in checks.items() if not is_met])


def scenario_is_offered(inputs: Inputs) -> Verdict:
    """Purposes of the tree are allowed, and a template shows a use within them and the fields."""
    offered = inputs["product.purposes"] or []
    templates = inputs["scenario_templates"] or []
    faults: list[Any] = sorted(set(offered) - purposes.CODES)
    if not offered:
        return failed(reason="no purpose is allowed, so no scenario could ever be approved")
    if not templates:
        return failed(reason="no template of a scenario shows what the product is for")
    fields = {each["name"] for each in inputs["fields_out"] or ()}
    for template in templates:
        is_within = purposes.within([template["purpose"]], offered)
        if not is_within or not set(template.get("fields") or ()) <= fields:
            faults.append(template["name"])
    return passed_unless(faults, template_count=len(templates))


def quality_is_sufficient(inputs: Inputs) -> Verdict:
    """The quality report is in date, of grade C or better, and without a veto."""
    report = inputs["quality"]
    if report is None:
        return unsure(reason="there is no quality report yet")
    faults = [f"veto: {each}" for each in report.get("vetoes") or ()]
    if report.get("grade") not in PASSING_GRADES:
        faults.append(f"grade {report.get('grade')}")
    if (report.get("valid_until") or "") <= inputs["at"]:
        faults.append("the report is out of date")
    return passed_unless(faults, grade=report.get("grade"))


def exchange_drew_the_sample(inputs: Inputs) -> Verdict:
    """The rows that were scored were picked by the exchange after the supplier's commitment."""
    report = inputs["quality"]
    if report is None:
        return unsure(reason="there is no quality report yet")
    if report.get("is_drawn_by_exchange") is not True:
        return failed(drawn_by="supplier")
    return passed(rows_commitment=report.get("rows_commitment"))


def two_people_approved(inputs: Inputs) -> Verdict:
    """Two different people, each bound to the hash of this dossier."""
    approvals = inputs["approvals"] or {}
    first, second = approvals.get("first_reviewer_id"), approvals.get("second_reviewer_id")
    if not first or not second:
        return failed(reason="two people have not approved")
    if first == second:
        return failed(reason="one person approved twice")
    return passed(approvers=[first, second])


def logs_are_kept(inputs: Inputs) -> Verdict:
    """Logs of the network are kept as long as law asks."""
    days, least = (inputs["platform"] or {}).get("log_days"), inputs["parameters"]["days_min"]
    if days is None:
        return unsure(reason="the installation does not say how long it keeps its logs")
    return passed(log_days=days) if days >= least else failed(log_days=days, days_min=least)


def assessment_is_recent(inputs: Inputs) -> Verdict:
    """A report of the kind was issued within the days that the rule gives."""
    from_on = inputs["parameters"]["days_max"]
    recent = _latest(inputs, inputs["parameters"]["document"])
    if recent is None:
        return failed(missing=[inputs["parameters"]["document"]])
    age = _days_between(recent, day_at(inputs["at"]))
    return passed(valid_from=recent, age_days=age) if age <= from_on else failed(age_days=age)


def _latest(inputs: Inputs, kind: str) -> str | None:
    day = day_at(inputs["at"])
    dates = [
        document["valid_from"]
        for document in inputs["evidence"] or ()
        if document["kind"] == kind and document["valid_from"] <= day
    ]
    return max(dates, default=None)


def _days_between(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days
