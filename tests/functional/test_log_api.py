"""The log over HTTP: everybody reads hashes, auditors all entries, parties their own."""

import base64
import io
import json
import threading
import zipfile

import pytest

from app.core.reach import Reach
from ledger.log.events import AuditorRead, EvidenceBundled
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.services import append_entry, note_licence_parties
from ledger.log.tree.checkpoints import open_checkpoint
from ledger.log.tree.cose_receipts import make_cose_receipt
from ledger.log.tree.merkle import check_consistency, leaf_hash, tree_hash
from ledger.log.tree.notes import from_base64, key_of, parse_vkey
from ledger.log.tree.tiles import TILE_WIDTH
from tests.factories.ledger_proofs import check_ledger_proof, parse_ledger_proof
from tests.unit.log.log_app import AUDITOR, BUYER, REVIEWER, STRANGER, SUPPLIER, log_app
from tests.unit.log.log_factory import ORIGIN, append_facts, append_rows, call_row, log_keys

KEYS = log_keys()
LICENCE = "lic_0000000000000000000000000a"
OTHER = "lic_0000000000000000000000000b"


@pytest.fixture
def served(units, clock):
    return log_app(units, KEYS, clock)


@pytest.fixture
def http(served):
    return served[0].test_client()


@pytest.fixture
def sources(served):
    return served[1]


@pytest.fixture
def sequencer(units):
    return Sequencer(units, KEYS)


def as_(principal):
    return {"headers": {"Authorization": principal.id}}


def note_parties(units, licence_id, buyer_id, supplier_id):
    with units.begin(Reach.EXCHANGE) as uow:
        note_licence_parties(uow, licence_id=licence_id, buyer_id=buyer_id, supplier_id=supplier_id)
        uow.commit()


@pytest.fixture
def trade(units, sequencer):
    """A licence between buyer and supplier, another one between strangers, both with calls."""
    note_parties(units, LICENCE, "org_buyer", "org_supplier")
    note_parties(units, OTHER, "org_stranger", "org_else")
    append_rows(units, [call_row(LICENCE, 1, n) for n in range(4)])
    append_rows(units, [call_row(OTHER, 1, n) for n in range(3)])
    sequencer.step()


def unbundle(data):
    entries, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2])
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return entries


def problem(response):
    assert response.content_type == "application/problem+json"
    return response.get_json()["type"].removeprefix("/problems#")


def test_before_the_first_checkpoint_there_is_none(http):
    response = http.get("/log/checkpoint")
    assert (response.status_code, problem(response)) == (404, "checkpoint-not-published")


def test_the_checkpoint_is_text_that_is_not_kept_for_long(http, units, sequencer):
    append_facts(units, 3)
    head = sequencer.step().checkpoint
    response = http.get("/log/checkpoint")
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=1"
    assert open_checkpoint(response.data, [key_of(KEYS.checkpoint)], origin=ORIGIN) == head


def test_the_keys_are_published_as_vkeys(http):
    keys = http.get("/log/keys").get_json()
    assert keys["origin"] == ORIGIN
    for name in ("checkpoint", "receipts", "statements"):
        assert parse_vkey(keys[name]).public_key == getattr(KEYS, name).public_key


def test_a_reader_rebuilds_the_root_from_tiles_and_entries(http, units, sequencer):
    append_facts(units, 299)
    head = sequencer.step().checkpoint
    full = http.get("/log/tile/0/000")
    partial = http.get("/log/tile/0/001.p/44")
    assert full.content_type == "application/octet-stream"
    assert full.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (len(full.data), len(partial.data)) == (8192, 44 * 32)
    hashes = full.data + partial.data
    leaves = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    assert tree_hash(leaves) == head.root_hash
    assert http.get("/log/tile/1/000.p/1").data == tree_hash(leaves[:TILE_WIDTH])
    bundles = [
        http.get(f"/log/tile/entries/{path}", **as_(AUDITOR)) for path in ("000", "001.p/44")
    ]
    assert bundles[0].headers["Cache-Control"].startswith("private")
    entries = unbundle(bundles[0].data) + unbundle(bundles[1].data)
    assert [leaf_hash(entry) for entry in entries] == leaves


