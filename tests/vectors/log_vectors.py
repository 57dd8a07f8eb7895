"""Vectors of whole logs and of evidence bundles: right ones, and ones with a single fault."""

import json

from tests.vectors.exchange import PRICE, Exchange, pack, small_exchange
from tests.vectors.primitives import b64, canonical, hash_leaf


def _raise_amount(invoice, evidence):
    invoice["lanes"][0]["amount"] = str(int(invoice["lanes"][0]["amount"]) + 1_000_000)


def _log_with(**changes):
    exchange = Exchange()
    exchange.open_shard()
    lane = exchange.open_lane("lic_a")
    exchange.call(lane)
    exchange.call(lane, leaf=changes)
    return exchange


def _log_after_revocation():
    exchange = _log_with()
    exchange.append("licence_revoked", licence="lic_a")
    exchange.tick(2)
    exchange.call(exchange.lanes["lic_a"][0])
    return exchange


def _log_of_skipped_lane():
    exchange = _log_with()
    exchange.open_lane("lic_a", number=3)
    return exchange


def _log_of_unopened_lane():
    exchange = _log_with()
    exchange.lanes["lic_a"][0].licence = "lic_b"
    exchange.call(exchange.lanes["lic_a"][0])
    return exchange


def _log_of_entry(entry):
    exchange = _log_with()
    exchange.entries.append(entry)
    return exchange


def _log_of_branch():
    """Two calls that name the same predecessor."""
    first = hash_leaf(_log_with().entries[1]).hex()
    return _log_with(previous=first)


def log_vectors():
    plain = _log_with().entries[3]
    cases = [
        ("a number skipped", "lanes", _log_with(n=3)),
        ("a number repeated", "lanes", _log_with(n=1)),
        ("a wrong sum of units", "lanes", _log_with(total_units=3)),
        ("a wrong sum of amounts", "lanes", _log_with(total_amount=str(3 * PRICE))),
        ("two calls after one leaf", "lanes", _log_of_branch()),
        ("another currency", "lanes", _log_with(currency="USD")),
        ("a call after revocation", "revocations", _log_after_revocation()),
        ("a lane number skipped", "lanes", _log_of_skipped_lane()),
        ("a lane never opened", "lanes", _log_of_unopened_lane()),
        ("a negative amount", "entries", _log_with(amount="-1")),
        ("an amount as a number", "entries", _log_with(amount=1)),
        ("a number beyond 2^53", "entries", _log_with(units=2**53)),
        ("a leaf with spaces", "entries", _log_of_entry(plain.replace(b":", b": ", 1))),
        ("a leaf too long", "entries", _log_of_entry(canonical({"x": "x" * 2048}))),
        ("a leaf without blinding", "entries", _log_of_entry(canonical({"v": 1, "type": "x"}))),
        ("a time without its microseconds", "entries", _log_with(at="2026-11-20T08:00:05Z")),
        ("not a leaf", "entries", _log_of_entry(b"\xff")),
    ]
    return {
        "keys": json.loads(Exchange().keys),
        "accepted": [_files(small_exchange().export()), _files(_log_with().export())],
        "rejected": [
            {"name": name, "step": step, "files": _files(exchange.export())}
            for name, step, exchange in cases
        ],
    }


def _files(files):
    return {name: b64(data) for name, data in sorted(files.items())}


def bundle_vectors():
    exchange = _log_with()
    files = exchange.bundle_files("lic_a")
    plain = exchange.bundle(files)
    receipt = next(name for name in files if name.startswith("receipts/"))
    proof = next(name for name in files if name.startswith("proofs/"))
    invoice = exchange.invoice("lic_a", change=_raise_amount)
    unsigned = {**files, "manifest.json": b"{}", "manifest.sig": b64(bytes(64)).encode()}
    cases = [
        ("a trailing byte", "container", plain + b"\x00"),
        ("a false manifest signature", "manifest", pack(unsigned)),
        ("a receipt under another name", "receipts",
         exchange.bundle({**_without(files, receipt), "receipts/lic_a-1-9.json": files[receipt]})),
        ("a proof left out", "inclusion", exchange.bundle(_without(files, proof))),
        ("an invoice above its leaves", "invoices",
         exchange.bundle({**files, "invoices/inv_1.json": invoice})),
        ("an anchor of another root", "anchors",
         exchange.bundle({**files, "anchors.json": canonical([
             {**exchange.anchor(3), "root_hash": "00" * 32}])})),
    ]  # fmt: skip
    return {
        "keys": json.loads(exchange.keys),
        "accepted": [b64(plain)],
        "rejected": [
            {"name": name, "step": step, "bundle": b64(data)} for name, step, data in cases
        ],
    }


def _without(files, name):
    return {other: data for other, data in files.items() if other != name}
