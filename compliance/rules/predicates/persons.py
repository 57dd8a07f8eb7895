"""The duties of whoever provides personal information (PIPL 13 to 31, 55, 56, 73)."""

from compliance.days import day_at
from compliance.rules.person_thresholds import BASIS_POINTS
from compliance.rules.predicates.documents import find_document, known_kinds, lacking
from compliance.rules.verdicts import Inputs, Verdict, failed, passed, passed_unless, unsure, warned

NOT_CONSENT_BASED = "NOT_CONSENT_BASED"


def scan_agrees_with_declaration(inputs: Inputs) -> Verdict:
    """A product declared free of direct identifiers shows none in its sample or examples."""
    level, parameters = inputs["product.pi_level"], inputs["parameters"]
    if level not in parameters["levels"]:
        return failed(pi_level=level)
    direct = inputs["scan"]["contradictions"]
    if level in parameters["personal_levels"]:
        return passed(pi_level=level, findings=inputs["scan"]["findings"])
    if direct:
        return failed(pi_level=level, findings=direct)
    hints = inputs["scan"]["hints"]
    # An address may be a company's; only a person can tell.
    return unsure(pi_level=level, findings=hints) if hints else passed(pi_level=level)


def sample_shows_no_identifier(inputs: Inputs) -> Verdict:
    """There is a sample, and neither it nor any example shows a direct identifier or a secret."""
    if not inputs["sample"]:
        return failed(reason="there is no sample")
    bare = inputs["scan"]["contradictions"] + inputs["scan"]["secrets"]
    return failed(findings=bare) if bare else passed(row_count=len(inputs["sample"]))


def categories_have_a_basis(inputs: Inputs) -> Verdict:
    """Each category of personal information is named with one lawful basis of the vocabulary."""
    known, categories = inputs["parameters"]["bases"], inputs["personal.categories"] or []
    if not categories:
        return failed(reason="no category of personal information is named")
    faults = [each["category"] for each in categories if each["lawful_basis"] not in known]
    bases = {each["category"]: each["lawful_basis"] for each in categories}
    return passed_unless(faults, bases=bases)


def notice_is_there(inputs: Inputs) -> Verdict:
    """The text that persons were given is named by address and hash, and its document is there."""
    notice = inputs["personal.notice"] or {}
    missing = [name for name in ("url", "sha256") if not notice.get(name)]
    missing += lacking(inputs["parameters"]["documents"], known_kinds(inputs))
    if missing:
        return failed(missing=missing)
    return passed(url=notice["url"], sha256=notice["sha256"], heads=inputs["parameters"]["heads"])


def consent_can_be_withdrawn(inputs: Inputs) -> Verdict:
    """The model of consent fits the bases, and grant, denial and withdrawal were seen to work."""
    model = inputs["personal.consent_model"]
    if model not in inputs["parameters"]["models"]:
        return failed(consent_model=model, reason="no model of consent is declared")
    consented = set(inputs["parameters"]["consent_bases"])
    bases = {each["lawful_basis"] for each in inputs["personal.categories"] or ()}
    if model == NOT_CONSENT_BASED:
        return passed_unless(sorted(bases & consented), consent_model=model)
    if not inputs["personal.revocation_url"]:
        return failed(consent_model=model, reason="persons are told no way to withdraw")
    tested = inputs["consent_test"]
    if tested is None:
        return unsure(consent_model=model, reason="grant, denial and withdrawal were not tested")
    failing = sorted(name for name in ("grant", "deny", "withdraw") if tested.get(name) is not True)
    return passed_unless(failing, consent_model=model)


def minors_are_declared(inputs: Inputs) -> Verdict:
    """Whether minors are among the persons is said; if so their guardians consented."""
    has_minors = inputs["personal.has_minors"]
    if has_minors is None:
        return failed(reason="it is not said whether minors are among the persons")
    named = {each["category"] for each in inputs["personal.categories"] or ()}
    if not has_minors:
        contradiction = sorted(named & set(inputs["parameters"]["minor_categories"]))
        return passed_unless(contradiction, has_minors=False)
    missing = lacking(inputs["parameters"]["documents"], known_kinds(inputs))
    return failed(missing=missing) if missing else passed(has_minors=True)


def impact_was_assessed(inputs: Inputs) -> Verdict:
    """The assessment is dated before today, not overdue, and its document is in date."""
    assessed, day = inputs["personal.pipia"] or {}, day_at(inputs["at"])
    checks = {
        "there is no date before provision": (assessed.get("dated_on") or "9999") <= day,
        "the next assessment is overdue": day < (assessed.get("next_due_on") or "9999"),
        "the scope is not stated": bool(assessed.get("scope")),
        "the document is missing or out of date": find_document(
            inputs["evidence"], assessed.get("evidence"), inputs["at"]
        )
        is not None,
    }
    return passed_unless(
        [fault for fault, is_met in checks.items() if not is_met],
        dated_on=assessed.get("dated_on"),
        heads=inputs["parameters"]["heads"],
    )


