"""`rows-root` and `rows-reveal`: rows against what was committed, drawn, measured and logged."""

import base64
import json
from pathlib import Path

import pytest
from counterfoil_verify.fields import Record
from counterfoil_verify.merkle import root_from_path
from counterfoil_verify.quality import row_files
from counterfoil_verify.quality.draws import read_commitment
from counterfoil_verify.quality.row_files import row_entry
from counterfoil_verify.quality.row_trees import RowTree

from tests.vectors import make_vectors
from tests.vectors.primitives import canonical, hash_leaf, inclusion_path, tree_hash
from tests.vectors.quality_vectors import MOST, ROWS, QualityDesk, drawn, root_of

VECTORS = json.loads(
    (Path(make_vectors.__file__).parent / "quality.json").read_text(encoding="ascii")
)
STEPS = [
    "format", "report", "draw", "rows", "entry", "proof", "checkpoint", "inclusion",
    "commitment", "proof", "checkpoint", "inclusion", "seed",
]  # fmt: skip
CSV = 'icao,name,runways\nZSPD,上海浦东,5\nEGLL,Heathrow,\nCTU\u2028,"""Shuangliu""",2\n'.encode()


def reveal(desk, files, log=None):
    tiles = {name: base64.b64decode(data) for name, data in files["log"].items()}
    log = log or desk.lay_out(tiles)
    words = [desk.put("rows.json", files["rows"].encode())]
    for name in ("report", "entry", "proof", "committed", "committed-proof"):
        words += [f"--{name}", desk.put(f"{name}.file", files[name].encode())]
    return desk.run("rows-reveal", *words, "--log", log)


# Roots


@pytest.mark.parametrize("case", VECTORS["roots"])
def test_a_root_over_rows(desk, case):
    path = desk.put("rows.json", json.dumps(case["rows"], ensure_ascii=False).encode())
    outcome = desk.run("rows-root", path, keys=False)
    assert outcome.code == 0
    assert outcome.report["facts"]["rows_root"] == case["root"]
    assert outcome.report["facts"]["row_total"] == len(case["rows"])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("rows.csv", CSV),
        ("rows.csv", b"\xef\xbb\xbf" + CSV.replace(b"\n", b"\r\n")),
        ("rows", CSV + b"\n\n"),
        ("rows.jsonl", b"\n".join(json.dumps(row).encode() for row in ROWS)),
        ("rows.jsonl", b"\xef\xbb\xbf" + b"\n\n".join(canonical(row) for row in ROWS) + b"\n"),
        ("rows.json", json.dumps([{**row, "runways": row["runways"] and int(row["runways"])}
                                  for row in ROWS]).encode()),
    ],
    ids=["csv", "as a spreadsheet writes it", "empty lines", "jsonl", "jsonl with blanks",
         "whole numbers"],
)  # fmt: skip
def test_the_same_rows_have_the_same_root_in_every_kind_of_file(desk, name, data):
    outcome = desk.run("rows-root", desk.put(name, data), keys=False)
    assert outcome.report["facts"].get("rows_root") == root_of(ROWS), outcome.output


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("rows.csv", b"", 1),
        ("rows.csv", b"a,b\n", 1),
        ("rows.csv", b"a,a\n1,2\n", 1),
        ("rows.csv", b"a,b\n1\n", 1),
        ("rows.csv", b"a,b\n1,2,3\n", 1),
        ("rows.csv", b"a,b\n\xff,2\n", 1),
        ("rows.csv", b'a,b\n"1"x,2\n', 1),
        ("rows.csv", b'a,b\n1,"2\n', 1),
        ("rows.json", b"{}", 1),
        ("rows.json", b"[1]", 1),
        ("rows.json", b"[{}]", 1),
        ("rows.json", b'[{"a":1.5}]', 1),
        ("rows.json", b'[{"a":1e3}]', 1),
        ("rows.json", b'[{"a":true}]', 1),
        ("rows.json", b'[{"a":["b"]}]', 1),
        ("rows.json", b'[{"a":"1","a":"2"}]', 1),
        ("rows.jsonl", b'{"a":"1"}\n{"a":', 1),
        ("nowhere.csv", None, 3),
        ("nowhere.json", None, 3),
    ],
)
def test_a_file_that_is_no_rows_has_no_root(desk, name, data, code):
    path = desk.folder / name if data is None else desk.put(name, data)
    outcome = desk.run("rows-root", path, keys=False)
    assert (outcome.code, outcome.step) == (code, "rows")


def test_one_row_cannot_take_all_memory(desk, monkeypatch):
    monkeypatch.setattr(row_files, "ROW_CHARACTERS_MAX", 200)
    monkeypatch.setattr(row_files, "LINE_MAX", 200)
    plain = b"a,b\n" + b"1,2\n" * 500
    assert desk.run("rows-root", desk.put("plain.csv", plain), keys=False).code == 0
    endless = b'a,b\n1,"' + b"\n" * 300 + b'"\n'
    for name, data in (("a.csv", endless), ("b.csv", b"x" * 300), ("c.jsonl", b" " * 300)):
        outcome = desk.run("rows-root", desk.put(name, data), keys=False)
        assert (outcome.code, outcome.step) == (1, "rows")
        assert "longer than" in outcome.output


