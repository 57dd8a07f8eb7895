"""Trails from room to room, and the regulator's export of an organisation."""

import hashlib
import io
import json
import zipfile
from urllib.parse import urlencode

import pytest
from flask import Flask

from app.auditing import exporting
from app.auditing.exporting import Sizes
from app.cli import told
from app.commands.exports import export_command
from app.core.paging import encode_cursor
from tests.functional.test_audit_answers import audited, verify

__all__ = ["audited"]
STILL = [f"records/{name}.json" for name in ("licences", "orders", "usage_events", "people")]
"""Tables that no worker of the exchange touches by itself."""
SMALL = Sizes(rows=7, entries=5)
PERIOD = {"from": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}


@pytest.fixture
def trail(audited):
    def read(subject, **query):
        pages, cursor = [], None
        while True:
            given = {"subject": subject, **query, **({"cursor": cursor} if cursor else {})}
            page = audited.auditor.get("/v1/audit-trails", query=given)
            pages.append(page)
            cursor = page["next_cursor"]
            if cursor is None:
                return pages

    return read


def kinds(pages):
    return [each["kind"] for page in pages for each in page["items"]]


def test_a_licence_leads_to_its_product_and_its_money(audited, trail):
    found = set(kinds(trail(audited.world.airports.licence_id)))
    before = {"version_submitted", "rules_evaluated", "registered", "listed", "scenario_approved"}
    assert found >= before | {"order_placed", "licence_granted", "call", "accrue_calls"}


def test_a_licence_does_not_lead_to_other_licences(audited, trail):
    pages = trail(audited.world.airports.licence_id)
    assert audited.world.days.licence_id not in json.dumps(pages)


def test_a_product_leads_down_to_its_calls(audited, trail):
    world = audited.world
    product_id = world.airports.product["id"]
    found = kinds(trail(product_id))
    assert found.count("call") == 3
    assert {"item_answer", "review_decision", "evaluation", "licence_granted"} <= set(found)
    assert "call" not in kinds(trail(product_id, calls="false"))


def test_pages_together_are_the_whole_in_the_order_of_time(audited, trail):
    buyer_id = audited.world.organisations["buyer"]
    whole = [each for page in trail(buyer_id) for each in page["items"]]
    pages = trail(buyer_id, limit=3)
    assert len(pages) > 5
    paged = [each for page in pages for each in page["items"]]
    assert paged[: len(whole)] == whole
    assert [each["at"] for each in paged] == sorted(each["at"] for each in paged)


def test_a_subject_that_nobody_knows(audited):
    audited.auditor.get("/v1/audit-trails?subject=ord_nobody", expect=404)
    audited.auditor.get("/v1/audit-trails?subject=x&cursor=zzz", expect=422)


def test_a_regulator_gets_everything_about_an_organisation_at_once(audited, tmp_path):
    world = audited.world
    buyer_id = world.organisations["buyer"]
    audited.exchange.settle()
    query = f"organisation_id={buyer_id}&from={PERIOD['from']}&until={PERIOD['until']}"
    body = audited.auditor.expect("GET", f"/v1/audit-exports?{query}", 200).body
    (tmp_path / "export.zip").write_bytes(body)
    files = zipfile.ZipFile(io.BytesIO(body))
    told = {
        name.removeprefix("records/").removesuffix(".json"): json.loads(files.read(name))
        for name in files.namelist()
        if name.startswith("records/")
    }
    assert {each["id"] for each in told["licences"]} >= {
        world.airports.licence_id,
        world.days.licence_id,
    }
    assert len(told["usage_events"]) == 3 + 3 + 1, "two products, and the call about a person"
    purposes = {(each["listing_code"], each["purpose"]) for each in told["usage_events"]}
    assert (world.airports.listing_code, "LOGISTICS") in purposes
    assert (world.days.listing_code, None) in purposes, "its licence permits several"
    assert [each["id"] for each in told["organisations"]] == [buyer_id]
    assert json.loads(files.read("answer.json"))["verdict"] == "PASS"
    leaves = [name for name in files.namelist() if name.startswith("leaves/")]
    proofs = [name for name in files.namelist() if name.startswith("proofs/")]
    assert len(leaves) == len(proofs) > 10
    (tmp_path / "keys.json").write_bytes(files.read("keys.json"))
    assert verify("bundle", tmp_path / "export.zip", "--keys", tmp_path / "keys.json") == 0


@pytest.fixture
def export_in_portions(audited, tmp_path):
    """Runs the command with portions of a few rows and entries."""
    app = Flask("commands")
    app.cli.add_command(told(export_command(audited.exchange.parts, sizes=SMALL)))
    folder = tmp_path / "export"

    def run(organisation_id, auditor):
        given = ["export-organisation", organisation_id, str(folder), "--auditor", auditor]
        given += ["--from", "2020-01-01", "--until", "2099-01-01"]
        return folder, app.test_cli_runner().invoke(args=given)

    return run


def whole(parts):
    """What the archives tell together: rows by table, the leaves, and what each says of itself."""
    told, leaves, heads = {}, [], []
    for data in parts:
        files = zipfile.ZipFile(io.BytesIO(data))
        heads.append(json.loads(files.read("portion.json")))
        leaves += [name for name in files.namelist() if name.startswith("leaves/")]
        for name in files.namelist():
            if name.startswith("records/"):
                rows = [json.dumps(row, sort_keys=True) for row in json.loads(files.read(name))]
                told.setdefault(name, []).extend(rows)
    return {name: sorted(rows) for name, rows in told.items()}, sorted(leaves), heads


