"""Finds personal data and secrets in sample rows, scored by column; a finding keeps no value."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from compliance.scanner.column_evidence import Column, Finding, judge
from compliance.scanner.detectors import (
    DETECTORS,
    DIRECT_IDENTIFIERS,
    NAMED_KINDS,
    SENSITIVE,
    Confidence,
    Kind,
)
from compliance.scanner.joint_evidence import minors, split_numbers, tracks
from compliance.scanner.patterns.normalise import as_text

__all__ = [
    "DIRECT_IDENTIFIERS",
    "SENSITIVE",
    "Confidence",
    "Finding",
    "Kind",
    "contradictions",
    "hints",
    "scan",
]

VERSION = 2
"""Kept with reports, so that an old finding can be told from what is found today."""
ROWS_MAX = 2_000
COLUMNS_MAX = 500
_MASKED_SHARE_MAX = 0.5


def scan(rows: Sequence[Mapping[str, Any]], on: date | None = None) -> list[Finding]:
    """Findings over all columns of at most `ROWS_MAX` rows, in column order, then joint ones.

    ``on`` is the day that ages are counted to; without it nobody is found to be a minor.
    """
    kept = rows[:ROWS_MAX]
    names = list(dict.fromkeys(name for row in kept for name in row))[:COLUMNS_MAX]
    columns = [Column(str(name), tuple(_cell(row.get(name)) for row in kept)) for name in names]
    found = [finding for column in columns for finding in _scan_column(column)]
    known = {finding.column for finding in found if finding.kind in DIRECT_IDENTIFIERS}
    return [
        *found,
        *split_numbers([column for column in columns if column.name not in known]),
        *tracks(columns, has_person=bool(known)),
        *(minors(columns, on) if on else ()),
    ]


def contradictions(findings: Iterable[Finding]) -> list[Finding]:
    """What a product declared free of personal information may not show (PIPL 4, 73)."""
    return [
        each
        for each in findings
        if each.kind in DIRECT_IDENTIFIERS and each.confidence is not Confidence.LOW
    ]


def hints(findings: Iterable[Finding]) -> list[Finding]:
    """What only a person can judge: an address may be a company's, a name a brand's."""
    unlinked = {Kind.SECRET, Kind.USCC}
    return [each for each in findings if each.kind not in unlinked and not contradictions([each])]


def _cell(value: object) -> str:
    return "" if value is None else as_text(value)


def _scan_column(column: Column) -> Iterable[Finding]:
    seen: Counter[Kind] = Counter()
    for detector in DETECTORS:
        finding = None if seen[detector.kind] else judge(column, detector)
        if finding is not None:
            seen[finding.kind] += 1
            yield finding
    for kind, cues in NAMED_KINDS:
        if not seen[kind] and column.has_cue(cues):
            yield from _by_name(column, kind)


def _by_name(column: Column, kind: Kind) -> Iterable[Finding]:
    bare = [cell for cell in column.filled if "*" not in cell and len(cell) > 1]
    if len(bare) > _MASKED_SHARE_MAX * len(column.filled):
        yield Finding(
            column.name,
            kind,
            len(bare),
            len(column.filled),
            has_cue=True,
            confidence=Confidence.LOW,
        )
