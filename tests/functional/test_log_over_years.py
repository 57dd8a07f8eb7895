"""Evidence over a year's turn, from the exchange's routes to the independent verifier."""

import base64
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from counterfoil_verify.cli import main as verify
from counterfoil_verify.errors import NotChecked, Rejected
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.vault import ReceiptVault

from app.core.canonical import canonical_bytes
from app.core.ids import InvoiceId, LicenceId
from app.core.reach import Reach
from app.core.signing import Ed25519Signer
from ledger.journal.billing.invoices.documents import (
    InvoiceFacts,
    evidence_document,
    invoice_document,
    lane_leaves,
    signed_bytes,
)
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.services import note_licence_parties
from ledger.log.tree.checkpoints import Checkpoint, sign_checkpoint
from ledger.log.tree.merkle import leaf_hash
from tests.factories.yearly_lanes import LICENCE, YearlyLane
from tests.unit.log.log_app import AUDITOR, BUYER, STRANGER, log_app
from tests.unit.log.log_factory import ORIGIN, append_facts, append_rows, log_keys

HOST = "exchange.example"
NEXT = f"{HOST}/log/2027"
DECEMBER, SILVESTER = "2026-12-01T08:00:00.000000Z", "2026-12-31T23:59:59.900000Z"
JANUARY = "2027-01-01T00:00:00.100000Z"
KEYS = replace(log_keys(), receipts=Ed25519Signer.from_seed(f"{ORIGIN}/receipts", b"r" * 32))


@pytest.fixture
def sequencer(units):
    return Sequencer(units, KEYS, host=HOST)


@pytest.fixture
def served(units, clock):
    return log_app(units, KEYS, clock)


@pytest.fixture
def http(served):
    return served[0].test_client()


def settle(sequencer):
    while sequencer.step().has_more:
        pass


@pytest.fixture
def lane(units, clock, sequencer, served):
    """Three calls of the old year in its shard, one that came late, two of the new year."""
    clock.set(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))
    made = YearlyLane(HOST)
    with units.begin(Reach.EXCHANGE) as uow:
        note_licence_parties(
            uow, licence_id=LICENCE, buyer_id="org_buyer", supplier_id="org_supplier"
        )
        uow.commit()
    append_facts(units, 300)
    append_rows(units, [made.open(DECEMBER), *(made.call(DECEMBER) for _ in range(3))])
    settle(sequencer)
    clock.advance(seconds=1)
    settle(sequencer)
    append_rows(units, [made.call(SILVESTER)])
    append_rows(units, [made.call(JANUARY), made.call(JANUARY)])
    append_facts(units, 300)
    settle(sequencer)
    served[1].receipt_list = made.receipts
    return made


@pytest.fixture
def desk(tmp_path, http, lane):
    return Desk(tmp_path, http)


class Desk:
    """An outsider's folder, with the keys that the log serves."""

    def __init__(self, folder, http):
        self.folder, self.http = folder, http
        self.put("keys.json", http.get("/log/keys").data)

    def put(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    def get(self, path, principal=None):
        headers = {} if principal is None else {"Authorization": principal.id}
        answer = self.http.get(path, headers=headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.data

    def verify(self, *arguments):
        report = self.folder / "report.json"
        code = verify([*arguments, "--keys", str(self.folder / "keys.json"), "--json", str(report)])
        steps = json.loads(report.read_text(encoding="utf-8"))["steps"]
        return code, next((step["name"] for step in steps if not step["ok"]), None)


def invoice(units, name=f"{NEXT}/statements"):
    """December to February, signed by the statement key under its name of the new year."""
    from_at, until_at = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
    ledger = LogLaneLedger()
    with units.begin(Reach.EXCHANGE) as uow:
        spans = ledger.lanes(uow.session, LICENCE, from_at=from_at, until_at=until_at)
        document = invoice_document(
            InvoiceFacts(
                invoice_id=InvoiceId("inv_1"),
                licence_id=LicenceId(LICENCE),
                currency="CNY",
                from_at=from_at,
                until_at=until_at,
                issued_at=until_at,
                spans=spans,
                charges=[],
            )
        )
        leaves = lane_leaves(spans)
        hashes = [leaf[end]["leaf_hash"] for leaf in leaves for end in ("opening", "closing")]
        proofs = ledger.prove(uow.session, hashes, key_name=name)
    signature = base64.b64encode(KEYS.statements.sign(signed_bytes(document))).decode()
    return evidence_document(
        document=document, signature=signature, key_name=name, leaves=leaves, proofs=proofs
    )


def test_an_invoice_over_the_turn_is_checked_from_both_shards(units, desk):
    evidence = invoice(units)
    (shown,) = evidence["lanes"]
    assert shown["opening"]["origin"] == ORIGIN
    assert "origin" not in shown["closing"]
    path = desk.put("invoice.json", canonical_bytes(evidence))
    assert desk.verify("invoice", path) == (0, None)
    assert len(canonical_bytes(evidence)) <= 6_144
    (link,) = evidence["predecessors"]
    to_a_million = 47 * (20 - len(link["opened"]["path"]))
    assert len(canonical_bytes(link)) + to_a_million <= 2_048


def test_an_invoice_whose_link_is_taken_away_is_refused(units, desk):
    evidence = invoice(units)
    del evidence["predecessors"]
    path = desk.put("invoice.json", canonical_bytes(evidence))
    assert desk.verify("invoice", path) == (1, "inclusion")


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda link: link["opened"].update(index=1), "format"),
        (lambda link: link["opened"]["path"].pop(), "succession"),
        (lambda link: link.update(checkpoint=link["checkpoint"].replace("2026", "2025")), None),
    ],
)
def test_an_altered_link_is_found(units, desk, change, step):
    evidence = invoice(units)
    change(evidence["predecessors"][0])
    path = desk.put("invoice.json", canonical_bytes(evidence))
    code, failed = desk.verify("invoice", path)
    assert code == 1
    assert failed == (step or "succession")


