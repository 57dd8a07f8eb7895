"""A registration as its public page shows it: every code with its label, and its lineage."""

from collections.abc import Mapping, Sequence
from typing import Any

from listings.registry.states import LAPSED
from listings.vocabulary import Language, labelled, labelled_all, vocabulary

LABELLED = {
    "product_kind": "product_kinds",
    "topic": "topics",
    "grade": "grades",
    "pi_level": "pi_levels",
    "update_frequency": "update_frequencies",
}
LABELLED_ALL = {
    "sectors": "sectors",
    "industries": "industries",
    "modalities": "modalities",
    "data_classes": "classifications",
    "source_types": "source_types",
    "third_party_links": "third_party_links",
}


def render_entry(columns: Mapping[str, Any], *, state: str, language: Language) -> dict[str, Any]:
    """What a result of the registry shows; ``columns`` are those of an entry."""
    record = columns["record"]
    named = {"zh": record["name"], "en": record.get("name_en") or record["name"]}
    return {
        "registration_id": columns["registration_id"],
        "library": record["library"],
        "state": labelled("registry_states", state, language),
        "title": named[language],
        "name": record["name"],
        "summary": record["summary"],
        "holder": {"id": columns["holder_id"], "name": columns["holder_name"]},
        "product_kind": labelled("product_kinds", record["product_kind"], language),
        "sectors": labelled_all("sectors", record["sectors"], language),
        "rights": [render_right(right, language) for right in record["rights"]],
        "version_number": columns["version_number"],
        "record_hash": columns["record_hash"],
        "valid_to": record.get("valid_to"),
        "registered_at": columns["registered_at"],
        "changed_at": columns["changed_at"],
    }


def render_right(right: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """A right with the words of both generations of texts."""
    term = vocabulary("rights")[right["right"]]
    return {
        **{name: right[name] for name in ("exclusive", "scope", "to") if name in right},
        "right": {**labelled("rights", right["right"], language), "former_label": term.former_zh},
        "basis": labelled("right_bases", right["basis"], language),
        "from": right["from"],
    }


def render_labels(record: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """The coded members of a record in words."""
    return {
        **{
            name: labelled(words, record[name], language)
            for name, words in LABELLED.items()
            if name in record
        },
        **{
            name: labelled_all(words, record[name], language)
            for name, words in LABELLED_ALL.items()
            if name in record
        },
    }


def lapsed_origins(origins: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids of those that the registry no longer vouches for, however far up."""
    return [origin["registration_id"] for origin in origins if origin["state"]["code"] in LAPSED]