def test_a_long_export_is_written_in_bounded_portions_under_one_manifest(
    audited, export_in_portions, tmp_path
):
    buyer_id = audited.world.organisations["buyer"]
    audited.exchange.settle()
    folder, result = export_in_portions(buyer_id, audited.auditor.get("/v1/people/me")["id"])
    assert result.exit_code == 0, result.output
    query = {"organisation_id": buyer_id, **PERIOD}
    at_once = audited.auditor.expect("GET", f"/v1/audit-exports?{urlencode(query)}", 200).body
    manifest = zipfile.ZipFile(folder / "manifest.zip")
    facts = json.loads(manifest.read("export.json"))
    parts = [(folder / each["file"]).read_bytes() for each in facts["portions"]]
    assert facts["filters"]["from"] == "2019-12-31T16:00:00.000000Z", "a day in Shanghai"
    hashes = [hashlib.sha256(part).hexdigest() for part in parts]
    assert hashes == [each["sha256"] for each in facts["portions"]]
    assert manifest.read("SHA256SUMS").decode().split()[::2] == hashes
    told, leaves, heads = whole(parts)
    assert all(sum(head["records"].values()) <= SMALL.rows for head in heads)
    assert all(head["entry_count"] <= SMALL.entries for head in heads)
    expected, expected_leaves, (only,) = whole([at_once])
    assert [told[name] for name in STILL] == [expected[name] for name in STILL]
    assert leaves == expected_leaves
    counts = {f"records/{name}.json": count for name, count in facts["records"].items()}
    assert counts == {name: len(rows) for name, rows in told.items()}
    assert set(facts["records"]) == set(only["records"])
    assert facts["entry_count"] == only["entry_count"] == len(leaves)
    (tmp_path / "keys.json").write_bytes(manifest.read("keys.json"))
    for name in ("portion-00001.zip", facts["portions"][-1]["file"], "manifest.zip"):
        assert verify("bundle", folder / name, "--keys", tmp_path / "keys.json") == 0
    query = {"type": "auditor_read", "subject": "audit-exports"}
    assert audited.auditor.get("/v1/log-entries", query=query)["items"]


def test_an_export_that_fails_leaves_nothing_and_only_auditors_take_one(
    audited, export_in_portions, monkeypatch
):
    buyer_id = audited.world.organisations["buyer"]
    folder, result = export_in_portions(buyer_id, "psn_nobody")
    assert (result.exit_code, folder.exists()) == (1, False)
    auditor = audited.auditor.get("/v1/people/me")["id"]
    monkeypatch.setattr("app.commands.exports.Written.checksums", property(lambda _: 1 // 0))
    folder, result = export_in_portions(buyer_id, auditor)
    assert isinstance(result.exception, ZeroDivisionError)
    assert list(folder.parent.iterdir()) == []


def test_portions_follow_one_another_over_http(audited, monkeypatch):
    buyer_id = audited.world.organisations["buyer"]
    query = {"organisation_id": buyer_id, **PERIOD}
    path = f"/v1/audit-exports?{urlencode(query)}"
    at_once = audited.auditor.expect("GET", path, 200)
    assert at_once.headers.get("link") is None
    monkeypatch.setattr(exporting.export_portion, "__kwdefaults__", {"sizes": Sizes(40, 40)})
    parts = []
    while path:
        answer = audited.auditor.expect("GET", path, 200)
        parts.append(answer.body)
        link = answer.headers.get("link")
        path = link and link.removeprefix("<").removesuffix('>; rel="next"')
    assert len(parts) > 2
    told, leaves, _ = whole(parts)
    expected, expected_leaves, _ = whole([at_once.body])
    assert [told[name] for name in STILL] == [expected[name] for name in STILL]
    assert set(leaves) > set(expected_leaves), "each reading is an entry about the organisation"


@pytest.mark.parametrize(
    "start",
    [
        "{}",
        [1, "refresh_tokens", ["x"], None],
        [2, "orders", ["a", "b"], None],
        [2, "journal_transactions", ["no number"], None],
        [2, "", [], 2**63],
    ],
)
def test_a_cursor_that_no_portion_gave(audited, start):
    query = {"organisation_id": audited.world.organisations["buyer"], **PERIOD}
    cursor = encode_cursor(json.dumps(start))
    path = f"/v1/audit-exports?{urlencode({**query, 'portion': cursor})}"
    assert audited.auditor.get(path, expect=422)["type"].endswith("#invalid-cursor")


def test_an_export_holds_no_secret_and_nobody_elses_row(audited):
    world = audited.world
    query = f"organisation_id={world.organisations['buyer']}&from={PERIOD['from']}"
    answer = audited.auditor.expect(
        "GET", f"/v1/audit-exports?{query}&until={PERIOD['until']}", 200
    )
    text = answer.body.decode("utf-8", "replace")
    for secret in ("password_hash", "secret_hash", "ciphertext", "detail_key"):
        assert secret not in text
    assert world.organisations["contributor"] not in json.dumps(
        zipfile.ZipFile(io.BytesIO(answer.body)).read("records/orders.json").decode()
    )


def test_a_period_that_ends_before_it_begins_is_no_period_of_an_export(audited):
    organisation_id = audited.world.organisations["buyer"]
    period = f"from={PERIOD['until']}&until={PERIOD['from']}"
    audited.auditor.get(f"/v1/audit-exports?organisation_id={organisation_id}&{period}", expect=422)


def test_only_auditors_export_and_follow(audited):
    buyer = audited.world.buyer.client
    buyer.get("/v1/audit-trails?subject=x", expect=403)
    buyer.get(
        f"/v1/audit-exports?organisation_id={audited.world.organisations['buyer']}"
        f"&from={PERIOD['from']}&until={PERIOD['until']}",
        expect=403,
    )
