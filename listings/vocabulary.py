"""Coded words of listing pages with their English and Chinese labels, read from data files."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Language = Literal["en", "zh"]

NAMES = frozenset(
    {
        "anonymisation_methods",
        "classifications",
        "consent_models",
        "corpus_classes",
        "corpus_stages",
        "cross_border_modes",
        "delivery_grades",
        "delivery_modes",
        "derivation_kinds",
        "evidence_kinds",
        "field_types",
        "grades",
        "industries",
        "lawful_bases",
        "listing_states",
        "modalities",
        "order_states",
        "pi_categories",
        "pi_levels",
        "price_models",
        "product_kinds",
        "provinces",
        "purposes",
        "quality_grades",
        "registry_states",
        "registry_schemes",
        "retention_modes",
        "right_bases",
        "rights",
        "sectors",
        "source_types",
        "statement_kinds",
        "third_party_links",
        "topics",
        "transfer_rules",
        "units",
        "update_frequencies",
        "user_qualifications",
        "verification_methods",
        "visibilities",
    }
)


@dataclass(frozen=True)
class Term:
    """One coded word; ``parent`` is the code above it in a tree.

    ``former_zh`` is the word of an earlier generation of texts for the same thing.
    """

    code: str
    en: str
    zh: str
    parent: str | None = None
    former_zh: str | None = None

    def label(self, language: Language) -> str:
        """The word in the language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Edition:
    """A vocabulary as its file stands: where the words come from, and whether that was checked.

    ``checked`` says when the words were compared with what, and what that showed.
    """

    version: int
    source: str
    is_confirmed: bool
    terms: Mapping[str, Term]
    checked: str | None = None


@cache
def edition(name: str) -> Edition:
    """The vocabulary's file."""
    text = resources.files("listings").joinpath("vocabularies", f"{name}.json").read_text("utf-8")
    read = json.loads(text)
    terms = {row["code"]: Term(**row) for row in read["terms"]}
    return Edition(read["version"], read["source"], read["confirmed"], terms, read.get("checked"))


def vocabulary(name: str) -> Mapping[str, Term]:
    """All terms of one vocabulary by code, in the order of the file."""
    return edition(name).terms


def codes(name: str) -> frozenset[str]:
    """The codes that a field of this vocabulary may hold."""
    return frozenset(vocabulary(name))


def descends_from(name: str, code: str, above: Collection[str]) -> bool:
    """Whether the code is one of ``above`` or stands below one of them in the tree."""
    terms = vocabulary(name)
    at: str | None = code
    while at is not None:
        if at in above:
            return True
        term = terms.get(at)
        at = term.parent if term else None
    return False


def labelled(name: str, code: str, language: Language) -> dict[str, str]:
    """The code with its label; a code that the vocabulary has lost is its own label."""
    term = vocabulary(name).get(code)
    return {"code": code, "label": term.label(language) if term else code}


def labelled_all(name: str, found: Iterable[str], language: Language) -> list[dict[str, str]]:
    """Codes with their labels, in their order."""
    return [labelled(name, code, language) for code in found]
