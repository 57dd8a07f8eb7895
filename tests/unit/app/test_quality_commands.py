"""Whoever has a file can measure it as the exchange would."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from app.commands.quality import quality_command, read_rows
from tests.fakes.clock import FixedClock

FIELDS = [{"name": "code", "type": "string", "max_length": 3}, {"name": "price", "type": "decimal"}]


def run(tmp_path, *options, lines):
    (tmp_path / "rows.csv").write_text("code,price\n" + "\n".join(lines), "utf-8")
    (tmp_path / "content.json").write_text(json.dumps({"fields_out": FIELDS}), "utf-8")
    parts = SimpleNamespace(clock=FixedClock())
    arguments = [str(tmp_path / "rows.csv"), "--content", str(tmp_path / "content.json"), *options]
    found = CliRunner().invoke(quality_command(parts), arguments)
    assert found.exit_code == 0, found.output
    return json.loads(found.output)


def by_code(report):
    return {each["code"]: each for each in report["indicators"]}


def test_a_file_is_measured_and_the_same_file_measures_the_same(tmp_path):
    lines = [f"p{n % 90},{n}" for n in range(1000)]
    lines[7] = "p1,"
    report = run(tmp_path, lines=lines)
    assert (report["row_total"], report["sampled_count"]) == (1000, 400)
    assert by_code(report)["0302"]["value"] == "1.000000"
    assert by_code(report)["0304"]["state"] == "NOT_ASSESSABLE"
    assert run(tmp_path, lines=lines) == report


def test_a_declaration_makes_more_assessable(tmp_path):
    declared = tmp_path / "declaration.json"
    declared.write_text(json.dumps({"key_fields": ["code"]}), "utf-8")
    report = run(tmp_path, "--declaration", str(declared), lines=["a,1", "a,2", "b,x"])
    assert by_code(report)["0304"]["satisfied_count"] == 2
    assert by_code(report)["0305"]["value"] == "0.333333"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.json", '[{"code": "a", "price": 1}, {"code": "b", "price": null}]'),
        ("rows.jsonl", '{"code": "a", "price": 1}\n\n{"code": "b", "price": null}\n'),
    ],
)
def test_json_is_read_like_a_table(tmp_path, name, text):
    (tmp_path / name).write_text(text, "utf-8")
    rows = read_rows(tmp_path / name)
    assert rows == [{"code": "a", "price": 1}, {"code": "b", "price": None}]


@pytest.mark.parametrize("text", ['{"code": "a"}', "[1]", "[{"])
def test_what_holds_no_rows_is_refused_in_words(tmp_path, text):
    (tmp_path / "rows.json").write_text(text, "utf-8")
    (tmp_path / "content.json").write_text("{}", "utf-8")
    found = CliRunner().invoke(
        quality_command(SimpleNamespace(clock=FixedClock())),
        [str(tmp_path / "rows.json"), "--content", str(tmp_path / "content.json")],
    )
    assert found.exit_code == 1
    assert found.output.startswith("Error: ")


def test_what_stands_for_no_value_is_not_counted_as_one(tmp_path):
    declared = tmp_path / "declaration.json"
    declared.write_text(json.dumps({"missing_values": {"price": ["0", "N/A"]}}), "utf-8")
    lines = ["a,0", "b,N/A", "c,3"]
    report = run(tmp_path, "--declaration", str(declared), lines=lines)
    assert by_code(report)["0201"]["satisfied_count"] == 4
    assert by_code(report)["0305"]["satisfied_count"] == 0
    assert by_code(run(tmp_path, lines=lines))["0305"]["satisfied_count"] == 1
