"""Finds personal data and secrets in sample rows, scored by column; a finding keeps no value."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from compliance.patterns import bank_card, email, identity_number, mobile, secret, uscc
from compliance.patterns.normalise import as_text, decoded

ROWS_MAX = 2_000
COLUMNS_MAX = 500


class Kind(StrEnum):
    """What a pattern recognises."""

    IDENTITY_NUMBER = "IDENTITY_NUMBER"
    MOBILE = "MOBILE"
    BANK_CARD = "BANK_CARD"
    USCC = "USCC"
    EMAIL = "EMAIL"
    SECRET = "SECRET"  # noqa: S105 - the name of a kind


DIRECT_IDENTIFIERS = frozenset({Kind.IDENTITY_NUMBER, Kind.MOBILE, Kind.BANK_CARD})
"""Each alone points at one person; an undeclared one contradicts the supplier's declaration."""


@dataclass(frozen=True)
class Detector:
    """A pattern, the column names that hint at it, and the share of bare cells that convicts.

    A share near zero: one match of a sample is enough, because the pattern's own checks leave
    next to nothing to chance.
    """

    kind: Kind
    count: Callable[[str], int]
    cues: tuple[str, ...]
    share_min: float


DETECTORS = (
    Detector(
        Kind.IDENTITY_NUMBER,
        identity_number.count,
        ("身份证", "证件号", "idcard", "id_card", "id_no", "idno", "sfz", "identity"),
        0.004,
    ),
    Detector(
        Kind.MOBILE,
        mobile.count,
        ("手机", "电话", "联系方式", "mobile", "phone", "tel", "msisdn", "shouji", "dianhua"),
        0.5,
    ),
    Detector(
        Kind.BANK_CARD,
        bank_card.count,
        ("银行卡", "卡号", "bankcard", "bank_card", "card_no", "cardno", "pan", "kahao"),
        0.5,
    ),
    Detector(Kind.USCC, uscc.count, ("信用代码", "uscc", "credit_code"), 0.0),
    Detector(Kind.EMAIL, email.count, (), 0.0),
    Detector(Kind.SECRET, secret.count, (), 0.0),
)


@dataclass(frozen=True)
class Finding:
    """One kind in one column: cells that hold it out of cells that hold anything."""

    column: str
    kind: Kind
    matched_count: int
    assessed_count: int
    has_cue: bool

    def document(self) -> dict[str, Any]:
        """The JSON form; there is no value in it."""
        return {
            "column": self.column,
            "kind": self.kind.value,
            "matched_count": self.matched_count,
            "assessed_count": self.assessed_count,
            "has_cue": self.has_cue,
        }


def scan(rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Findings over all columns of at most `ROWS_MAX` rows, in column order."""
    kept = rows[:ROWS_MAX]
    names = list(dict.fromkeys(name for row in kept for name in row))[:COLUMNS_MAX]
    columns = {name: [as_text(_flat(row.get(name))) for row in kept] for name in names}
    found = [f for name, cells in columns.items() for f in _scan_column(name, cells)]
    return found + list(_scan_split(columns, {f.column for f in found}))


def _flat(value: object) -> object:
    if value is None:
        return ""
    return value if isinstance(value, str | int | float | bool) else str(value)


def _scan_column(name: str, cells: Iterable[str]) -> Iterable[Finding]:
    filled = [cell for cell in cells if cell]
    for detector in DETECTORS:
        finding = _judge(name, filled, detector)
        if finding is not None:
            yield finding


def _judge(name: str, filled: list[str], detector: Detector) -> Finding | None:
    matched = [cell for cell in filled if _holds(cell, detector)]
    if not matched:
        return None
    has_cue = any(cue in name.lower() for cue in detector.cues)
    # A number inside a sentence was written for a person; bare digits may be anything.
    in_prose = any(not _is_bare(cell) for cell in matched)
    if not has_cue and not in_prose and len(matched) < detector.share_min * len(filled):
        return None
    return Finding(name, detector.kind, len(matched), len(filled), has_cue)


def _holds(cell: str, detector: Detector) -> bool:
    return any(detector.count(text) for text in (cell, *decoded(cell)))


def _is_bare(cell: str) -> bool:
    return cell.replace(".", "").replace("-", "").isdigit()


def _scan_split(columns: Mapping[str, list[str]], known: set[str]) -> Iterable[Finding]:
    """Identity numbers cut in two over neighbouring columns."""
    for (left, heads), (right, tails) in pairwise(columns.items()):
        if {left, right} & known:
            continue
        joined = [a + b for a, b in zip(heads, tails, strict=True) if a and b]
        matched = sum(identity_number.count(cell) for cell in joined)
        if matched and matched * 2 >= len(joined):
            yield Finding(
                f"{left}+{right}", Kind.IDENTITY_NUMBER, matched, len(joined), has_cue=False
            )
