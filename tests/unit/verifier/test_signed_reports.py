"""An auditor signs what came of a check; nobody else can, and nothing of it can be changed."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

NAME = "auditor.example/reports"


def pem(seed):
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def report(desk, exchange):
    """A report with its signature file, and the auditor's verification key."""
    bundle = desk.put("bundle.zip", exchange.bundle(exchange.bundle_files("lic_a")))
    key = desk.put("auditor.pem", pem(7))
    outcome = desk.run("bundle", bundle, "--sign-with", key, "--signer", NAME)
    assert outcome.code == 0, outcome.output
    made = desk.folder / "kept.json"
    (desk.folder / "report.json").rename(made)
    (desk.folder / "report.json.sig").rename(desk.folder / "kept.json.sig")
    return made, json.loads((desk.folder / "kept.json.sig").read_bytes())["key"]


def checked(desk, made, vkey):
    signature = made.with_name(made.name + ".sig")
    return desk.run("report", made, "--signature", signature, "--auditor", vkey, keys=False)


def test_a_signed_report_is_what_the_auditor_saw(desk, report):
    made, vkey = report
    assert json.loads(made.read_bytes())["passed"] is True
    assert checked(desk, made, vkey).code == 0


def test_one_changed_byte_is_noticed(desk, report):
    made, vkey = report
    made.write_bytes(made.read_bytes().replace(b"verified", b"Verified"))
    outcome = checked(desk, made, vkey)
    assert (outcome.code, outcome.step) == (1, "signature")


def test_another_s_signature_is_not_the_auditor_s(desk, report, exchange):
    made, vkey = report
    forger = desk.put("forger.pem", pem(8))
    bundle = desk.folder / "bundle.zip"
    desk.run("bundle", bundle, "--sign-with", forger, "--signer", NAME)
    (desk.folder / "report.json.sig").rename(desk.folder / "kept.json.sig")
    assert checked(desk, made, vkey).step == "signature"


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format":1}', b"[1]", b"\xff"])
def test_what_is_no_signature_file_is_rejected(desk, report, content):
    made, vkey = report
    made.with_name(made.name + ".sig").write_bytes(content)
    assert checked(desk, made, vkey).code == 1


@pytest.mark.parametrize("name", ["auditor.example", ""])
def test_a_key_of_another_role_signs_no_report(desk, exchange, name):
    bundle = desk.put("bundle.zip", exchange.bundle(exchange.bundle_files("lic_a")))
    key = desk.put("auditor.pem", pem(7))
    with pytest.raises(SystemExit) as ended:
        desk.run("bundle", bundle, "--sign-with", key, "--signer", name)
    assert ended.value.code == 2
    assert not (desk.folder / "report.json.sig").exists()
