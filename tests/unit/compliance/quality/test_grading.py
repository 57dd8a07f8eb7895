"""What a sample is worth: the score from bounds, the coverage, and what nothing makes up for."""

import json
from datetime import UTC, datetime

import pytest

from compliance.quality.access import CallCounts
from compliance.quality.assessment import Sample, assess
from compliance.quality.definitions import ELEMENT_COMPLETENESS, FORMAT_COMPLIANCE
from compliance.quality.grading import Veto, grade
from compliance.quality.indicators import measured

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
DOSSIER = {
    "fields_out": [
        {"name": "id", "type": "string", "key": True},
        {"name": "level", "type": "string", "coded_values": [{"code": "x"}, {"code": "y"}]},
        {"name": "value", "type": "decimal", "minimum": "0"},
        {"name": "at", "type": "timestamp"},
    ],
    "pi_level": "NONE",
    "period": {"from": "2026-01-01"},
    "freshness_seconds": 10**7,
    "authorisation_chain": [{"from": "2026-01-01", "to": "2027-01-01"}],
}
DECLARED = {
    "time_field": "at",
    "row_rules": [{"left": "value", "operator": "ge", "value": "0"}],
    "relations": [{"field": "level", "references": ["x", "y"]}],
}


def rows(count):
    return [
        {
            "id": f"r{n}",
            "level": "xy"[n % 2],
            "value": n / 4,
            "at": f"2026-11-{1 + n // 24 % 28:02d}T{n % 24:02d}:00:00Z",
        }
        for n in range(count)
    ]


def report(count=400, dossier=DOSSIER, declared=DECLARED, **sample):
    return assess(dossier, Sample(rows(count), **sample), NOW, declared)


def test_a_flawless_sample_is_an_a_only_when_it_is_large_enough():
    calls = CallCounts(400, 400, 400, 400)
    large = report(400, calls=calls, again=rows(400))
    assert (large["grade"], large["vetoes"]) == ("A", [])
    assert float(large["coverage"]) == pytest.approx(1)
    assert report(20, calls=CallCounts(20, 20, 20, 20))["grade"] == "B"


def test_too_little_that_can_be_assessed_is_no_grade():
    bare = assess({"fields_out": []}, Sample(rows(400)), NOW)
    assert bare["grade"] is None
    assert float(bare["coverage"]) < 0.7


def test_what_is_not_assessable_changes_the_coverage_and_not_the_score():
    good = measured(ELEMENT_COMPLETENESS, (99, 100), lacking="")
    silent = measured(FORMAT_COMPLIANCE, (0, 0), lacking="nothing")
    alone, both = grade([good], []), grade([good, silent], [])
    assert alone.score == both.score
    assert (alone.coverage, both.coverage) == (1, pytest.approx(20 / 45))
    assert both.letter is None


@pytest.mark.parametrize(
    ("veto", "change"),
    [
        (Veto.LIVE_SCHEMA_MISMATCH, {"calls": CallCounts(100, 100, 98, 98)}),
        (
            Veto.AUTHORISATION_LAPSED,
            {"dossier": {**DOSSIER, "authorisation_chain": [{"to": "2026-11-01"}]}},
        ),
    ],
)
def test_a_veto_makes_the_best_sample_a_d(veto, change):
    found = report(**change)
    assert found["vetoes"] == [veto]
    assert found["grade"] == "D"


@pytest.mark.parametrize(
    ("column", "value", "veto"),
    [
        ("phone", "17400123456", Veto.UNDECLARED_IDENTIFIER),
        ("note", "AKIA" + "ABCDEFGHIJKLMNOP", Veto.LEAKED_SECRET),
    ],
)
def test_what_leaks_is_a_veto_and_is_not_repeated(column, value, veto):
    leaking = [{**row, column: value} for row in rows(50)]
    found = assess(DOSSIER, Sample(leaking), NOW, DECLARED)
    assert found["vetoes"] == [veto]
    assert value not in json.dumps(found)


def test_identifiers_of_a_product_that_declares_them_are_no_veto():
    leaking = [{**row, "phone": "17400123456"} for row in rows(50)]
    found = assess({**DOSSIER, "pi_level": "PERSONAL"}, Sample(leaking), NOW, DECLARED)
    assert found["vetoes"] == []


def test_the_report_holds_every_code_of_the_standard_and_no_cell():
    found = report()
    codes = [each["code"] for each in found["indicators"]]
    assert codes == [
        "0101", "0103", "0104", "0105", "0106", "0201", "0202", "0302", "0303", "0304", "0305",
        "0401", "0402", "0501", "0502", "0503", "050400", "0601", "0602", "OUT", "FIT-D", "FIT-S",
        "FIT-A",
    ]  # fmt: skip
    assert "r17" not in json.dumps(found)


@pytest.mark.parametrize(("hour", "kinds"), [(15, ["MINOR"]), (16, [])])
def test_a_birthday_begins_where_the_exchange_is(hour, kinds):
    born = Sample([{"birth_date": "2012-12-02"}])
    found = assess({"fields_out": []}, born, datetime(2026, 12, 1, hour, tzinfo=UTC))
    assert [each["kind"] for each in found["findings"]] == kinds


def test_a_table_in_which_everybody_is_alone_is_not_anonymous():
    fields = [{"name": "age", "type": "integer", "is_quasi_identifier": True}]
    found = assess({"fields_out": fields}, Sample([{"age": n} for n in range(30)]), NOW)
    assert found["anonymity"]["k"] == 1
    assert found["anonymity"]["unique_share"] == "1.000000"
