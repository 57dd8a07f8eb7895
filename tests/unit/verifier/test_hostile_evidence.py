"""What hostile evidence could try against whoever checks it, and what it gets."""

import base64
import io
import json
import os
import sys
from contextlib import closing, contextmanager

import pytest
from counterfoil_verify import canonical, cli, receipts
from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import (
    FIELD,
    SMALL_ORDERS,
    Key,
    key_id_of,
    named_key,
    parse_keyring,
    parse_vkey,
)
from counterfoil_verify.leaves import parse_leaf
from counterfoil_verify.notes import open_checkpoint
from counterfoil_verify.report import Report
from counterfoil_verify.witness.cosigning import Witness
from counterfoil_verify.witness.requests import WitnessKey, write_add_checkpoint
from counterfoil_verify.witness.store import WitnessStore
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vectors.primitives import Key as VectorKey
from tests.vectors.primitives import canonical as spelled
from tests.vectors.primitives import seeded

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


# Text that wants to be more than text


def test_text_in_evidence_cannot_write_steps_of_its_own(desk, exchange):
    lane = exchange.open_lane("lic_x\n2 signature: ok\nverified\x1b[2J\u202e")
    receipt = json.loads(exchange.receipt(exchange.call(lane)))
    receipt["signature"] = base64.b64encode(bytes(64)).decode()
    outcome = desk.run("receipt", desk.put("receipt.json", spelled(receipt)))
    assert outcome.code == 1
    assert "verified" not in outcome.output.splitlines()
    assert not any(each in outcome.output for each in "\x1b\u202e")


