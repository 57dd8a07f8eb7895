"""Whether the members of a registration record agree with each other (COMPLIANCE 5a).

A draft may be at odds with itself here while it is being written; a submission may not, because
its dossier carries all of it. What law demands of the members is for the rules of the review.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from listings.errors import Fault
from listings.versions.chain_rules import chain_faults
from listings.vocabulary import codes, descends_from

Content = Mapping[str, Any]

_OF_PERSONS = frozenset({"DEIDENTIFIED", "PERSONAL", "SENSITIVE"})


def record_faults(content: Content, *, supplier_id: str) -> list[Fault]:
    """Every contradiction between the members, each with its pointer."""
    return [
        *_operator_faults(content, supplier_id),
        *_measure_faults(content),
        *_corpus_faults(content),
        *_source_faults(content),
        *chain_faults(content.get("authorisation_chain", ())),
        *_derivation_faults(content),
        *_certificate_faults(content),
        *_personal_faults(content),
        *_border_faults(content),
        *_scenario_faults(content),
        *_reference_faults(content),
    ]


def _operator_faults(content: Content, supplier_id: str) -> Iterable[Fault]:
    operator = content.get("operator_organisation_id")
    if operator == supplier_id:
        yield Fault(
            "#/operator_organisation_id", "Leave it out where the supplier lists for itself."
        )
    elif operator and not content.get("mandate_evidence"):
        yield Fault("#/mandate_evidence", "An operator needs the supplier's mandate.")
    if content.get("mandate_evidence") and not operator:
        yield Fault("#/operator_organisation_id", "The mandate names no operator.")


def _measure_faults(content: Content) -> Iterable[Fault]:
    fields_out, dimensions = content.get("fields_out"), content.get("dimension_count")
    if fields_out and dimensions is not None and dimensions != len(fields_out):
        yield Fault("#/dimension_count", f"fields_out has {len(fields_out)} fields.")
    if content.get("update_frequency") == "STATIC" and "freshness_seconds" in content:
        yield Fault("#/freshness_seconds", "Static data are not kept fresh.")
    promised = content.get("service_level", {}).get("qps", 0)
    capacity = (content.get("upstream") or {}).get("calls_per_second")
    if capacity is not None and promised > capacity:
        yield Fault("#/service_level/qps", f"The upstream takes {capacity} calls a second.")


def _corpus_faults(content: Content) -> Iterable[Fault]:
    corpus = content.get("corpus", {})
    if corpus.get("class") == "NONE" and corpus.get("stages"):
        yield Fault("#/corpus/stages", "What is no corpus is for no stage of training.")


def _source_faults(content: Content) -> Iterable[Fault]:
    declared = set(content.get("source_types", ()))
    for at, field in enumerate(content.get("fields_out", ())):
        source = field.get("source")
        if source in codes("source_types") and source not in declared:
            yield Fault(f"#/fields_out/{at}/source", "Not one of source_types.")


def _derivation_faults(content: Content) -> Iterable[Fault]:
    derivation = content.get("derivation", {})
    inputs = derivation.get("inputs", ())
    if derivation.get("kind") == "SUBSTANTIAL" and not derivation.get("text"):
        yield Fault("#/derivation/text", "Say by which method and labour, and what differs.")
    for at, registration_id in enumerate(inputs):
        if registration_id in inputs[:at]:
            yield Fault(f"#/derivation/inputs/{at}", "The input stands twice.")


def _certificate_faults(content: Content) -> Iterable[Fault]:
    seen: set[tuple[str, str]] = set()
    for at, certificate in enumerate(content.get("registry_certificates", ())):
        number = (certificate["registry"], certificate["number"])
        if number in seen:
            yield Fault(f"#/registry_certificates/{at}/number", "The certificate stands twice.")
        seen.add(number)


def _personal_faults(content: Content) -> Iterable[Fault]:
    declared = content.get("pi_categories")
    level = content.get("pi_level")
    if declared and level == "NONE":
        yield Fault("#/pi_level", "Categories of personal information are declared.")
    classes = content.get("data_classes")
    if classes and level in _OF_PERSONS and "PERSONAL" not in classes:
        yield Fault("#/data_classes", "The pi_level speaks of persons; PERSONAL is missing.")
    if declared is not None:
        yield from _category_faults(content, [entry["category"] for entry in declared])


def _category_faults(content: Content, categories: list[str]) -> Iterable[Fault]:
    for at, category in enumerate(categories):
        if category in categories[:at]:
            yield Fault(f"#/pi_categories/{at}/category", "The category stands twice.")
    for name in ("fields_in", "fields_out"):
        for at, field in enumerate(content.get(name, ())):
            if "pi_category" in field and field["pi_category"] not in categories:
                yield Fault(f"#/{name}/{at}/pi_category", "Not one of pi_categories.")


def _border_faults(content: Content) -> Iterable[Fault]:
    border = content.get("cross_border")
    if border is None:
        return
    crosses = border["mode"] != "NONE"
    if crosses and not border.get("regions"):
        yield Fault("#/cross_border/regions", "Name the regions on the other side.")
    if not crosses and border.get("regions"):
        yield Fault("#/cross_border/mode", "Regions are named, so something crosses the border.")
    persons, sensitive = border.get("persons_declared"), border.get("sensitive_persons_declared")
    if persons is not None and sensitive is not None and sensitive > persons:
        yield Fault("#/cross_border/sensitive_persons_declared", "More than persons_declared.")


def _scenario_faults(content: Content) -> Iterable[Fault]:
    allowed = content.get("allowed_purposes", ())
    forbidden = content.get("forbidden_purposes", ())
    known = {field["name"] for field in content.get("fields_out", ())}
    for at, template in enumerate(content.get("scenario_templates", ())):
        purpose, pointer = template["purpose"], f"#/scenario_templates/{at}"
        if not descends_from("purposes", purpose, allowed) or descends_from(
            "purposes", purpose, forbidden
        ):
            yield Fault(f"{pointer}/purpose", "Not within the allowed purposes.")
        for place, name in enumerate(template["fields"]):
            if name not in known:
                yield Fault(f"{pointer}/fields/{place}", "Not a field of fields_out.")


def _reference_faults(content: Content) -> Iterable[Fault]:
    documents = {
        proof[name] for proof in content.get("evidence", ()) for name in ("title", "sha256")
    }
    for pointer, named in _references(content):
        if named is not None and named not in documents:
            yield Fault(pointer, "No evidence has this title or SHA-256.")


def _references(content: Content) -> Iterable[tuple[str, str | None]]:
    yield "#/mandate_evidence", content.get("mandate_evidence")
    for member in ("rights", "authorisation_chain"):
        for at, entry in enumerate(content.get(member, ())):
            yield f"#/{member}/{at}/evidence", entry.get("evidence")
    for member in ("pipia", "valuation"):
        yield f"#/{member}/evidence", content.get(member, {}).get("evidence")
    tested = content.get("anonymisation", {}).get("reidentification_evidence")
    yield "#/anonymisation/reidentification_evidence", tested
