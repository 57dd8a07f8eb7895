"""Whether a declared use and its licence keep within what product, parties and persons permit."""

from compliance.rules.predicates.documents import known_kinds, lacking
from compliance.rules.verdicts import (
    Inputs,
    Verdict,
    failed,
    irrelevant,
    passed,
    passed_unless,
    unsure,
)
from compliance.rules.verdicts import warned as alarmed
from compliance.terms import purposes, regions

ANY_ORGANISATION = "ANY_VERIFIED_ORG"
PER_CALL = "PER_CALL_TOKEN"


def buyer_is_verified(inputs: Inputs) -> Verdict:
    """The buyer's identity was verified, as a buyer, and has not lapsed."""
    buyer, at = inputs["buyer"] or {}, inputs["at"]
    until = buyer.get("verified_until")
    if not until or buyer.get("is_buyer") is not True:
        return failed(reason="the organisation is not verified as a buyer")
    return passed(verified_until=until) if at < until else failed(verified_until=until)


def buyer_is_qualified(inputs: Inputs) -> Verdict:
    """The buyer is one of those whom the supplier admits, if it admits not everybody."""
    admitted = inputs["product.user_qualifications"] or [ANY_ORGANISATION]
    if ANY_ORGANISATION in admitted:
        return passed(admitted=admitted)
    shown = (inputs["scenario"] or {}).get("qualifications") or []
    if set(shown) & set(admitted):
        return unsure(admitted=admitted, shown=shown, reason="the qualification has to be seen")
    return unsure(admitted=admitted, shown=shown, reason="no such qualification is declared")


def qualification_is_declared(inputs: Inputs) -> Verdict:
    """As `buyer_is_qualified`, but who declares none of what is asked is refused by the machine."""
    admitted = inputs["product.user_qualifications"] or [ANY_ORGANISATION]
    if ANY_ORGANISATION in admitted:
        return passed(admitted=admitted)
    shown = sorted({*((inputs["scenario"] or {}).get("qualifications") or [])} & {*admitted})
    if not shown:
        return failed(admitted=admitted, reason="no such qualification is declared")
    return unsure(admitted=admitted, shown=shown, reason="the qualification has to be seen")


def use_is_within_the_offer(inputs: Inputs) -> Verdict:
    """Purpose, fields and places of the use are among those offered; its ethics a person sees."""
    use = inputs["scenario"]
    offered = purposes.without(
        inputs["product.purposes"] or (), inputs["product.forbidden_purposes"] or ()
    )
    fields = {each["name"] for each in inputs["fields_out"] or ()}
    checks = {
        "purpose": purposes.within([use["purpose"]], offered),
        "fields": {each["name"] for each in use["fields"]} <= fields,
        "regions": regions.within(use["regions"], inputs["product.regions"] or ()),
    }
    return passed_unless([name for name, is_met in checks.items() if not is_met])


def automation_is_fair(inputs: Inputs) -> Verdict:
    """Decisions made by machine need a statement of fairness and a way out."""
    if not inputs["scenario"].get("is_automated_decision"):
        return irrelevant()
    missing = lacking(inputs["parameters"]["documents"], known_kinds(inputs))
    return failed(missing=missing) if missing else passed()


def recipient_is_no_foreign_authority(inputs: Inputs) -> Verdict:
    """Nothing goes to a foreign court or enforcement body without the competent approval."""
    use = inputs["scenario"]
    abroad = [each for each in use["regions"] if not regions.within([each], [regions.CHINA])]
    if not abroad:
        return irrelevant()
    return unsure(regions=abroad, recipients=use.get("recipients") or [])


def consent_covers_the_recipient(inputs: Inputs) -> Verdict:
    """Provision rests on consent per call, on one that names recipients, or on another basis."""
    model = inputs["personal.consent_model"]
    if model == PER_CALL:
        return passed(consent_model=model, enforced="on every call")
    missing = lacking(inputs["parameters"]["documents"].get(model, []), known_kinds(inputs))
    if model not in inputs["parameters"]["models"] or missing:
        return failed(consent_model=model, missing=missing)
    return passed(consent_model=model)


def terms_are_complete(inputs: Inputs) -> Verdict:
    """The licence's terms say all that the contract has to, and no more than was approved."""
    terms, approved = inputs["terms"] or {}, inputs["approved"] or {}
    missing = [name for name in inputs["parameters"]["required"] if terms.get(name) in (None, [])]
    wider = sorted(set(terms.get("fields") or ()) - set(approved.get("fields") or ()))
    if missing or wider:
        return failed(missing=missing, wider=wider)
    is_within = purposes.within(terms["purposes"], approved.get("purposes") or ())
    return passed() if is_within else failed(wider=terms["purposes"])


def buyers_pay_the_same(inputs: Inputs) -> Verdict:
    """Whether another buyer of the listing has other terms of the same kind; a reason is asked."""
    others = inputs["parity"] or []
    return alarmed(differing=others) if others else passed()