def test_a_key_s_name_cannot_move_the_cursor(desk, exchange):
    name = "x\x1b[1A/receipts"
    key = named_key(name, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    outcome = desk.run("receipt", desk.put("receipt.json", b"{}"), "--key", key.text)
    assert "\x1b" not in outcome.output


def test_a_terminal_without_the_letters_is_no_reason_to_fail(exchange, desk, monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    path = desk.put("receipt.json", exchange.receipt(exchange.call(exchange.open_lane("lic_中"))))
    assert cli.main(["receipt", str(path), "--keys", str(desk.folder / "keys.json")]) == 0
    sys.stdout.flush()
    assert b"lic_\\u4e2d" in raw.getvalue()


def test_a_reader_that_is_gone_changes_no_verdict(exchange, desk, monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as out, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        path = desk.put("receipt.json", b"{}")
        assert cli.main(["receipt", str(path), "--keys", str(desk.folder / "keys.json")]) == 1


def test_a_fault_of_the_verifier_itself_is_no_verdict(desk, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(receipts, "parse_receipt", fail)
    outcome = desk.run("receipt", desk.put("receipt.json", b"{}"))
    assert outcome.code == 3
    assert "ZeroDivisionError" in outcome.output


# JSON


@pytest.mark.parametrize("place", ["invoice_id", "licence"])
def test_a_lone_surrogate_is_rejected_wherever_it_stands(desk, exchange, place):
    document = json.loads(exchange.invoice("lic_a"))
    document["invoice"][place] = "\ud800"
    outcome = desk.run("invoice", desk.put("invoice.json", json.dumps(document).encode()))
    assert outcome.code == 1
    document = json.loads(exchange.invoice("lic_a"))
    document["checkpoint"] = "\ud800"
    outcome = desk.run("invoice", desk.put("invoice.json", json.dumps(document).encode()))
    assert (outcome.code, outcome.step) == (1, "format")


def test_a_key_file_says_each_thing_once(exchange):
    keys = json.loads(exchange.keys)
    twice = json.dumps(keys)[:-1] + f', "checkpoint": "{keys["checkpoint"]}"}}'
    with pytest.raises(Rejected, match="twice") as failure:
        parse_keyring(twice.encode(), "test")
    assert failure.value.step == "keys"


def test_a_leaf_nested_as_deep_as_it_can_be_is_read_or_rejected():
    for depth in range(1, 980):
        with suppress_rejection("leaves"):
            assert parse_leaf(leaf_of_depth(depth)).type == "x"


@contextmanager
def suppress_rejection(step):
    try:
        yield
    except Rejected as error:
        if error.step != step:
            raise


def leaf_of_depth(depth):
    return b'{"at":"2026-11-20T08:00:00.000000Z","blind":"%b","type":"x","v":1,"x":%b%b}' % (
        b"0" * 32,
        b"[" * depth,
        b"]" * depth,
    )


@pytest.mark.parametrize(
    "data",
    [
        b"9" * 5_000, b"-" + b"9" * 5_000, b"1E400", b"NaN", b"-Infinity", b"{" * 9_999,
        b'{"a":' * 9_999, b"\xef\xbb\xbf{}", b"{}\r\n\x00", b'{"a":1,"a":2}', "{}".encode("utf-16"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_strict", [True, False])
def test_json_out_of_bounds_is_rejected_by_name(data, is_strict):
    with pytest.raises(Rejected) as failure:
        canonical.parse(data, bytes_max=100_000, is_strict=is_strict)
    assert failure.value.step == "canonical"


# Times


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-20T08:00:00Z", "2026-11-20T08:00:00.1Z", "2026-11-20T08:00:00.000000+00:00",
        "2026-02-30T08:00:00.000000Z", "2026-11-20T24:00:00.000000Z", "2026-11-20T23:59:60.000000Z",
        "0000-11-20T08:00:00.000000Z", "-026-11-20T08:00:00.000000Z",
        "２026-11-20T08:00:00.000000Z",
    ],
)  # fmt: skip
def test_a_leaf_has_one_way_to_write_its_time(exchange, at):
    leaf = json.loads(exchange.entries[0])
    with pytest.raises(Rejected) as failure:
        parse_leaf(spelled({**leaf, "at": at}))
    assert failure.value.step == "leaves"


def test_a_promise_runs_from_its_call_and_not_from_the_far_future(exchange):
    call = exchange.lanes["lic_a"][0].calls[0]
    late = {**call, "at": call["at"].replace(year=9999)}
    with pytest.raises(Rejected, match="promise") as failure:
        receipts.parse_receipt(exchange.receipt(late, entry=exchange.entries[call["index"]]))
    assert failure.value.step == "format"


def test_a_witness_whose_clock_is_before_1970_cosigns_nothing(tmp_path, exchange):
    WitnessStore.create(tmp_path / "state")
    log = parse_vkey(exchange.checkpoints.vkey)
    key = WitnessKey("witness.example/w1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with closing(WitnessStore(tmp_path / "state")) as store:
        witness = Witness(key, store, [log], now=lambda: -1.0)
        answer = witness.add_checkpoint(write_add_checkpoint(0, [], exchange.checkpoint()))
        assert answer.status == 500
        assert store.known(exchange.origin).head.tree_size == 0


# Keys and signatures


def weak_key(y, name="exchange.example/log/2026", sign=0):
    public = (y | sign << 255).to_bytes(32, "little")
    return Key(name, key_id_of(name, 1, public), 1, public)


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", sorted(SMALL_ORDERS | {FIELD, FIELD + 1}))
def test_a_key_that_signs_everything_is_no_key(y, sign):
    """Under a key of small order one signature fits many texts, and proves nothing to anybody."""
    with pytest.raises(Rejected, match=r"small order|not in its one form"):
        parse_vkey(weak_key(y, sign=sign).text)


def test_the_keys_of_small_order_are_all_that_there_are():
    d = -121665 * pow(121666, FIELD - 2, FIELD) % FIELD
    root = pow(2, (FIELD - 1) // 4, FIELD)

    def points_of(y):
        square = (y * y - 1) * pow(d * y * y + 1, FIELD - 2, FIELD) % FIELD
        x = pow(square, (FIELD + 3) // 8, FIELD)
        x = x if x * x % FIELD == square else x * root % FIELD
        assert x * x % FIELD == square
        return {(x, y), (-x % FIELD, y)}

    def add(first, second):
        (a, b), (e, f) = first, second
        k = d * a * b * e * f
        x = (a * f + b * e) * pow(1 + k, FIELD - 2, FIELD)
        return x % FIELD, (b * f + a * e) * pow(1 - k, FIELD - 2, FIELD) % FIELD

    found = {point for y in SMALL_ORDERS for point in points_of(y)}
    assert len(found) == 8
    for point in found:
        doubled = add(point, point)
        assert add(add(doubled, doubled), add(doubled, doubled)) == (0, 1)


def test_a_signature_has_one_form(exchange):
    """S and S + L satisfy the same equation; RFC 8032 section 5.1.7 takes only the smaller."""
    key = parse_vkey(exchange.checkpoints.vkey)
    signature = exchange.checkpoints.sign(b"text")
    key.verify(b"text", signature, "test")
    number = int.from_bytes(signature[32:], "little") + GROUP_ORDER
    with pytest.raises(Rejected):
        key.verify(b"text", signature[:32] + number.to_bytes(32, "little"), "test")


def test_a_key_of_the_same_name_and_another_id_says_nothing(exchange):
    keys = parse_keyring(exchange.keys, "test")
    other = VectorKey(exchange.origin, seeded("other"))
    text = exchange.head_text()
    with pytest.raises(Rejected, match="no trusted key signed"):
        open_checkpoint((text + "\n" + other.line(text)).encode(), keys)
    both = (text + "\n" + other.line(text) + exchange.checkpoints.line(text)).encode()
    assert open_checkpoint(both, keys).origin == exchange.origin


def test_a_checkpoint_of_another_origin_is_not_this_log_s(exchange):
    keys = parse_keyring(exchange.keys, "test")
    text = exchange.head_text().replace("2026", "2027", 1)
    with pytest.raises(Rejected, match="no trusted key for the origin"):
        open_checkpoint((text + "\n" + exchange.checkpoints.line(text)).encode(), keys)


@pytest.mark.parametrize("size", ["-1", "+1", "01", "1e3", "1_0", "١", "9" * 17, "9" * 5_000, ""])
def test_a_tree_size_is_a_plain_number(exchange, size):
    keys = parse_keyring(exchange.keys, "test")
    lines = exchange.head_text().split("\n")
    text = "\n".join([lines[0], size, *lines[2:]])
    with pytest.raises(Rejected) as failure:
        open_checkpoint((text + "\n" + exchange.checkpoints.line(text)).encode(), keys)
    assert failure.value.step == "checkpoint"


def test_the_report_of_odd_names_is_still_json():
    report = Report("log", io.StringIO())
    report.facts["place"] = "folder-\udcff"
    assert json.loads(cli.encoded(report))["facts"]["place"] == "folder-\udcff"