def test_an_older_partial_tile_is_still_served(http, units, sequencer):
    append_facts(units, 9)
    sequencer.step()
    older = http.get("/log/tile/0/000.p/10").data
    append_facts(units, 400)
    sequencer.step()
    assert http.get("/log/tile/0/000.p/10").data == older


PATHS_TO_NOTHING = [
    "0/000",
    "0/000.p/11",
    "0/000.p/0",
    "0/001",
    "1/000.p/1",
    "00/000.p/10",
    "8/000",
    "64/000",
    "-1/000",
    "0/0",
    "0/x000/000",
    "0/000.p/10/",
    "entries",
    "0/%E2%80%94",
    "0/" + "x999/" * 40 + "999",
]


def test_paths_outside_the_published_tree_are_not_found(http, units, sequencer):
    append_facts(units, 9)
    sequencer.step()
    for path in PATHS_TO_NOTHING:
        assert http.get(f"/log/tile/{path}").status_code == 404, path


def test_integrated_but_unpublished_hashes_are_not_served(http, units, sequencer):
    append_facts(units, 9)
    sequencer.integrate()
    assert http.get("/log/tile/0/000.p/10").status_code == 404
    sequencer.publish()
    assert http.get("/log/tile/0/000.p/10").status_code == 200


def test_only_auditors_read_entry_bundles_and_exports(http, trade):
    for path in ("/log/tile/entries/000.p/8", "/v1/log-export"):
        for principal in (BUYER, SUPPLIER, REVIEWER):
            response = http.get(path, **as_(principal))
            assert (response.status_code, problem(response)) == (403, "permission-missing")
    assert http.get("/log/tile/entries/000.p/8").status_code == 401


def licences_seen(http, principal, query=""):
    items = http.get(f"/v1/log-entries?limit=100{query}", **as_(principal)).get_json()["items"]
    return {item["licence_id"] for item in items}


def test_parties_list_the_entries_of_their_own_licences_only(http, trade):
    assert licences_seen(http, BUYER) == {LICENCE}
    assert licences_seen(http, SUPPLIER) == {LICENCE}
    assert licences_seen(http, STRANGER) == {OTHER}
    assert licences_seen(http, STRANGER, f"&licence_id={LICENCE}") == set()
    assert licences_seen(http, REVIEWER) == set()
    assert licences_seen(http, AUDITOR) == {LICENCE, OTHER, None}


def test_the_database_hides_foreign_entries_even_without_the_querys_filter(units, trade):
    from sqlalchemy import text  # noqa: PLC0415 -- this test alone goes below the queries

    with units.begin(Reach.organisation("org_buyer")) as uow:
        rows = uow.session.execute(text("SELECT DISTINCT licence_id FROM log_entries"))
        assert {row[0] for row in rows} == {LICENCE}


def test_a_foreign_entry_is_not_found(http, trade):
    foreign = call_row(OTHER, 1, 1)[0].hex()
    assert problem(http.get(f"/v1/log-entries/{foreign}", **as_(BUYER))) == "log-entry-not-found"
    entry = http.get(f"/v1/log-entries/{foreign}", **as_(AUDITOR)).get_json()
    assert (entry["leaf"]["n"], entry["is_published"]) == (1, True)


def test_a_leaf_hash_that_nobody_has_is_not_found(http, trade):
    for leaf in ("0" * 64, "0" * 63, "A" * 64, "é" * 64):
        for path in ("log-entries", "ledger-proofs"):
            response = http.get(f"/v1/{path}/{leaf}", **as_(AUDITOR))
            assert (response.status_code, problem(response)) == (404, "log-entry-not-found")


