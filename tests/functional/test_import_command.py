"""The command that enters other exchanges' tables, and its one report."""

import csv
import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from app.accounts.models import Organisation
from app.commands.imports import import_command
from listings.queries import products
from tests.factories.listings import SUPPLIER_ID, Market
from tests.unit.listings.test_imports import RAW, REAL, ROW, table

REAL_FILES = {"shanghai.csv": 447, "beijing.csv": 714, "guangzhou.csv": 792}


@pytest.fixture
def market(units, clock):
    market = Market(units, clock)
    with market.as_exchange() as uow:
        uow.session.add(
            Organisation(
                id=SUPPLIER_ID,
                name="Supplier Ltd",
                uscc="91310000MA1FL0000X",
                is_supplier=True,
                is_buyer=False,
                registered_at=uow.now,
            )
        )
    return market


@pytest.fixture
def run(market, tmp_path):
    command = import_command(SimpleNamespace(units=market.units))

    def invoke(*arguments):
        report = tmp_path / "report.json"
        given = [*map(str, arguments), "--organisation", SUPPLIER_ID, "--report", str(report)]
        result = CliRunner().invoke(command, given)
        assert result.exit_code == 0, result.output
        return result.output, json.loads(report.read_text("utf-8"))

    return invoke


@pytest.fixture
def files(tmp_path):
    first, second = tmp_path / "one.csv", tmp_path / "two.csv"
    bad = {**ROW, "title": "长" * 31}
    first.write_text(table(ROW, bad, {**bad, "price": "dear"}), "utf-8")
    second.write_text(table(RAW, columns=list(RAW)), "utf-8")
    return first, second


def _entered(market):
    with market.as_exchange() as uow:
        page = products.list_products(uow.session, supplier_id=SUPPLIER_ID, cursor=None, limit=99)
        return [product.name for product in page.items]


def test_a_dry_run_enters_nothing_and_accounts_for_every_row(run, files, market):
    text, report = run(*files, "--dry-run")
    assert _entered(market) == []
    assert (report["row_count"], report["draft_count"], report["rejected_count"]) == (4, 2, 2)
    first, second = report["files"]
    assert [row["row"] for row in first["rejected_rows"]] == [3, 4]
    assert [row["field"] for row in first["rejected_rows"]] == ["title", "title"]
    assert (second["source"], second["draft_count"]) == ("two.csv", 1)
    assert "one.csv: 3 rows, 1 drafts, 2 refused" in text
    assert "2  title: has 31 characters, at most 30 fit" in text


def test_every_draft_has_the_outcome_of_every_rule_and_what_it_misses(run, files):
    _, report = run(*files, "--dry-run")
    first, second = report["files"]
    (draft,) = first["drafts"]
    assert draft["rule_outcomes"].keys() == report["rule_outcomes"].keys()
    assert draft["rule_outcomes"]["DSL33-2"] == "FAIL"
    assert set(draft["blocked_by"]) <= draft["rule_outcomes"].keys()
    assert first["blocked_draft_count"] == 1
    assert {"#/rights", "#/evidence", "#/fields_out", "#/grade"} <= set(draft["missing"])
    assert report["missing"]["#/rights"] == 2
    assert "#/offers" not in draft["missing"]
    assert second["missing"]["#/offers"] == 1
    for counts in report["rule_outcomes"].values():
        assert sum(counts.values()) == 2


def test_all_files_are_entered_and_the_refused_rows_written(run, files, market, tmp_path):
    rejects = tmp_path / "rejects.csv"
    run(*files, "--rejects", rejects)
    assert sorted(_entered(market)) == sorted([ROW["title"], RAW["title"]])
    with rejects.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["source"], row["row_number"]) for row in rows] == [
        ("one.csv", "3"),
        ("one.csv", "4"),
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a,b\n1,2\n", "three.csv: "),
        (b"\xff\xfetitle", "three.csv: byte 1 is not UTF-8."),
        (b'title,provider\n"open,', "three.csv: "),
    ],
)
def test_one_unreadable_file_enters_none_and_is_named(market, files, tmp_path, content, told):
    unreadable = tmp_path / "three.csv"
    unreadable.write_bytes(content)
    command = import_command(SimpleNamespace(units=market.units))
    given = [str(files[0]), str(unreadable), "--organisation", SUPPLIER_ID]
    result = CliRunner().invoke(command, given)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert f"Error: {told}" in result.output
    assert _entered(market) == []


def test_drafts_are_entered_for_a_supplier_that_there_is(market, files):
    command = import_command(SimpleNamespace(units=market.units))
    nobody = "org_" + "0" * 26
    result = CliRunner().invoke(command, [str(files[0]), "--organisation", nobody])
    assert (result.exit_code, result.output) == (1, f"Error: No supplier has the id {nobody}.\n")


def test_what_fails_besides_has_entered_nothing_and_may_be_repeated(market, files, tmp_path):
    command = import_command(SimpleNamespace(units=market.units))
    absent = tmp_path / "absent" / "report.json"
    given = [str(files[0]), "--organisation", SUPPLIER_ID, "--report", str(absent)]
    result = CliRunner().invoke(command, given)
    assert isinstance(result.exception, FileNotFoundError)
    assert _entered(market) == []


def test_the_1953_real_listings_are_drafts_or_named_reasons(run, market):
    paths = [REAL / name for name in REAL_FILES]
    if not all(path.exists() for path in paths):
        pytest.skip("the folder ../shared/data/listings with the real listings is absent")
    _, report = run(*paths)
    assert {each["source"]: each["row_count"] for each in report["files"]} == REAL_FILES
    assert report["row_count"] == 1_953
    assert report["draft_count"] + report["rejected_count"] == 1_953
    assert report["draft_count"] >= 1_953 * 0.98
    assert all(row["reason"] for each in report["files"] for row in each["rejected_rows"])
    # No table tells rights or documents, so that no import is ready for a review by itself.
    assert report["missing"]["#/rights"] == report["draft_count"]
    assert report["blocked_draft_count"] == report["draft_count"]
