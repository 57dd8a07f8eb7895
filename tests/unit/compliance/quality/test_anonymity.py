"""How well rows hide in each other: by hand, and against another implementation's answers."""

import json
from pathlib import Path

import pytest

from compliance.quality.anonymity import anonymity

VECTORS = Path(__file__).parents[3] / "vectors" / "anonymity.json"
CASES = json.loads(VECTORS.read_text())

ROWS = [
    {"age": "2*", "zip": "1305*", "illness": "heart", "cost": 3},
    {"age": "2*", "zip": "1305*", "illness": "heart", "cost": 4},
    {"age": "2*", "zip": "1305*", "illness": "flu", "cost": 5},
    {"age": "3*", "zip": "1306*", "illness": "flu", "cost": 3},
    {"age": "3*", "zip": "1306*", "illness": "flu", "cost": 5},
    {"age": "4*", "zip": "1306*", "illness": "heart", "cost": 4},
]


def test_classes_are_counted_by_hand():
    found = anonymity(ROWS, ["age", "zip"], ["illness"], k_min=3)
    assert (found.k, found.l, found.class_count) == (1, 1, 3)
    assert (found.small_class_row_count, found.unique_row_count) == (3, 1)
    # Half heart, half flu overall; the class of two has flu only: |1 - 1/2| + |0 - 1/2| over 2.
    assert found.t == pytest.approx(0.5)


def test_numbers_are_as_far_apart_as_their_ranks():
    # Overall a third each of 3, 4, 5; the class of one has 4 only: (1/3 + 1/3) / 2.
    found = anonymity(ROWS, ["age", "zip"], ["cost"])
    assert found.t == pytest.approx(1 / 3)


def test_without_quasi_identifiers_or_rows_there_is_nothing_to_say():
    assert anonymity(ROWS, []) is None
    assert anonymity([], ["age"]) is None
    assert anonymity(ROWS, ["age"]).document()["l"] is None


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_pycanon_says_the_same(case):
    found = anonymity(case["rows"], case["quasi"], case["sensitive"])
    assert (found.k, found.l) == (case["k"], case["l"])
    assert found.t == pytest.approx(case["t"], abs=1e-12)