@pytest.mark.parametrize("total", [*range(1, 18), 63, 64, 65])
def test_a_tree_grown_row_by_row_is_the_tree(total):
    entries = [canonical({"n": str(number)}) for number in range(total)]
    tree = RowTree(range(total))
    for entry in entries:
        tree.add(entry)
    grown = tree.finish()
    hashes = [hash_leaf(entry) for entry in entries]
    assert (grown.root, grown.size) == (tree_hash(hashes), total)
    assert grown.paths == {at: inclusion_path(at, hashes) for at in range(total)}
    assert all(
        root_from_path(leaf, at, total, grown.paths[at]) == grown.root
        for at, leaf in enumerate(hashes)
    )


def test_rows_are_held_against_a_sample_and_a_report(desk):
    quality = QualityDesk()
    rows = desk.put("rows.csv", CSV)
    for name, shown in (("sample", quality.sample()), ("report", quality.report())):
        of = desk.put(name, json.dumps(shown, indent=2).encode())
        outcome = desk.run("rows-root", rows, "--of", of, keys=False)
        assert (outcome.code, outcome.passed_steps) == (0, ["format", "rows", "commitment"])
    other = desk.put("other.csv", CSV.replace(b"5", b"6"))
    outcome = desk.run("rows-root", other, "--of", of, keys=False)
    assert (outcome.code, outcome.step) == (1, "commitment")
    less = desk.put("less.csv", CSV[: CSV.rindex(b"CTU")])
    assert desk.run("rows-root", less, "--of", of, keys=False).step == "commitment"


def test_the_drawn_rows_are_written_as_they_are_revealed(desk):
    keys = [{"icao": f"K{number:03d}"} for number in range(70)]
    quality = QualityDesk(keys, "CALLS")
    rows = desk.put("rows.jsonl", b"\n".join(canonical(row) for row in keys))
    sample = desk.put("sample.json", canonical(quality.sample()))
    out = desk.folder / "revealed.json"
    outcome = desk.run("rows-root", rows, "--of", sample, "--reveal", out, keys=False)
    assert outcome.code == 0
    assert out.read_bytes() == canonical({"rows": quality.revealed()}) + b"\n"


def test_nothing_is_revealed_of_other_rows_or_before_a_draw(desk):
    quality, out = QualityDesk(), desk.folder / "revealed.json"
    rows = desk.put("rows.csv", CSV)
    assert desk.run("rows-root", rows, "--reveal", out, keys=False).code == 3
    waiting = {**quality.sample(), "drawn_from": None, "drawn_indexes": None}
    of = desk.put("sample.json", canonical(waiting))
    assert desk.run("rows-root", rows, "--of", of, keys=False).code == 0
    assert desk.run("rows-root", rows, "--of", of, "--reveal", out, keys=False).code == 3
    other = desk.put("other.csv", CSV.replace(b"5", b"6"))
    of = desk.put("sample.json", canonical(quality.sample()))
    assert desk.run("rows-root", other, "--of", of, "--reveal", out, keys=False).code == 1
    assert not out.exists()
    nowhere = desk.folder / "no" / "where"
    assert desk.run("rows-root", rows, "--of", of, "--reveal", nowhere, keys=False).code == 3


# Draws


@pytest.mark.parametrize("case", VECTORS["draws"], ids=lambda case: case["kind"])
def test_a_draw_is_done_again(case):
    members = {**case["commitment"], "kind": case["kind"], "attempt": 1}
    record = Record("test", {**members, "declaration_hash": "00" * 32})
    assert read_commitment(record, sample="s", version="v").drawn == case["drawn"]


@pytest.mark.parametrize("total", [400, 401, 500, 2**16, 10**9])
def test_the_whole_of_few_rows_is_drawn_and_the_most_of_many(total):
    made = QualityDesk().commitment | {"row_total": total}
    found = read_commitment(Record("test", made), sample="s", version="v").drawn
    assert found == drawn(made, MOST["FILE"])
    assert len(found) == 400


# Revealed rows


@pytest.mark.parametrize("files", VECTORS["accepted"])
def test_revealed_rows_are_those_of_a_report(desk, files):
    outcome = reveal(desk, files)
    assert (outcome.code, outcome.passed_steps) == (0, STEPS), outcome.output


@pytest.mark.parametrize("case", [pytest.param(c, id=c["name"]) for c in VECTORS["rejected"]])
def test_other_rows_reports_and_draws_are_rejected_at_their_step(desk, case):
    outcome = reveal(desk, case["files"])
    assert (outcome.code, outcome.step) == (1, case["step"]), outcome.output


def test_a_proof_from_before_the_draw_decides_nothing(desk):
    quality = QualityDesk()
    older = quality.exchange.proof(quality.committed_at, quality.committed_at + 1)
    files = quality.case(**{"committed-proof": older})
    outcome = reveal(desk, files)
    assert (outcome.code, outcome.step) == (3, "seed")


def test_a_log_out_of_reach_decides_nothing(desk):
    outcome = reveal(desk, QualityDesk().case(), "http://127.0.0.1:1/log")
    assert outcome.code == 3


def test_a_row_s_entry_is_canonical():
    assert row_entry({"b": None, "a": "é\n"}) == '{"a":"é\\n","b":null}'.encode()
