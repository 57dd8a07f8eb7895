"""Leaves and receipts are canonical bytes that another implementation can rebuild."""

import hashlib
import hmac
import json

from app.core.canonical import canonical_bytes
from app.core.signing import Ed25519Signer
from metering.leaves import (
    LEAF_BYTES_MAX,
    CallFacts,
    Commitments,
    LaneNames,
    call_leaf,
    detail_record,
    leaf_hash,
)
from metering.recording.receipts import ReceiptParts, receipt_bytes, receipt_header

NAMES = LaneNames("lic_1", "ver_1", "scn_1", "ab" * 32, "CNY", 3)
FACTS = CallFacts(
    2, 80_000_000, "hit", "2026-11-20T08:00:00.000000Z", "aa" * 32, "bb" * 32, "cc" * 32, "dd" * 16
)


def test_the_template_writes_canonical_bytes():
    leaf = call_leaf(NAMES, FACTS, n=9, total_units=11, total_amount=2**60, previous="ee" * 32)
    assert canonical_bytes(json.loads(leaf)) == leaf
    assert len(leaf) < LEAF_BYTES_MAX
    assert json.loads(leaf) == {
        "v": 1,
        "type": "call",
        "licence": "lic_1",
        "version": "ver_1",
        "scenario": "scn_1",
        "lane": 3,
        "n": 9,
        "units": 2,
        "amount": "80000000",
        "currency": "CNY",
        "total_units": 11,
        "total_amount": str(2**60),
        "previous": "ee" * 32,
        "plan": "ab" * 32,
        "request": "aa" * 32,
        "response": "bb" * 32,
        "outcome": "hit",
        "at": FACTS.at,
        "blind": "dd" * 16,
        "detail": "cc" * 32,
    }


def test_a_leaf_is_hashed_with_its_prefix():
    assert leaf_hash(b"leaf") == hashlib.sha256(b"\x00leaf").digest()


def test_digests_are_keyed_and_separated_by_domain():
    key = b"k" * 32
    request = b'{"listing":"L","method":"GET","parameters":{"a":1}}'
    expected = hmac.new(key, b"request\x00" + request, "sha256").hexdigest()
    assert Commitments(key).request("GET", "L", {"a": 1}) == expected
    assert Commitments(key).response(request) != Commitments(key).detail(request) != expected


def test_the_detail_record_is_canonical_whatever_the_caller_calls_the_request():
    facts = {"listing_code": "S0001-浦东", "method": "GET", "status": 404, "body_bytes": 2}
    record = detail_record(key_id="key_1", request_id='a"\\\x00é\u2028', **facts)
    assert canonical_bytes(json.loads(record)) == record
    assert json.loads(record) == {
        "body_bytes": 2,
        "key": "key_1",
        "listing": "S0001-浦东",
        "method": "GET",
        "request_id": 'a"\\\x00é\u2028',
        "status": 404,
    }
    named = detail_record(
        key_id="key_1", request_id="r", consent_id="con_1", purpose="CREDIT", **facts
    )
    assert canonical_bytes(json.loads(named)) == named
    assert json.loads(named).items() >= {"consent": "con_1", "purpose": "CREDIT"}.items()


def test_a_receipt_is_canonical_and_the_same_every_time():
    signer = Ed25519Signer.from_seed("交易所.example/log/receipts", b"s" * 32)
    parts = ReceiptParts(b"leaf", leaf_hash(b"leaf"), b'{"a":"x"}', b"k" * 32, FACTS.at)
    receipt = receipt_bytes(parts, origin="交易所.example/log", signer=signer)
    assert canonical_bytes(json.loads(receipt)) == receipt
    assert receipt_bytes(parts, origin="交易所.example/log", signer=signer) == receipt
    assert "=" not in receipt_header(receipt)
