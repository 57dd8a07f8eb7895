"""What one column shows of one kind, and whether that convicts it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from compliance.scanner.column_names import QUANTITIES, has_cue
from compliance.scanner.detectors import Confidence, Detector, Kind, Prose
from compliance.scanner.patterns.normalise import decoded
from compliance.scanner.patterns.spans import Span, Spans

_QUANTITY_SHARE_MIN = 0.9
"""What a column named as a quantity must show before its digits are taken for something else."""
_CHECKED_SHARE_MIN = 0.4
"""Of numbers of the right shape, how many must pass the check not to pass it by chance."""
_SERIAL_GAP_MAX = 20
_SERIAL_COUNT_MIN = 8
_SERIAL_DIGITS_MAX = 38
_FREE_TEXT_CELLS_MIN = 3
_FREE_TEXT_SHARE_MIN = 0.05
_NEAR = 16
"""Characters before a number in which a word such as "phone" belongs to it."""


@dataclass(frozen=True)
class Finding:
    """One kind in one column: cells that hold it out of cells that hold anything."""

    column: str
    kind: Kind
    matched_count: int
    assessed_count: int
    has_cue: bool
    confidence: Confidence = Confidence.HIGH

    def document(self) -> dict[str, Any]:
        """The JSON form; there is no value in it."""
        return {
            "column": self.column,
            "kind": self.kind.value,
            "matched_count": self.matched_count,
            "assessed_count": self.assessed_count,
            "has_cue": self.has_cue,
            "confidence": self.confidence.value,
        }


@dataclass(frozen=True)
class Column:
    """A column's name and cells as text, empty ones included."""

    name: str
    cells: tuple[str, ...]

    @cached_property
    def filled(self) -> list[str]:
        """The cells that hold anything."""
        return [cell for cell in self.cells if cell]

    @cached_property
    def texts(self) -> list[tuple[tuple[str, ...], int]]:
        """Each distinct cell once, with what it hides in base64, and how often it occurs."""
        return [((cell, *decoded(cell)), times) for cell, times in Counter(self.filled).items()]

    @cached_property
    def is_quantity(self) -> bool:
        """Whether the name says that the column counts or times something."""
        return has_cue(self.name, QUANTITIES)

    @cached_property
    def is_serial(self) -> bool:
        """Whether the numbers follow each other closely, as running numbers do."""
        numbers = sorted({int(cell) for cell in self.filled if _is_counted(cell)})
        if len(numbers) < _SERIAL_COUNT_MIN:
            return False
        return numbers[-1] - numbers[0] <= _SERIAL_GAP_MAX * len(numbers)

    def has_cue(self, cues: Iterable[str]) -> bool:
        """Whether the name contains one of the cues."""
        return has_cue(self.name, cues)


def _is_counted(cell: str) -> bool:
    return cell.isdecimal() and len(cell) <= _SERIAL_DIGITS_MAX


@dataclass
class _Tally:
    bare: int = 0
    strong: int = 0
    weak: int = 0
    candidates: int = 0

    @property
    def hits(self) -> int:
        return self.bare + self.strong + self.weak


def judge(column: Column, detector: Detector) -> Finding | None:
    """The finding of one detector over one column, or None."""
    tally = _tally(column, detector)
    if not tally.hits:
        return None
    cued = column.has_cue(detector.cues)
    confidence = _convicts(column, detector, tally, is_cued=cued)
    if confidence is None:
        return None
    return Finding(column.name, detector.kind, tally.hits, len(column.filled), cued, confidence)


def _tally(column: Column, detector: Detector) -> _Tally:
    tally = _Tally()
    for texts, times in column.texts:
        bare, strong, weak = _weigh(texts, detector)
        tally.bare += times * bare
        tally.strong += times * (strong and not bare)
        tally.weak += times * (weak and not bare and not strong)
        tally.candidates += times * _has(texts, detector.candidates)
    return tally


def _has(texts: Iterable[str], spans: Spans | None) -> bool:
    return spans is not None and any(spans(text) for text in texts)


def _weigh(texts: tuple[str, ...], detector: Detector) -> tuple[bool, bool, bool]:
    """Whether a cell is the thing, surely mentions it, or perhaps mentions it."""
    bare = strong = weak = False
    for text in texts:
        for span in detector.spans(text):
            if span == (0, len(text)):
                bare = True
            elif _is_sure(text, span, detector):
                strong = True
            else:
                weak = True
    return bare, strong, weak


def _is_sure(text: str, span: Span, detector: Detector) -> bool:
    if detector.prose is Prose.CONVICTS:
        return True
    if detector.prose is Prose.IS_NONE:
        return False
    before = text[max(0, span[0] - _NEAR) : span[0]].lower()
    return any(word in before for word in detector.near)


def _convicts(
    column: Column, detector: Detector, tally: _Tally, *, is_cued: bool
) -> Confidence | None:
    filled = len(column.filled)
    of_candidates = tally.hits / max(tally.candidates, tally.hits)
    if tally.strong:
        return detector.confidence
    if is_cued:
        share = of_candidates if detector.candidates else tally.hits / filled
        return detector.confidence if share >= detector.cue_share_min else None
    if detector.candidates and of_candidates < _CHECKED_SHARE_MIN * (tally.bare > 0):
        return None
    if detector.is_a_quantity_too and (column.is_quantity or column.is_serial):
        return Confidence.LOW if _is_beyond_quantity(column, tally, filled) else None
    if tally.bare and tally.hits >= detector.share_min * filled:
        return detector.confidence
    return _in_free_text(detector, tally, filled)


def _is_beyond_quantity(column: Column, tally: _Tally, filled: int) -> bool:
    return not column.is_serial and tally.hits >= _QUANTITY_SHARE_MIN * filled


def _in_free_text(detector: Detector, tally: _Tally, filled: int) -> Confidence | None:
    enough = max(_FREE_TEXT_CELLS_MIN, _FREE_TEXT_SHARE_MIN * filled)
    if detector.prose is Prose.NEEDS_A_WORD and tally.weak >= enough:
        return Confidence.LOW
    return None
