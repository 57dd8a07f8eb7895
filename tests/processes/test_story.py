"""The whole demonstration as it is shown to people, and its report read by a machine."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from counterfoil_verify.bundle import steps as bundles
from counterfoil_verify.container import Container
from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.report import Report

from demo.__main__ import main
from tests.vectors.exchange import pack

pytestmark = [pytest.mark.processes, pytest.mark.chain, pytest.mark.timeout(540)]
STRIDE, ENDS = 997, 200
AMOUNT = "368.40000000"  # 921 hits at 0.40 yuan
HEX_HASH = 2 + 64


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The folder of a story told once, from nothing."""
    folder = tmp_path_factory.mktemp("story")
    code = main(folder=folder)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert code == 0, [step for step in report["steps"] if not step["ok"]]
    return folder, report


@pytest.fixture(scope="module")
def report(told):
    return told[1]


@pytest.fixture(scope="module")
def evidence(told):
    """The bundle's bytes, and the keys that the buyer kept."""
    folder, report = told
    return Path(report["bundle"]).read_bytes(), parse_keyring(
        (folder / "keys.json").read_bytes(), "the buyer"
    )


def test_every_step_went_as_told(report):
    assert report["passed"] is True
    assert len(report["steps"]) >= 20
    for step in report["steps"]:
        assert step["ok"] is True, step
        assert step["name"]
        assert isinstance(step["ms"], int)
        assert step["ms"] >= 0


def test_a_thousand_calls_were_answered_and_only_hits_were_charged(report):
    assert report["calls"] == 1_000
    assert report["charged_calls"] == 921
    assert report["usage_amount"] == report["invoice_amount"] == AMOUNT


def test_everything_that_was_answered_is_proved(report):
    assert report["invoice_verified"] is True
    assert report["log_verified"] is True
    # 920 hits, 40 misses and the one that was retried on purpose.
    assert report["receipts_verified"] == report["inclusion_proofs_verified"] == 961


def test_the_head_is_anchored_on_chain(report):
    anchor = report["anchor"]
    assert set(anchor) == {"chain_id", "contract", "tree_size", "transaction"}
    assert anchor["chain_id"] > 0
    assert anchor["contract"].startswith("0x")
    assert len(anchor["transaction"]) == HEX_HASH
    assert anchor["tree_size"] >= report["receipts_verified"]


def test_a_revoked_licence_is_refused_on_the_next_call(report):
    assert report["revoked_call_status"] == 403


def check(data, keys):
    bundles.check_bundle(Container(data), keys, Report("bundle", io.StringIO()))


def test_the_bundle_verifies_here_with_the_keys_that_the_buyer_kept(evidence):
    data, keys = evidence
    check(data, keys)


def positions(length):
    """The first and last bytes, and every so many in between."""
    return sorted({*range(0, length, STRIDE), *range(ENDS), *range(length - ENDS, length)})


def test_a_changed_byte_of_the_bundle_is_refused_at_a_named_step(evidence):
    data, keys = evidence
    changed = bytearray(data)
    for position in positions(len(data)):
        changed[position] ^= 1
        with pytest.raises(Rejected) as failure:
            check(bytes(changed), keys)
        assert failure.value.step in bundles.STEPS, position
        changed[position] ^= 1
    assert changed == data


def test_a_changed_byte_under_a_right_checksum_is_refused_too(evidence):
    """Whoever packs the zip anew around the change still lacks the statement key."""
    data, keys = evidence
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert pack(members) == data, "the bundle is the canonical one of its members"
    for name in sorted(members)[:: len(members) // 40 or 1]:
        original = members[name]
        middle = len(original) // 2
        members[name] = original[:middle] + bytes([original[middle] ^ 1]) + original[middle + 1 :]
        with pytest.raises(Rejected) as failure:
            check(pack(members), keys)
        assert failure.value.step in {"manifest", "files"}, name
        members[name] = original
