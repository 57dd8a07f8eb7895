"""Reads one cell of a foreign listing table: to our form, or to the reason why not."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources

TEXT_MAX = 4_000
SUMMARY_MAX = 150
SECTORS_MAX = 3
WORLD_FROM = 150
"""A list of so many countries means the world."""

_SPACE = re.compile(r"\s+")
_SENTENCE = re.compile(r".*?[。！？；.!?;]", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SIZE = re.compile(r"([0-9][0-9,]{0,17}(?:\.[0-9]{1,6})?) ?([KMGTP]?B)", re.ASCII)
_FREQUENCY = re.compile(r"\((?P<how>.+)\)")
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_WHOLE = re.compile(r"([0-9]{1,6})(?:\.0)?", re.ASCII)


class CellRefused(ValueError):
    """The cell has no place in a draft; the text says why."""


@cache
def foreign_terms(name: str) -> Mapping[str, str]:
    """How the exchanges' own words read in our vocabulary."""
    folder = resources.files("listings").joinpath("vocabularies")
    terms: dict[str, dict[str, str]] = json.loads(
        folder.joinpath("import_terms.json").read_text("utf-8")
    )
    return terms[name]


def line(text: str, *, length_max: int) -> str:
    """One line of text, inner line breaks and runs of blanks as one blank."""
    plain = _SPACE.sub(" ", text).strip()
    return _bounded(plain, length_max)


def paragraph(text: str) -> str:
    """Text whose line breaks mean something."""
    return _bounded(text.strip().replace("\r\n", "\n"), TEXT_MAX)


def _bounded(text: str, length_max: int) -> str:
    if _CONTROL.search(text):
        msg = "holds control characters"
        raise CellRefused(msg)
    if len(text) > length_max:
        msg = f"has {len(text)} characters, at most {length_max} fit"
        raise CellRefused(msg)
    return text


def required(text: str) -> str:
    """The text, unless it is empty."""
    if not text:
        msg = "is missing"
        raise CellRefused(msg)
    return text


def summary_of(description: str) -> str:
    """The whole sentences that fit a summary; empty when not even one does.

    The rest is not lost: it stays in the description.
    """
    flat = _SPACE.sub(" ", description).strip()
    if len(flat) <= SUMMARY_MAX:
        return flat
    kept = ""
    for sentence in _SENTENCE.findall(flat):
        if len(kept) + len(sentence) > SUMMARY_MAX:
            break
        kept += sentence
    return kept.strip()


def term(name: str, text: str) -> str:
    """Our code for an exchange's word."""
    try:
        return foreign_terms(name)[text]
    except KeyError:
        msg = f"'{text[:40]}' is not a known value"
        raise CellRefused(msg) from None


def sectors(category: str, aligned: str) -> list[str]:
    """One to three sectors; a category that says nothing gives way to the aligned one."""
    parts = [part.strip() for part in category.split(",") if part.strip()]
    found = list(dict.fromkeys(term("sectors", part) for part in parts))
    telling = [code for code in found if code != "OTHER"]
    if not telling and aligned:
        return [term("aligned_sectors", aligned)]
    required("".join(found))
    return (telling or found)[:SECTORS_MAX]


def frequency(text: str) -> str:
    """The update frequency, also out of ``动态 (每月更新)``."""
    how = _FREQUENCY.search(text)
    return term("update_frequencies", how["how"] if how else required(text.strip()))


def regions(text: str) -> list[str]:
    """Countries, or the world when nearly all are named."""
    codes = [code.strip() for code in text.split(",")]
    if not all(_COUNTRY.fullmatch(code) for code in codes):
        msg = "is not a list of country codes"
        raise CellRefused(msg)
    return ["WORLD"] if len(codes) >= WORLD_FROM else list(dict.fromkeys(codes))


def keywords(text: str) -> list[str]:
    """Up to five words, thirty characters together."""
    words = list(dict.fromkeys(word for word in re.split(r"[，,、；;\s]+", text) if word))
    if len(words) > 5 or sum(map(len, words)) > 30 or any(len(word) > 15 for word in words):  # noqa: PLR2004 -- the limits of the form
        msg = "has more than five words or thirty characters"
        raise CellRefused(msg)
    return words


def whole_number(text: str) -> int:
    """A count, also when a spreadsheet wrote it as ``22.0``."""
    match = _WHOLE.fullmatch(text.strip())
    if match is None:
        msg = "is not a whole number below a million"
        raise CellRefused(msg)
    return int(match[1])


def size(text: str) -> dict[str, str]:
    """``10,240 MB`` as amount and unit; bare numbers are bytes."""
    plain = text.strip()
    match = _SIZE.fullmatch(plain if plain.endswith("B") else f"{plain} B")
    if match is None:
        msg = "is not a size such as 10,240 MB"
        raise CellRefused(msg)
    return {"amount": match[1].replace(",", ""), "unit": match[2]}


def price(text: str) -> int:
    """The amount in units of 10⁻⁸ of the currency unit."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount < 10**10:
        msg = "is not a price"
        raise CellRefused(msg)
    units = amount.scaleb(8)
    if units != units.to_integral_value():
        msg = "has more than eight decimal places"
        raise CellRefused(msg)
    return int(units)