def anonymisation_is_shown(inputs: Inputs) -> Verdict:
    """Method and re-identification test are there, by somebody other than the supplier."""
    claim, supplier = inputs["personal.anonymisation"] or {}, inputs["supplier"] or {}
    test = find_document(inputs["evidence"], claim.get("reidentification_evidence"), inputs["at"])
    issuer = (test or {}).get("issuer_organisation_id")
    checks = {
        "the method is not stated": bool(claim.get("method")),
        "there is no re-identification test in date": test is not None,
        "the assessor is the supplier itself": not (
            (claim.get("assessor") and claim["assessor"] == supplier.get("name"))
            or (issuer and issuer == supplier.get("organisation_id"))
        ),
        "the sample shows a direct identifier": not inputs["scan"]["contradictions"],
    }
    faults = [fault for fault, is_met in checks.items() if not is_met]
    return passed_unless(faults, method=claim.get("method"), assessor=claim.get("assessor"))


def persons_are_hidden(inputs: Inputs) -> Verdict:
    """No direct identifier, and the smallest class of equal persons is large enough."""
    claim, measured = inputs["personal.anonymisation"] or {}, inputs["anonymity"]
    least, direct = inputs["parameters"]["k_min"], inputs["scan"]["contradictions"]
    shown = {"k_declared": claim.get("k"), "k_measured": measured and measured.get("k")}
    if direct:
        return failed(findings=direct, **shown)
    if (claim.get("k") or 0) < least:
        return failed(reason=f"the declared k is below {least}", **shown)
    if measured is None or measured.get("k") is None:
        return unsure(reason="the exchange has not measured the classes of equal persons", **shown)
    return passed(**shown) if measured["k"] >= least else failed(**shown)


def classes_hide_persons(inputs: Inputs) -> Verdict:
    """As `persons_are_hidden`, with lone records and the variety of sensitive values (I8).

    Classes only grow when rows are added, and so does their variety: what a sample shows to be
    enough is enough, while too little in a sample of a larger file is a person's to judge.
    """
    claim, measured = inputs["personal.anonymisation"] or {}, inputs["anonymity"] or {}
    least, direct = inputs["parameters"]["k_min"], inputs["scan"]["contradictions"]
    shown = {"k_declared": claim.get("k"), "k_measured": measured.get("k")}
    if direct:
        return failed(findings=direct, **shown)
    if (claim.get("k") or 0) < least:
        return failed(reason=f"the declared k is below {least}", **shown)
    if measured.get("k") is None:
        return unsure(reason="the exchange has not measured the classes of equal persons", **shown)
    shown |= {name: measured.get(name) for name in ("l", "unique_share", "is_whole")}
    checks = {
        f"the smallest class is below {least}": measured["k"] >= least,
        f"a class has fewer than {inputs['parameters']['l_min']} sensitive values": (
            measured.get("l") is None or measured["l"] >= inputs["parameters"]["l_min"]
        ),
        "a record is alone in its class": float(measured.get("unique_share") or 0) == 0,
    }
    faults = [fault for fault, is_met in checks.items() if not is_met]
    if faults and not measured.get("is_whole"):
        return unsure(reason="only a sample was measured", faults=faults, **shown)
    return passed_unless(faults, **shown)


def fields_are_needed(inputs: Inputs) -> Verdict:
    """Which fields no template of a scenario needs: those may be more than the least."""
    templates = inputs["scenario_templates"] or []
    needed = {name for template in templates for name in template.get("fields") or ()}
    unused = [each["name"] for each in inputs["fields_out"] or () if each["name"] not in needed]
    return warned(unused=unused) if unused else passed(field_count=len(needed))


def retention_is_limited(inputs: Inputs) -> Verdict:
    """Buyers of personal information may not keep it without an end."""
    kept = inputs["product.retention"]
    if not kept or kept in inputs["parameters"]["forbidden"]:
        return failed(retention=kept)
    return passed(retention=kept)


def crawled_persons_are_removed(inputs: Inputs) -> Verdict:
    """Personal information met while crawling was deleted or anonymised."""
    level = inputs["product.pi_level"]
    if level in inputs["parameters"]["personal_levels"]:
        types = sorted(source["type"] for source in inputs["sources"] or ())
        if types == ["PUBLIC_COLLECTION"]:
            return failed(pi_level=level, reason="what was crawled is offered with persons in it")
        return unsure(pi_level=level, types=types, reason="persons may come from another source")
    missing = lacking(inputs["parameters"]["documents"], known_kinds(inputs))
    return failed(missing=missing) if missing else passed(pi_level=level)


def persons_stay_below_the_threshold(inputs: Inputs) -> Verdict:
    """How many records are expected or were delivered, against the threshold of its categories."""
    counted, estimate = inputs["persons"] or {}, inputs["personal.subjects_estimate"]
    shown = {
        "threshold": counted.get("threshold"),
        "subjects_estimate": estimate,
        "delivered_count": counted.get("delivered_count"),
        "reached_bp": counted.get("reached_bp"),
    }
    if estimate is None:
        return unsure(reason="the number of persons is not estimated", **shown)
    is_reached = estimate >= counted["threshold"] or counted["reached_bp"] >= BASIS_POINTS
    return warned(**shown) if is_reached else passed(**shown)


def persons_are_few(inputs: Inputs) -> Verdict:
    """From ten million persons on, duties of important data apply (NDSR 28)."""
    estimate, bound = inputs["personal.subjects_estimate"], inputs["parameters"]["persons"]
    if estimate is None:
        return unsure(reason="the number of persons is not estimated")
    return warned(subjects_estimate=estimate) if estimate >= bound else passed()
