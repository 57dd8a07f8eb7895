"""Whatever the bytes, the verifier ends in a named rejection: no traceback, no endless work."""

import base64
import contextlib
import io
import json
import tempfile
from pathlib import Path

import pytest
from counterfoil_verify.cli import main
from hypothesis import example, given
from hypothesis import strategies as st

from tests.vectors.exchange import pack, small_exchange
from tests.vectors.primitives import canonical

EXCHANGE = small_exchange()
CALL = EXCHANGE.lanes["lic_a"][0].calls[1]
RECEIPT = EXCHANGE.receipt(CALL)
PROOF = EXCHANGE.proof(CALL["index"])
INVOICE = EXCHANGE.invoice("lic_a")
CHECKPOINT = EXCHANGE.checkpoint()
BUNDLE = EXCHANGE.bundle(EXCHANGE.bundle_files("lic_a", has_log=False))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def desk():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "keys.json").write_bytes(EXCHANGE.keys)
        yield folder


def run(desk, command, data, *more):
    (desk / "evidence").write_bytes(data)
    words = [command, desk / "evidence", *more, "--keys", desk / "keys.json"]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = main([str(word) for word in words])
    return code, out.getvalue().strip().splitlines()[-1]


def assert_rejected(desk, command, data, *more):
    code, verdict = run(desk, command, data, *more)
    assert code == 1
    assert verdict.startswith("REJECTED at ")


def mangled(data):
    """The evidence with a piece replaced by other bytes."""
    places = st.integers(0, len(data))
    return st.tuples(places, places, st.binary(max_size=40)).map(
        lambda cut: data[: min(cut[:2])] + cut[2] + data[max(cut[:2]) :]
    )


def replaced(document):
    """The JSON evidence with the value of one member, at any depth, replaced."""
    paths = list(members(json.loads(document)))
    return st.tuples(st.sampled_from(paths), json_values).map(
        lambda change: canonical(put(json.loads(document), *change))
    )


def members(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in items:
        yield (*path, name)
        if isinstance(inner, dict | list):
            yield from members(inner, (*path, name))


def put(value, path, new):
    inner = value
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = new
    return value


@given(data=st.binary(max_size=300))
@pytest.mark.parametrize("command", ["receipt", "invoice", "bundle"])
def test_any_bytes_are_rejected(desk, command, data):
    assert_rejected(desk, command, data)


@given(data=st.binary(max_size=300))
def test_any_bytes_are_no_proof_and_no_leaf(desk, data):
    (desk / "entry").write_bytes(RECEIPT)
    assert_rejected(desk, "proof", data, "--entry", desk / "entry")
    (desk / "entry").write_bytes(data)
    assert_rejected(desk, "proof", PROOF, "--entry", desk / "entry")


@given(data=mangled(RECEIPT).filter(lambda data: data.removesuffix(b"\n") != RECEIPT))
def test_a_mangled_receipt_is_rejected(desk, data):
    assert_rejected(desk, "receipt", data)


@given(data=replaced(RECEIPT).filter(lambda data: data != RECEIPT))
def test_a_receipt_with_another_member_is_rejected(desk, data):
    assert_rejected(desk, "receipt", data)


def is_spelling_of(data, document):
    """The same JSON, spelled otherwise: white space, which nothing is signed over."""
    try:
        return json.loads(data) == json.loads(document)
    except ValueError:
        return False


@given(data=mangled(INVOICE).filter(lambda data: not is_spelling_of(data, INVOICE)))
@example(data=b"\v" + INVOICE)
def test_a_mangled_invoice_is_rejected(desk, data):
    assert_rejected(desk, "invoice", data)


@given(data=replaced(INVOICE).filter(lambda data: data != INVOICE))
def test_an_invoice_with_another_member_is_rejected(desk, data):
    assert_rejected(desk, "invoice", data)


@given(data=mangled(PROOF).filter(lambda data: data != PROOF))
def test_a_mangled_proof_proves_nothing_else(desk, data):
    """Signatures of unknown keys may be added to a note; nothing else may change."""
    (desk / "entry").write_bytes(RECEIPT)
    code, _ = run(desk, "proof", data, "--entry", desk / "entry")
    assert code == 1 or data.startswith(PROOF)


@given(data=mangled(BUNDLE).filter(lambda data: data != BUNDLE))
def test_a_mangled_bundle_is_rejected(desk, data):
    assert_rejected(desk, "bundle", data)


@given(
    name=st.sampled_from(["manifest.json", "manifest.sig", "keys.json", "receipts/a-1-1.json"]),
    value=json_values | st.binary(max_size=50),
)
def test_a_well_packed_archive_of_anything_is_rejected(desk, name, value):
    data = value if isinstance(value, bytes) else canonical_or_nothing(value)
    files = {"keys.json": EXCHANGE.keys, "manifest.json": b"{}", "manifest.sig": b"", name: data}
    assert_rejected(desk, "bundle", pack(files))


def canonical_or_nothing(value):
    try:
        return canonical(value)
    except ValueError:
        return b""


@given(data=st.binary(max_size=200), name=st.sampled_from(sorted(EXCHANGE.export())))
def test_a_log_with_any_bytes_for_a_file_is_rejected(data, name):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "keys.json").write_bytes(EXCHANGE.keys)
        for other, content in (EXCHANGE.export() | {name: data}).items():
            path = folder / "log" / other
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        out = io.StringIO()
        words = ["log", str(folder / "log"), "--keys", str(folder / "keys.json")]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            assert main(words) == 1
    assert "REJECTED at " in out.getvalue()


@given(entry=json_values, place=st.integers(0, 14))
def test_a_log_with_any_json_for_a_leaf_is_rejected_or_of_unknown_type(entry, place):
    exchange = small_exchange()
    exchange.entries.insert(place, canonical_or_nothing(entry))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "keys.json").write_bytes(exchange.keys)
        for other, content in exchange.export().items():
            path = folder / "log" / other
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        words = ["log", str(folder / "log"), "--keys", str(folder / "keys.json")]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            assert main(words) == 1


@given(data=st.binary(max_size=200))
def test_any_bytes_for_keys_are_rejected(desk, data):
    (desk / "other-keys").write_bytes(data)
    (desk / "receipt").write_bytes(RECEIPT)
    words = ["receipt", str(desk / "receipt"), "--keys", str(desk / "other-keys")]
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(words) == 1


@given(data=st.binary(max_size=120).map(base64.urlsafe_b64encode))
def test_any_header_is_rejected(desk, data):
    assert_rejected(desk, "receipt", data)
