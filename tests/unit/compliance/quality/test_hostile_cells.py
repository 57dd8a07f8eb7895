"""What a supplier or its upstream puts into a cell is measured, whatever it is."""

from datetime import UTC, datetime

import pytest

from compliance.quality.assessment import Sample, assess
from compliance.quality.field_values import number
from compliance.scanner.patterns import secret
from compliance.scanner.scan import scan

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
FIELDS = [
    {"name": "total", "type": "decimal", "minimum": 0, "maximum": 5},
    {"name": "age", "type": "integer"},
    {"name": "at", "type": "timestamp"},
    {"name": "phone", "type": "string"},
]
DECLARED = {
    "key_fields": ["total"],
    "row_rules": [{"left": "total", "operator": "lt", "right": "age"}],
    "relations": [{"total": "total", "parts": ["total", "age"]}],
    "time_field": "at",
    "sensitive_fields": ["age"],
}
PLAIN = {"total": "1", "age": "3", "at": "2026-11-29", "phone": "13800138000"}


@pytest.mark.parametrize(
    "cell",
    [
        "9E999999",
        "-9E999999",
        "9E999999999999",
        "0E-999999999999",
        "sNaN",
        "Infinity",
        "9" * 5_000,
        "٣" * 5_000,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        [1],
        {"x": 1},
    ],
)
def test_a_report_is_made_of_every_cell(cell):
    rows = [dict.fromkeys(PLAIN, cell) for _ in range(9)] + [PLAIN]
    report = assess({"fields_out": FIELDS}, Sample(rows, row_total=10, again=rows), NOW, DECLARED)
    assert report["sampled_count"] == 10
    format_compliance = next(each for each in report["indicators"] if each["code"] == "0302")
    assert format_compliance["satisfied_count"] < format_compliance["evaluated_count"]


def test_a_number_is_one_that_can_be_added_up():
    assert number("1E+300") is not None
    assert number("1E+301") is None
    assert number("-1E-301") is None
    assert number("0") == 0


def test_running_numbers_are_found_beside_a_cell_of_endless_digits():
    cells = [str(13_800_138_000 + at) for at in range(20)]
    named = [{"seq": cell} for cell in [*cells, "9" * 5_000]]
    assert scan(named) == []


def test_a_secret_is_looked_for_as_far_as_one_reaches():
    """Looked for to the end of the cell, each of many names would read all of it again."""
    assert secret.count("password=" + "a" * 100 + "1") == 1
    assert secret.count("password=" + "a" * 1_000 + "1") == 0
