"""Completeness and accuracy: what is there, and whether it is there once and readable."""

import re
from collections.abc import Sequence

from app.core.canonical import digest_hex
from compliance.quality import definitions
from compliance.quality.conformity import filled_cells
from compliance.quality.field_values import Row, is_filled
from compliance.quality.indicators import Indicator, measured
from compliance.quality.near_duplicates import near_duplicates
from compliance.quality.rules import Rules

_BROKEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]|锟斤拷|烫烫烫|屯屯屯|[ÃÂ][\x80-\xbf]|â€[\x80-\u2122]"
)
"""Control characters, the replacement character, and what a wrong encoding leaves behind."""


def element_completeness(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0201: filled cells of required fields, of all cells of required fields."""
    required = [field.name for field in rules.fields if field.is_required]
    filled = sum(is_filled(row.get(name)) for row in rows for name in required)
    return measured(
        definitions.ELEMENT_COMPLETENESS,
        (filled, len(required) * len(rows)),
        lacking="no required field, or no rows",
    )


def record_completeness(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0202: complete records, of the rows, or of the expected keys where these are declared."""
    required = [field.name for field in rules.fields if field.is_required]
    complete = [row for row in rows if all(is_filled(row.get(name)) for name in required)]
    if rules.expected_keys and len(rules.key_fields) == 1:
        present = {str(row.get(rules.key_fields[0])) for row in complete}
        expected = set(rules.expected_keys)
        return measured(
            definitions.RECORD_COMPLETENESS, (len(present & expected), len(expected)), lacking=""
        )
    of = len(rows) if required else 0
    return measured(
        definitions.RECORD_COMPLETENESS, (len(complete), of), lacking="no required field or row"
    )


def format_compliance(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0302: filled cells that meet type, pattern, length and range."""
    fits = [field.fits(value) for field, value in filled_cells(rules, rows)]
    return measured(
        definitions.FORMAT_COMPLIANCE, (sum(fits), len(fits)), lacking="no declared field is filled"
    )


def duplicate_rate(rows: Sequence[Row]) -> Indicator:
    """0303: rows that say what an earlier row says, word for word or nearly so in long text."""
    return measured(
        definitions.DUPLICATE_RATE, (duplicate_count(rows), len(rows)), lacking="no rows"
    )


def duplicate_count(rows: Sequence[Row]) -> int:
    """Rows beyond the first of each group of equal or nearly equal rows."""
    distinct = {
        digest_hex({str(name): str(value) for name, value in row.items()}): row for row in rows
    }
    texts = [" ".join(str(value) for value in row.values()) for row in distinct.values()]
    return len(rows) - len(distinct) + near_duplicates(texts)


def key_uniqueness(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0304: distinct keys, of the rows."""
    keys = {tuple(str(row.get(name)) for name in rules.key_fields) for row in rows}
    of = len(rows) if rules.key_fields else 0
    return measured(definitions.KEY_UNIQUENESS, (len(keys), of), lacking="no key is declared")


def dirty_rate(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0305: rows with an unreadable or impossible value, or with control characters."""
    return measured(
        definitions.DIRTY_RATE, (sum(_is_dirty(rules, row) for row in rows), len(rows)),
        lacking="no rows",
    )  # fmt: skip


def _is_dirty(rules: Rules, row: Row) -> bool:
    impossible = any(
        is_filled(value := row.get(field.name)) and not (
            field.fits_type(value) and field.fits_format(value)
        )
        for field in rules.fields
    )  # fmt: skip
    return impossible or any(_BROKEN.search(str(value)) for value in row.values())