def test_opening_and_closing_leaf_cannot_change_their_shards(units, desk):
    evidence = invoice(units)
    evidence["lanes"][0]["closing"]["origin"] = ORIGIN
    path = desk.put("invoice.json", canonical_bytes(evidence))
    assert desk.verify("invoice", path) == (1, "inclusion")


def test_an_invoice_signed_under_the_old_name_shows_the_old_head_too(units, desk):
    evidence = invoice(units, name=f"{ORIGIN}/statements")
    path = desk.put("invoice.json", canonical_bytes(evidence))
    assert desk.verify("invoice", path) == (0, None)


def test_the_whole_log_is_audited_through_the_turn(desk):
    path = desk.put("log.zip", desk.get("/v1/log-export", AUDITOR))
    assert desk.verify("log", path) == (0, None)
    assert desk.verify("bundle", path) == (0, None)
    report = json.loads((desk.folder / "report.json").read_text(encoding="utf-8"))
    assert report["counts"]["leaves"] == 300 + 4 + 1 + 1 + 3 + 300 + 1


def test_the_newest_shard_alone_takes_its_lanes_as_they_come(desk):
    archive = zipfile.ZipFile(io.BytesIO(desk.get("/v1/log-export", AUDITOR)))
    for name in archive.namelist():
        if not name.startswith("shards/"):
            desk.put(f"new/{name}", archive.read(name))
    folder = str(desk.folder / "new")
    assert desk.verify("log", folder)[0] == 3, "its predecessor is not here"
    assert desk.verify("log", folder, "--this-shard") == (0, None)


def test_an_altered_old_shard_is_found_from_the_new_one(desk):
    archive = zipfile.ZipFile(io.BytesIO(desk.get("/v1/log-export", AUDITOR)))
    for name in archive.namelist():
        data = archive.read(name)
        if name == "shards/2026/entries/001.p/50":
            data = data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]
        desk.put(f"log/{name}", data)
    code, step = desk.verify("log", str(desk.folder / "log"))
    assert (code, step) == (1, "entries")


def test_a_bundle_holds_receipts_of_both_years(desk):
    answer = desk.http.post(
        "/v1/evidence-bundles", json={"licence_id": LICENCE}, headers={"Authorization": BUYER.id}
    )
    path = desk.put("evidence.zip", answer.data)
    assert desk.verify("bundle", path) == (0, None)
    names = zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    assert "predecessors.json" in names
    assert sum(name.startswith("receipts/") for name in names) == 6


def test_a_promise_of_the_old_year_that_is_kept_in_the_new_one_is_shown_by_its_opening(desk, lane):
    late = lane.receipts[3]
    assert late["promise"]["origin"] == ORIGIN
    receipt = desk.put("receipt.json", canonical_bytes(late))
    leaf = lane_hash(late)
    proof = desk.put("proof.txt", desk.get(f"/v1/ledger-proofs/{leaf}", BUYER))
    opening = desk.put("opening.json", desk.get("/log/2027/opening"))
    assert desk.verify("receipt", receipt, "--proof", proof) == (1, "checkpoint")
    assert desk.verify("receipt", receipt, "--proof", proof, "--opening", opening) == (0, None)


def test_receipts_promise_the_shard_of_their_own_year(lane):
    promised = [receipt["promise"]["origin"] for receipt in lane.receipts]
    assert promised == [ORIGIN] * 4 + [NEXT] * 2


def lane_hash(receipt):
    return leaf_hash(base64.b64decode(receipt["entry"])).hex()


