"""Every command of the auditor's page, as it is printed there, in a folder with what it names."""

import json
import re
import shlex
from contextlib import ExitStack

import pytest
from counterfoil_verify.cli import main
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.unit.verifier.servers import Quiet, node, serving
from tests.unit.verifier.test_documents import page
from tests.unit.verifier.test_rows import CSV
from tests.unit.verifier.test_signed_requests import KEY, VKEY, signed_call
from tests.vectors.credit_vectors import desk as credit_desk
from tests.vectors.document_vectors import CONTRACT, hash_of
from tests.vectors.exchange import small_exchange
from tests.vectors.primitives import canonical, hash_leaf
from tests.vectors.quality_vectors import QualityDesk
from tests.vectors.statement_vectors import StatementDesk

PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PRINTED = [
    line.strip() for line in page("audit.md").splitlines()
    if line.startswith("    counterfoil-verify ") and not line.endswith("--help")
]  # fmt: skip


class Case:
    """A desk with files of the names that the page uses, and what is behind its addresses."""

    def __init__(self, folder):
        self.folder = folder
        exchange = self.exchange = small_exchange()
        self.call, request = signed_call(exchange, exchange.open_lane("lic_a"))
        at = exchange.append(
            "evidence", version="ver_1", kind="PURCHASE_CONTRACT", document_hash=hash_of(CONTRACT),
            valid_to="2026-12-31",
        )  # fmt: skip
        self.leaf = hash_leaf(exchange.entries[at]).hex()
        quality = QualityDesk(exchange=exchange)
        self.promised = hash_leaf(exchange.entries[self.call["index"]]).hex()
        first = exchange.lanes["lic_a"][0].calls[0]
        other = exchange.entries[first["index"]].replace(b'"scn_1"', b'"scn_2"')
        proven = {
            f"leaves/{self.leaf}.json": exchange.entries[at],
            f"proofs/{self.leaf}.txt": exchange.proof(at),
        }
        shown = {"leaf_hash": self.leaf, "leaf": json.loads(exchange.entries[at])}
        answer = {"keys.json": exchange.keys, "checkpoint.txt": exchange.checkpoint(), **proven}
        files = {
            "keys.json": exchange.keys,
            "evidence.zip": exchange.bundle(exchange.bundle_files("lic_a")),
            "answer.zip": exchange.bundle(answer),
            "auditor.pem": PEM, "buyer.pem": PEM,
            "auditor.token": b"token\n", "buyer.token": b"token\n",
            "receipt.json": exchange.receipt(self.call),
            "answer.json": self.call["body"],
            "parameters.json": json.dumps(self.call["detail"]["parameters"]).encode(),
            "receipt.tlog-proof": exchange.proof(self.call["index"]),
            "signed-request.json": canonical(request),
            "invoice.json": exchange.invoice("lic_a"),
            "credit-note.json": credit_desk().evidence(2).encode(),
            "statement.json": StatementDesk().whole().encode(),
            "contract.pdf": CONTRACT,
            "entry.json": json.dumps(shown, indent=2).encode(),
            "entry.tlog-proof": exchange.proof(at),
            "checkpoint": exchange.checkpoint(),
            "checkpoint-of-last-year": exchange.checkpoint(6),
            "rows.csv": CSV, "sample.json": canonical(quality.sample()),
            "quality-report.json": canonical(quality.report()),
            "quality-entry.json": exchange.entries[quality.reported_at],
            "quality.tlog-proof": exchange.proof(quality.reported_at),
            "committed-entry.json": exchange.entries[quality.committed_at],
            "committed.tlog-proof": exchange.proof(quality.committed_at),
            "a.json": exchange.receipt(first),
            "b.json": exchange.receipt(first, entry=other),
            **proven,
        }  # fmt: skip
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)

    def key_in(self, name):
        return json.loads((self.folder / name).read_bytes())["key"]

    def words(self, line, address, rpc):
        """The words of a printed command, with what the page leaves to its reader."""
        if "auditor.example/reports+…" in line:
            line = line.replace("auditor.example/reports+…", self.key_in("report.json.sig"))
        if '"org_…/acknowledgements+…"' in line:
            line = line.replace('"org_…/acknowledgements+…"', VKEY.text)
        line = line.replace("<leaf hash>", self.leaf).replace("lic_…", "lic_a")
        line = line.replace("org_…/", "org_buyer/")
        line = line.replace("https://exchange.example", address)
        line = line.replace("http://node:8545", rpc).replace("0x…", "0x" + "ab" * 20)
        return shlex.split(line)[1:]


def site(case):
    served = {f"/log/{name}": data for name, data in case.exchange.export().items()}
    proof = case.exchange.proof(case.call["index"])
    served |= {f"/v1/ledger-proofs/{case.promised}": proof, "/log/keys": case.exchange.keys}

    class Handler(Quiet):
        def do_GET(self):  # noqa: N802 -- the name is the base class's
            found = served.get(self.path)
            self.answer(404 if found is None else 200, found or b"")

    return serving(Handler)


def anchored(case):
    head = case.exchange.checkpoint().split(b"\n")
    root = case.exchange.anchor(int(head[1]))["root_hash"]
    size = f"{int(head[1]):064x}"
    return node({"eth_chainId": "0x1", "eth_call": f"0x{size}{root}{size}", "eth_getLogs": []})


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Case(tmp_path)


def test_every_command_works_as_it_is_printed(case, capsys):
    with ExitStack() as stack:
        address, rpc = (stack.enter_context(each(case)) for each in (site, anchored))
        for line in PRINTED:
            code = main(case.words(line, address, rpc))
            assert code == 0, (line, capsys.readouterr().out)
    assert len(PRINTED) > 20


def test_what_the_reader_puts_in_is_all_that_the_page_leaves_open(case):
    left_open = {each for line in PRINTED for each in re.findall(r"\S*…\S*", line)}
    assert left_open == {
        "auditor.example/reports+…", "0x…", "lic_…", "org_…/acknowledgements",
        '"org_…/acknowledgements+…"',
    }  # fmt: skip