def test_entries_are_found_by_type_subject_and_time(http, units, clock):
    with units.begin(Reach.EXCHANGE) as uow:
        append_entry(uow, "registered", {"version": "ver_1"}, subjects=["ver_1", "lst_1"])
        uow.commit()
    clock.advance(seconds=60)
    with units.begin(Reach.EXCHANGE) as uow:
        append_entry(uow, "listed", {"version": "ver_1"}, subjects=["ver_1"])
        uow.commit()

    def types(query):
        items = http.get(f"/v1/log-entries?{query}", **as_(AUDITOR)).get_json()["items"]
        return [item["type"] for item in items if item["type"] != "auditor_read"]

    assert types("subject=ver_1") == ["listed", "registered"]
    assert types("subject=lst_1") == ["registered"]
    assert types("type=listed") == ["listed"]
    assert types("from=2026-11-20T08:00:30Z") == ["listed"]
    assert types("until=2026-11-20T08:00:30Z") == ["registered"]
    assert types("subject=nobody") == []


def test_pages_join_up_without_a_gap(http, trade):
    seen, cursor = [], ""
    for _ in range(4):
        page = http.get(f"/v1/log-entries?limit=3{cursor}", **as_(AUDITOR)).get_json()
        seen += [item["leaf_hash"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 8


BAD_QUERIES = [
    "limit=0",
    "limit=1000",
    "cursor=AAAA",
    "cursor=" + base64.urlsafe_b64encode(b"9" * 30).decode(),
    "cursor=" + base64.urlsafe_b64encode(b"-1").decode().rstrip("="),
    "from=yesterday",
    "licence_id=x",
    "unknown=1",
    "type=Listed",
    "type=" + "x" * 65,
]


def test_bad_queries_are_refused_not_crashed_on(http, trade):
    for query in BAD_QUERIES:
        response = http.get(f"/v1/log-entries?{query}", **as_(AUDITOR))
        assert response.status_code == 422, query


def test_a_type_that_no_entry_has_is_named_with_those_that_there_are(http, trade):
    refused = http.get("/v1/log-entries?type=licence", **as_(AUDITOR)).get_json()
    (error,) = refused["errors"]
    assert error["pointer"] == "#/type"
    assert error["detail"].startswith("Must be one of: ")
    assert {"call", "listed", "shard_opened"} <= set(error["detail"][16:-1].split(", "))


def test_text_that_no_row_can_hold_is_refused_not_crashed_on(http, trade):
    for path in ("log-entries?subject=%00", "log-entries?type=%00", "log-entries/%00"):
        response = http.get(f"/v1/{path}", **as_(AUDITOR))
        assert (response.status_code, problem(response)) == (400, "malformed-address"), path


def test_an_auditors_reading_is_recorded_and_a_partys_is_not(http, units, trade):
    http.get("/v1/log-entries", **as_(BUYER))
    assert units.events == []
    leaf = call_row(LICENCE, 1, 1)[0].hex()
    for path in ("/v1/log-entries", f"/v1/log-entries/{leaf}", "/log/tile/entries/000.p/8"):
        assert http.get(path, **as_(AUDITOR)).status_code == 200
    assert http.get("/v1/log-export", **as_(AUDITOR)).status_code == 200
    assert [(event.principal_id, event.subject, event.opened_id) for event in units.events] == [
        ("psn_auditor", "log-entries", None),
        ("psn_auditor", f"log-entries/{leaf}", leaf),
        ("psn_auditor", "log/tile/entries/000.p/8", None),
        ("psn_auditor", "log-export", None),
    ]


def test_a_proof_is_text_that_holds_under_the_checkpoint(http, trade):
    leaf = call_row(LICENCE, 1, 2)[0]
    response = http.get(f"/v1/ledger-proofs/{leaf.hex()}", **as_(BUYER))
    assert response.content_type == "text/plain; charset=utf-8"
    proof = parse_ledger_proof(response.data)
    head = check_ledger_proof(proof, leaf, [key_of(KEYS.checkpoint)], origin=ORIGIN)
    assert head.tree_size == 8


def test_a_proof_is_given_as_a_cose_receipt_too(http, trade):
    leaf = call_row(LICENCE, 1, 2)[0].hex()
    response = http.get(f"/v1/ledger-proofs/{leaf}/cose-receipt", **as_(BUYER))
    assert response.content_type == 'application/cose; cose-type="cose-sign1"'
    proof = parse_ledger_proof(http.get(f"/v1/ledger-proofs/{leaf}", **as_(BUYER)).data)
    assert response.data == make_cose_receipt(proof, KEYS.checkpoint)
    nobody = http.get(f"/v1/ledger-proofs/{'0' * 64}/cose-receipt", **as_(BUYER))
    assert problem(nobody) == "log-entry-not-found"


def test_an_entry_not_yet_published_says_when_to_ask_again(http, units, sequencer):
    [leaf] = append_facts(units, 1)
    for _ in ("waiting", "integrated"):
        response = http.get(f"/v1/ledger-proofs/{leaf}", **as_(BUYER))
        assert (response.status_code, problem(response)) == (409, "not-yet-published")
        assert response.headers["Retry-After"] == "1"
        sequencer.integrate()
    sequencer.publish()
    assert http.get(f"/v1/ledger-proofs/{leaf}", **as_(BUYER)).status_code == 200


def test_a_client_may_await_publication(http, units, sequencer):
    [leaf] = append_facts(units, 1)
    sequencing = threading.Timer(0.5, sequencer.step)
    sequencing.start()
    response = http.get(f"/v1/ledger-proofs/{leaf}?await=5", **as_(BUYER))
    sequencing.join()
    assert response.status_code == 200


def test_awaiting_is_bounded(http, units):
    [leaf] = append_facts(units, 1)
    assert http.get(f"/v1/ledger-proofs/{leaf}?await=6", **as_(BUYER)).status_code == 422
    assert http.get(f"/v1/ledger-proofs/{leaf}?await=1", **as_(BUYER)).status_code == 409


def test_consistency_is_proved_between_any_published_sizes(http, units, sequencer):
    append_facts(units, 2)
    first = sequencer.step().checkpoint
    append_facts(units, 300)
    second = sequencer.step().checkpoint
    proof = http.get(f"/v1/consistency-proofs?from={first.tree_size}").get_json()
    assert (proof["from"], proof["to"]) == (first.tree_size, second.tree_size)
    assert from_base64(proof["to_root"]) == second.root_hash
    check_consistency(
        first.tree_size,
        second.tree_size,
        [from_base64(item) for item in proof["hashes"]],
        first_root=first.root_hash,
        second_root=second.root_hash,
    )


BAD_SIZES = [
    ("from=0", "validation-error"),
    ("from=9&to=8", "tree-size-not-published"),
    ("from=1&to=9", "tree-size-not-published"),
    ("to=3", "validation-error"),
    ("from=x", "validation-error"),
    ("from=99999999999999999999", "validation-error"),
]


def test_sizes_that_the_log_never_had_are_refused(http, trade):
    for query, slug in BAD_SIZES:
        response = http.get(f"/v1/consistency-proofs?{query}")
        assert (response.status_code, problem(response)) == (422, slug), query


def test_the_status_tells_how_far_behind_the_log_is(http, units, clock, sequencer):
    fresh = http.get("/v1/log-status").get_json()
    assert (fresh["tree_size"], fresh["last_checkpoint_at"]) == (0, None)
    append_rows(units, [call_row(LICENCE, 1, n) for n in (0, 1, 3)])
    sequencer.step()
    append_facts(units, 2)
    clock.advance(seconds=7.5)
    status = http.get("/v1/log-status").get_json()
    assert status == {
        "origin": ORIGIN,
        "tree_size": 3,
        "published_size": 3,
        "unsequenced_count": 3,
        "held_count": 1,
        "last_checkpoint_at": "2026-11-20T08:00:00.000000Z",
        "last_checkpoint_age_seconds": 7,
        "is_signing": True,
        "stopped_reason": None,
        "trust": {
            "witnesses": "not witnessed: no outside party cosigns the checkpoints",
            "anchors": "not anchored",
        },
    }


def receipt_of(row):
    return {"format": "counterfoil-usage-receipt/1", "entry": base64.b64encode(row[1]).decode()}


@pytest.mark.parametrize("principal", [BUYER, SUPPLIER, AUDITOR])
def test_parties_and_auditors_take_evidence_away(http, units, sources, trade, principal):
    sources.receipt_list = [receipt_of(call_row(LICENCE, 1, n)) for n in range(1, 5)]
    sources.invoice_list = [{"invoice": {"invoice_id": "inv_1"}}]
    sources.anchor_list = [{"tree_size": 8, "status": "final"}, {"tree_size": 9}]
    response = http.post("/v1/evidence-bundles", json={"licence_id": LICENCE}, **as_(principal))
    assert (response.status_code, response.content_type) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    leaves = [call_row(LICENCE, 1, n)[0] for n in (1, 2, 3)]
    assert set(files) == {
        "manifest.json",
        "manifest.sig",
        "keys.json",
        "checkpoint.txt",
        "anchors.json",
        "consistency.json",
        "invoices/inv_1.json",
        *(f"receipts/{LICENCE}-1-{n}.json" for n in (1, 2, 3)),
        *(f"proofs/{leaf.hex()}.txt" for leaf in leaves),
    }
    for leaf in leaves:
        proof = parse_ledger_proof(files[f"proofs/{leaf.hex()}.txt"])
        check_ledger_proof(proof, leaf, [key_of(KEYS.checkpoint)], origin=ORIGIN)
    assert json.loads(files["anchors.json"]) == [{"status": "final", "tree_size": 8}]
    bundled = [event for event in units.events if isinstance(event, EvidenceBundled)]
    assert [event.licence_id for event in bundled] == [LICENCE]
    reads = [event for event in units.events if isinstance(event, AuditorRead)]
    assert len(reads) == (principal is AUDITOR)


def test_nobody_else_takes_evidence_away(http, units, trade):
    for principal in (STRANGER, REVIEWER):
        response = http.post("/v1/evidence-bundles", json={"licence_id": LICENCE}, **as_(principal))
        assert (response.status_code, problem(response)) == (404, "licence-not-in-log")
    assert units.events == []


def test_the_whole_log_is_exported(http, units, sequencer):
    append_facts(units, 299)
    head = sequencer.step().checkpoint
    response = http.get("/v1/log-export", **as_(AUDITOR))
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    entries = unbundle(files["entries/000"]) + unbundle(files["entries/001.p/44"])
    leaves = [leaf_hash(entry) for entry in entries]
    assert tree_hash(leaves) == head.root_hash
    assert files["tile/0/000"] + files["tile/0/001.p/44"] == b"".join(leaves)
    assert set(files) >= {"tile/1/000.p/1", "checkpoint.txt", "keys.json", "manifest.sig"}


def test_a_log_beyond_the_bound_is_not_exported_at_once(http, trade, monkeypatch):
    monkeypatch.setattr("ledger.log.bundle_services.EXPORT_LEAVES_MAX", 7)
    response = http.get("/v1/log-export", **as_(AUDITOR))
    assert (response.status_code, problem(response)) == (413, "log-too-large-to-export")


def test_noting_the_parties_twice_changes_nothing(http, units, trade):
    note_parties(units, LICENCE, "org_thief", "org_thief")
    assert licences_seen(http, BUYER) == {LICENCE}
