"""Coded words of listing pages with their English and Chinese labels, read from data files."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Language = Literal["en", "zh"]

NAMES = frozenset(
    {
        "classifications",
        "delivery_modes",
        "field_types",
        "grades",
        "listing_states",
        "order_states",
        "pi_levels",
        "price_models",
        "product_kinds",
        "purposes",
        "retention_modes",
        "right_bases",
        "rights",
        "sectors",
        "source_types",
        "topics",
        "transfer_rules",
        "units",
        "update_frequencies",
        "visibilities",
    }
)


@dataclass(frozen=True)
class Term:
    """One coded word; ``parent`` is the code above it in a tree."""

    code: str
    en: str
    zh: str
    parent: str | None = None

    def label(self, language: Language) -> str:
        """The word in the language."""
        return self.zh if language == "zh" else self.en


@cache
def vocabulary(name: str) -> Mapping[str, Term]:
    """All terms of one vocabulary by code, in the order of the file."""
    text = resources.files("listings").joinpath("vocabularies", f"{name}.json").read_text("utf-8")
    return {row["code"]: Term(**row) for row in json.loads(text)}


def codes(name: str) -> frozenset[str]:
    """The codes that a field of this vocabulary may hold."""
    return frozenset(vocabulary(name))


def labelled(name: str, code: str, language: Language) -> dict[str, str]:
    """The code with its label; a code that the vocabulary has lost is its own label."""
    term = vocabulary(name).get(code)
    return {"code": code, "label": term.label(language) if term else code}


def labelled_all(name: str, found: Iterable[str], language: Language) -> list[dict[str, str]]:
    """Codes with their labels, in their order."""
    return [labelled(name, code, language) for code in found]
