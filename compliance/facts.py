"""Gathers what the rules read: the dossier under stable names, and the circumstances of the day."""

from collections.abc import Mapping
from typing import Any

from compliance import purposes

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


def gather(dossier: Mapping[str, Any], circumstances: Mapping[str, Any]) -> Facts:
    """The facts of one evaluation; rules never read a dossier directly.

    ``circumstances`` are ``at``, ``supplier`` and ``probe``: what the dossier cannot know. They
    are stored with each evaluation, so that dossier and circumstances replay it.
    """
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
        **circumstances,
    }


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
