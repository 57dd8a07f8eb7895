"""Gathers what the rules read: the dossier under stable names, and the circumstances of the day."""

from collections.abc import Mapping
from typing import Any

from compliance.terms import purposes

Facts = dict[str, Any]

PRODUCT = {
    "name": "name",
    "summary": "summary",
    "product_kind": "product_kind",
    "grade": "grade",
    "pi_level": "pi_level",
    "purposes": "allowed_purposes",
    "retention": "retention",
    "transfer": "transfer_rule",
    "regions": "regions",
}
"""Name in the facts -> name in the dossier (format counterfoil-dossier/1)."""


PRODUCT_2 = PRODUCT | {
    name: name
    for name in (
        "name_en", "description", "series", "keywords", "use_cases", "coverage", "sectors", "topic",
        "industries", "modalities", "corpus", "data_classes", "population", "period",
        "record_count", "update_frequency", "freshness_seconds", "delivery_mode", "delivery_grade",
        "forbidden_purposes", "third_party_links", "storage_location", "user_qualifications",
        "source_types", "source_statement",
    )
}  # fmt: skip
PERSONAL_2 = {
    "categories": "pi_categories",
    "subjects_estimate": "subjects_estimate",
    "has_minors": "has_minors",
    "notice": "collection_notice",
    "consent_model": "consent_model",
    "revocation_url": "revocation_url",
    "pipia": "pipia",
    "anonymisation": "anonymisation",
}
PARTS_2 = {
    "chain": "authorisation_chain",
    "derivation": "derivation",
    "certificates": "registry_certificates",
    "cross_border": "cross_border",
    "scenario_templates": "scenario_templates",
    "statements": "statements",
    "valuation": "valuation",
    "responsible_persons": "responsible_persons",
    "operator_organisation_id": "operator_organisation_id",
    "mandate_evidence": "mandate_evidence",
}


def gather(dossier: Mapping[str, Any], circumstances: Mapping[str, Any], version: int) -> Facts:
    """The facts of one evaluation; rules never read a dossier directly.

    ``circumstances`` are what the dossier cannot know: the day, the parties, what the scanner and
    the probe found. They are stored with each evaluation, so that dossier and circumstances
    replay it. A reading (``version``) never changes: a rule set names the one it was written for.
    """
    return READINGS[version](dossier) | dict(circumstances)


def _first_reading(dossier: Mapping[str, Any]) -> Facts:
    return {
        "product": {name: dossier.get(member) for name, member in PRODUCT.items()},
        "fields_in": dossier.get("fields_in"),
        "fields_out": dossier.get("fields_out"),
        "sample": dossier.get("sample"),
        "sources": _sources(dossier),
        "evidence": dossier.get("evidence"),
        "rights": dossier.get("rights"),
        "plans": [_plan_terms(plan) for plan in dossier.get("plans") or ()],
        "upstream": dossier.get("upstream"),
    }


def _second_reading(dossier: Mapping[str, Any]) -> Facts:
    return _first_reading(dossier) | {
        "product": _members(dossier, PRODUCT_2),
        "personal": _members(dossier, PERSONAL_2),
        "right_bases": sorted({each["basis"] for each in dossier.get("rights") or ()}),
        **_members(dossier, PARTS_2),
    }


def _members(dossier: Mapping[str, Any], names: Mapping[str, str]) -> Facts:
    return {name: dossier.get(member) for name, member in names.items()}


READINGS = {1: _first_reading, 2: _second_reading}


def _sources(dossier: Mapping[str, Any]) -> list[dict[str, Any]]:
    statement = dossier.get("source_statement") or ""
    return [{"type": kind, "statement": statement} for kind in dossier.get("source_types") or ()]


def _plan_terms(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    terms: Mapping[str, Any] = plan.get("terms", plan)
    return terms


def product_terms(dossier: Mapping[str, Any]) -> dict[str, Any]:
    """What a scenario for the product may ask for at most."""
    return {
        "purposes": sorted(
            purposes.without(
                dossier.get("allowed_purposes") or (), dossier.get("forbidden_purposes") or ()
            )
        ),
        "fields": sorted(field["name"] for field in dossier.get("fields_out") or ()),
        "regions": sorted(dossier.get("regions") or ()),
        "retention": dossier.get("retention"),
        "transfer": dossier.get("transfer_rule"),
        "consent_model": dossier.get("consent_model"),
    }


def use_facts(dossier: Mapping[str, Any]) -> dict[str, Any]:
    """What of a listed product weighs a declared use of it, and the uses that it is made for."""
    return {
        "pi_level": dossier.get("pi_level"),
        "grade": dossier.get("grade"),
        "scenario_templates": list(dossier.get("scenario_templates") or ()),
    }
