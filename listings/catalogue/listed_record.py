"""The rest of a listing's registration record as its page shows it (COMPLIANCE 5a).

Shown is what a buyer decides by. What stays between supplier and exchange: officers' contacts,
the chain's parties, valuations, and documents that are not public.
"""

from collections.abc import Mapping
from typing import Any

from listings.vocabulary import Language, labelled, labelled_all

LABELLED = {
    "delivery_grade": "delivery_grades",
    "consent_model": "consent_models",
}
LABELLED_ALL = {
    "industries": "industries",
    "modalities": "modalities",
    "data_classes": "classifications",
    "third_party_links": "third_party_links",
    "user_qualifications": "user_qualifications",
}
PLAIN = (
    "period",
    "population",
    "record_count",
    "record_increment",
    "freshness_seconds",
    "service_level",
    "subjects_estimate",
    "has_minors",
    "revocation_url",
    "storage_location",
)


def render_record(content: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """The members that a version has; one that it lacks is not shown as empty."""
    shown: dict[str, Any] = {name: content[name] for name in PLAIN if name in content}
    for name, words in LABELLED.items():
        if name in content:
            shown[name] = labelled(words, content[name], language)
    for name, words in LABELLED_ALL.items():
        if name in content:
            shown[name] = labelled_all(words, content[name], language)
    for name, render in _PARTS.items():
        if content.get(name):
            shown[name] = render(content[name], language)
    return shown


def _corpus(corpus: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        "class": labelled("corpus_classes", corpus["class"], language),
        "stages": labelled_all("corpus_stages", corpus.get("stages", ()), language),
    }


def _derivation(derivation: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """What it was made of, by the ids of public registrations."""
    return {
        "kind": labelled("derivation_kinds", derivation["kind"], language),
        "text": derivation.get("text", ""),
        "inputs": derivation.get("inputs", []),
    }


def _certificates(
    certificates: list[Mapping[str, Any]], language: Language
) -> list[dict[str, Any]]:
    return [
        {
            "registry": each["registry"],
            "scheme": labelled("registry_schemes", each["scheme"], language),
            "number": each["number"],
            "valid_to": each.get("valid_to"),
            "verified_how": labelled("verification_methods", each["verified_how"], language),
        }
        for each in certificates
    ]


def _categories(categories: list[Mapping[str, Any]], language: Language) -> list[dict[str, Any]]:
    return [
        {
            "category": labelled("pi_categories", each["category"], language),
            "lawful_basis": labelled("lawful_bases", each["lawful_basis"], language),
            "is_sensitive": each["is_sensitive"],
        }
        for each in categories
    ]


def _anonymisation(claim: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        "method": labelled("anonymisation_methods", claim["method"], language),
        **{name: claim[name] for name in ("k", "l", "t", "assessor") if name in claim},
    }


def _cross_border(border: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        "mode": labelled("cross_border_modes", border["mode"], language),
        **{name: border[name] for name in ("regions", "valid_to") if name in border},
    }


def _templates(templates: list[Mapping[str, Any]], language: Language) -> list[dict[str, Any]]:
    return [
        {**each, "purpose": labelled("purposes", each["purpose"], language)} for each in templates
    ]


def _statements(statements: list[Mapping[str, Any]], language: Language) -> list[dict[str, Any]]:
    """What was declared, in which text and when; who signed is not everybody's."""
    return [
        {
            "kind": labelled("statement_kinds", each["kind"], language),
            "text_version": each["text_version"],
            "signed_at": each["signed_at"],
        }
        for each in statements
    ]


_PARTS: dict[str, Any] = {
    "corpus": _corpus,
    "derivation": _derivation,
    "registry_certificates": _certificates,
    "pi_categories": _categories,
    "anonymisation": _anonymisation,
    "cross_border": _cross_border,
    "scenario_templates": _templates,
    "statements": _statements,
}
