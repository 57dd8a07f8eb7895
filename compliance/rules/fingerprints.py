"""By what one product is recognised in another: its schema, and the rows of its sample; pure.

Rows are recognised by what they say, whatever their columns are called and in which order they
stand. Short ones, such as a single flag, say nothing and count for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.canonical import digest_hex
from compliance.scanner.patterns.normalise import as_text

FIELDS_LEAST = 3
"""Fewer fields are alike by chance."""
ROW_LENGTH_LEAST = 12
ROWS_MAX = 200
SHARE_LEAST_BP = 2_000
"""Common rows, as a part of the smaller sample, from which on two samples are alike; our policy."""
DIGEST_LENGTH = 24


@dataclass(frozen=True)
class Fingerprint:
    """The digest of a schema, empty where there is too little of it, and those of sample rows."""

    schema: str
    rows: tuple[str, ...]


def fingerprint_of(dossier: Mapping[str, Any]) -> Fingerprint:
    """What a dossier is recognised by."""
    return Fingerprint(_schema(dossier), _rows(dossier))


def _schema(dossier: Mapping[str, Any]) -> str:
    declared = [each for each in dossier.get("fields_out") or () if isinstance(each, Mapping)]
    fields = sorted((_said(each.get("name")), str(each.get("type"))) for each in declared)
    return digest_hex([list(each) for each in fields]) if len(fields) >= FIELDS_LEAST else ""


def _rows(dossier: Mapping[str, Any]) -> tuple[str, ...]:
    sample = [each for each in dossier.get("sample") or () if isinstance(each, Mapping)]
    said = (sorted(_said(value) for value in row.values() if value is not None) for row in sample)
    telling = {tuple(row) for row in said if sum(map(len, row)) >= ROW_LENGTH_LEAST}
    digests = sorted(digest_hex(list(row))[:DIGEST_LENGTH] for row in telling)
    return tuple(digests[:ROWS_MAX])


def _said(value: object) -> str:
    return as_text(value).casefold()


def shared_bp(common: int, one: int, other: int) -> int:
    """The common rows as a part of the smaller sample, in basis points."""
    smaller = min(one, other)
    return common * 10_000 // smaller if smaller else 0
