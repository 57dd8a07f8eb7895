"""Whoever has a file can measure it as the exchange would."""

import json
from types import SimpleNamespace

from click.testing import CliRunner

from app.quality_commands import quality_command
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
