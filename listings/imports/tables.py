"""Reads tables of listings of other exchanges: every row becomes a draft or a named reason."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.json_text import is_storable
from listings.imports import cells
from listings.imports.cells import CellRefused
from listings.imports.errors import ImportUnreadable
from listings.offers.plan_terms import CALLS_PER_SECOND_DEFAULT, PER_CALL

CHARACTERS_MAX = 8 * 1024 * 1024
ROWS_MAX = 5_000
FIRST_ROW = 2
"""Row numbers count as a spreadsheet does: the header is row 1."""
NAME_MAX = 30

Row = Mapping[str, str]
Reader = Callable[[str], Any]

NORMALISED = frozenset({"title", "provider", "description", "category", "price_mode", "price"})
RAW = frozenset({"title", "company_name", "description", "industry", "product_type", "keyword"})
_PRICE_MODES = frozenset({"negotiation", "free", "subscription", "one-off", "usage-based"})


@dataclass(frozen=True)
class ImportedDraft:
    """A row that became a draft; ``origin`` keeps every cell as it was."""

    row_number: int
    name: str
    content: dict[str, Any]
    offers: list[dict[str, Any]]
    origin: dict[str, Any]


@dataclass(frozen=True)
class RejectedRow:
    """A row that did not, with the first cell that stood against it."""

    row_number: int
    field: str
    reason: str


def read_listing_rows(text: str) -> tuple[list[ImportedDraft], list[RejectedRow]]:
    """Drafts and rejected rows of a table in one of the known shapes; together they are all rows.

    Raises `ImportUnreadable` for anything that is not such a table.
    """
    drafts: list[ImportedDraft] = []
    rejected: list[RejectedRow] = []
    columns, rows = _table(text)
    for number, texts in rows:
        outcome = _read_row(number, columns, texts)
        if isinstance(outcome, ImportedDraft):
            drafts.append(outcome)
        else:
            rejected.append(outcome)
    return drafts, rejected


def _table(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The columns, and each row that is not blank with its number."""
    if len(text) > CHARACTERS_MAX:
        msg = f"The file has more than {CHARACTERS_MAX} characters."
        raise ImportUnreadable(msg)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        columns = next(reader, [])
        _check_columns(columns)
        return columns, _bounded(reader)
    except csv.Error as error:
        msg = f"Line {reader.line_num} is not well-formed: {error}."
        raise ImportUnreadable(msg) from None


def _check_columns(columns: list[str]) -> None:
    known = set(columns)
    if not known >= NORMALISED and not known >= RAW:
        msg = "The header is not one of the known shapes; see the suppliers' guide."
        raise ImportUnreadable(msg)
    if len(known) != len(columns) or not all(map(is_storable, columns)):
        msg = "The header names a column twice, or by signs that cannot be stored."
        raise ImportUnreadable(msg)


def _bounded(reader: Iterable[list[str]]) -> list[tuple[int, list[str]]]:
    rows: list[tuple[int, list[str]]] = []
    for number, texts in enumerate(reader, start=FIRST_ROW):
        if not texts:
            continue  # a blank line, which a spreadsheet counts
        if len(rows) == ROWS_MAX:
            msg = f"The file has more than {ROWS_MAX} rows; split it."
            raise ImportUnreadable(msg)
        rows.append((number, texts))
    return rows


def _read_row(number: int, columns: list[str], texts: list[str]) -> ImportedDraft | RejectedRow:
    if len(texts) != len(columns):
        return RejectedRow(number, "*", "has not as many cells as the header")
    row = dict(zip(columns, texts, strict=True))
    # The origin keeps every cell, also those that nothing reads.
    unstorable = next((name for name, cell in row.items() if not is_storable(cell)), None)
    if unstorable is not None:
        return RejectedRow(number, unstorable, "holds characters that cannot be stored")
    # Only the raw table tells the kind of product.
    readers = RAW_READERS if "product_type" in row else NORMALISED_READERS
    content: dict[str, Any] = {}
    for column, (name, read) in readers.items():
        try:
            value = read(row.get(column, ""))
        except CellRefused as refusal:
            return RejectedRow(number, column, str(refusal))
        if name and value:
            content[name] = value
    return _finish(number, row, content)


def _finish(number: int, row: Row, content: dict[str, Any]) -> ImportedDraft | RejectedRow:
    column = "category"
    try:
        content["sectors"] = cells.sectors(
            row.get("industry") or row.get("category", ""), row.get("category_aws", "")
        )
        column = "price"
        offers = _offers(row)
    except CellRefused as refusal:
        return RejectedRow(number, column, str(refusal))
    summary = cells.summary_of(content["description"])
    if summary:
        content["summary"] = summary
    origin = {"row": number, "cells": {name: value for name, value in row.items() if value}}
    return ImportedDraft(number, content["name"], content, offers, origin)


def _offers(row: Row) -> list[dict[str, Any]]:
    """A plan by the call where the table gives its price.

    A price of zero means "ask" unless the row says free; what a subscription or a single sale
    would hold, no table tells, so those keep their price in the origin only.
    """
    mode = row.get("price_mode", "negotiation")
    if mode not in _PRICE_MODES:
        msg = f"'{mode[:40]}' is not a known price mode"
        raise CellRefused(msg)
    amount = cells.price(row.get("price") or "0")
    currency = cells.term("currencies", row.get("currency") or "CNY")
    if mode != "free" and (mode != "usage-based" or amount == 0):
        return []
    plan = {
        "kind": PER_CALL,
        "unit": "call",
        "unit_price": 0 if mode == "free" else amount,
        "free_units": 0,
        "currency": currency,
        "calls_per_second": CALLS_PER_SECOND_DEFAULT,
    }
    return [{"name": mode, "plans": [plan]}]


def _optional(read: Reader) -> Reader:
    return lambda text: read(text) if text.strip() else None


def _name(text: str) -> str:
    return cells.required(cells.line(text, length_max=NAME_MAX))


def _provider(text: str) -> str:
    return cells.required(cells.line(text, length_max=100))


def _description(text: str) -> str:
    return cells.required(cells.paragraph(text))


def _short(text: str) -> str:
    return cells.line(text, length_max=50)


def _stock(text: str) -> dict[str, str] | None:
    found = cells.size(text)
    # Zero is how these tables write "unknown".
    return found if found["amount"].strip("0.") else None


_COMMON: dict[str, tuple[str, Reader]] = {
    "title": ("name", _name),
    "description": ("description", _description),
    "update_frequency": ("update_frequency", cells.frequency),
    "dimension": ("dimension_count", _optional(cells.whole_number)),
}
NORMALISED_READERS: dict[str, tuple[str, Reader]] = {
    **_COMMON,
    "provider": ("", _provider),
    "coverage": ("regions", _optional(cells.regions)),
    "size": ("stock", _optional(_stock)),
}
"""Column -> name in the content (empty: only checked) and how its cell is read."""
RAW_READERS: dict[str, tuple[str, Reader]] = {
    **_COMMON,
    "company_name": ("", _provider),
    "series_name": ("series", lambda text: cells.line(text, length_max=NAME_MAX)),
    "product_type": ("product_kind", _optional(lambda text: cells.term("product_kinds", text))),
    "keyword": ("keywords", cells.keywords),
    "coverage": ("coverage", _short),
    "storage": ("stock", _optional(_stock)),
    "storage_incr": ("increment", _optional(_stock)),
    "use_case": ("use_cases", cells.paragraph),
}