def test_each_shard_is_a_log_of_its_own_below_its_year(desk):
    shards = json.loads(desk.get("/log/shards"))["shards"]
    assert [(each["shard"], each["is_closed"]) for each in shards] == [
        ("2027", False),
        ("2026", True),
    ]
    assert desk.get("/log/2026/checkpoint").decode().startswith(f"{ORIGIN}\n306\n")
    assert desk.get("/log/checkpoint") == desk.get("/log/2027/checkpoint")
    assert desk.get("/log/2026/tile/0/000") != desk.get("/log/tile/0/000")
    assert len(desk.get("/log/2026/tile/0/001.p/50")) == 50 * 32
    assert desk.get("/log/2026/tile/entries/000", AUDITOR)
    assert json.loads(desk.get("/log/2026/keys")) == json.loads(desk.get("/log/keys"))


@pytest.mark.parametrize(
    "path", ["/log/2025/checkpoint", "/log/2025/opening", "/log/x/keys", "/log/2025/tile/0/000"]
)
def test_a_shard_that_is_not_there_is_named(desk, path):
    answer = desk.http.get(path)
    assert answer.status_code == 404
    assert answer.get_json()["type"] == "/problems#log-shard-not-found"


def test_the_old_shards_entries_are_an_auditors(desk):
    headers = {"Authorization": STRANGER.id}
    answer = desk.http.get("/log/2026/tile/entries/000", headers=headers)
    assert answer.status_code == 403


class Served:
    """The log's public files as a buyer's vault reads them."""

    is_remote = False

    def __init__(self, http, folder="", hidden=()):
        self.http, self.folder, self.hidden = http, folder, hidden

    def read(self, name, _bytes_max):
        answer = self.http.get(f"/log/{self.folder}{name}")
        is_there = answer.status_code == 200 and name not in self.hidden
        return answer.data if is_there else None

    def shard(self, name):
        return Served(self.http, f"{name}/", self.hidden)


@pytest.fixture
def vault(tmp_path, desk, http):
    made = ReceiptVault(tmp_path / "vault", parse_keyring(http.get("/log/keys").data, "the log"))
    yield made
    made.close()


def test_a_vault_follows_the_log_into_its_new_year(vault, http):
    vault.watch(http.get("/log/2026/checkpoint").data, Served(http, "2026/"))
    newest = vault.watch(http.get("/log/checkpoint").data, Served(http))
    assert newest.origin == NEXT
    assert vault.contradictions() == []


def test_a_year_that_carries_on_another_history_is_a_fork_and_both_heads_are_kept(vault, http):
    size = int(http.get("/log/2026/checkpoint").data.split(b"\n")[1])
    other = sign_checkpoint(Checkpoint(ORIGIN, size, b"x" * 32), [KEYS.checkpoint]).encode()
    vault.watch(other, Served(http, "2026/"))
    with pytest.raises(Rejected, match="two root hashes for size"):
        vault.watch(http.get("/log/checkpoint").data, Served(http))
    (found,) = vault.contradictions()
    assert (found.first, found.second) == (other, http.get("/log/2026/checkpoint").data)
    assert vault.last_head(NEXT) is None


def test_a_year_that_leaves_out_what_was_accepted_is_a_fork(tmp_path, desk, http):
    served = json.loads(http.get("/log/keys").data)
    history = served.pop("history")
    served["checkpoint"] = [each["key"] for each in history if each["role"] == "checkpoint"]
    keys = parse_keyring(json.dumps(served).encode(), "got before the turn")
    vault = ReceiptVault(tmp_path / "vault", keys)
    size = int(http.get("/log/2026/checkpoint").data.split(b"\n")[1])
    longer = sign_checkpoint(Checkpoint(ORIGIN, size + 1, b"x" * 32), [KEYS.checkpoint]).encode()
    vault.watch(longer, Served(http, "2026/"))
    with pytest.raises(Rejected, match="the log shrank"):
        vault.watch(http.get("/log/checkpoint").data, Served(http))
    vault.close()


def test_a_new_year_without_its_opening_is_not_accepted(vault, http):
    vault.watch(http.get("/log/2026/checkpoint").data, Served(http, "2026/"))
    with pytest.raises(NotChecked):
        vault.watch(http.get("/log/checkpoint").data, Served(http, hidden=("opening",)))
    assert vault.last_head(NEXT) is None


def test_the_old_shards_checkpoint_key_ends_with_the_shard(desk):
    history = json.loads(desk.get("/log/keys"))["history"]
    old = [each for each in history if each["key"].startswith(f"{ORIGIN}+")]
    assert [(each["until_size"], each["reason"]) for each in old] == [(306, "rotation")]


def test_the_first_shard_opens_upon_nothing(desk):
    opening = json.loads(desk.get("/log/2026/opening"))
    assert opening["predecessor_checkpoint"] is None
