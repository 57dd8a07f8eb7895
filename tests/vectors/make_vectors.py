"""Writes the test vectors from which a second implementation can be checked.

`python -m tests.vectors.make_vectors` rewrites the JSON files beside this script. It knows nothing
of the product or the verifier: see exchange.py. A test holds the files equal to what it makes.
"""

import datetime as dt
import json
from pathlib import Path

from tests.vectors.credit_vectors import credit_vectors
from tests.vectors.document_vectors import document_vectors
from tests.vectors.exchange import PRICE, START, Exchange, small_exchange
from tests.vectors.log_vectors import bundle_vectors, log_vectors
from tests.vectors.primitives import (
    Key,
    b64,
    canonical,
    consistency_path,
    hash_leaf,
    inclusion_path,
    seeded,
    tree_hash,
)
from tests.vectors.quality_vectors import quality_vectors
from tests.vectors.signed_vectors import signed_vectors
from tests.vectors.statement_vectors import statement_vectors
from tests.vectors.witness_vectors import witness_vectors

FOLDER = Path(__file__).parent


def canonical_vectors():
    accepted = [
        {"a": 1, "b": ["x", {}], "中": "成都\n\u007f/"},
        {"nested": {"z": [], "y": {"x": 0}}, "text": '"\\\u0001'},
        [], "", 0, 9_007_199_254_740_991, True, None,
    ]  # fmt: skip
    rejected = [
        b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1,"a":1}', b'{"a":1.0}', b'{"a":01}', b'{"a":-0}',
        b'{"a":NaN}', b'"\\u0041"', b'"\\/"', b'"\xff"', b"\xef\xbb\xbf{}", b"{}\n", b"", b"[1,]",
        b'"\\ud800"', b"[" * 3_000, b"1e3",
    ]  # fmt: skip
    return {
        "accepted": [canonical(value).decode() for value in accepted],
        "rejected": [b64(data) for data in rejected],
    }


def tree_vectors():
    entries = [f"entry {number}".encode() for number in range(13)]
    hashes = [hash_leaf(entry) for entry in entries]
    count = len(entries)
    return {
        "entries": [b64(entry) for entry in entries],
        "leaf_hashes": [b64(value) for value in hashes],
        "roots": [b64(tree_hash(hashes[:size])) for size in range(count + 1)],
        "inclusion": [
            {
                "index": index,
                "tree_size": size,
                "path": _texts(inclusion_path(index, hashes[:size])),
            }
            for size in range(1, count + 1)
            for index in range(size)
        ],
        "consistency": [
            {"from": first, "to": size, "path": _texts(consistency_path(first, hashes[:size]))}
            for size in range(1, count + 1)
            for first in range(1, size + 1)
        ],
    }


def _texts(path):
    return [b64(node) for node in path]


def checkpoint_vectors():
    exchange = small_exchange()
    witness = Key("witness.example/w1", seeded("witness"), algorithm=4)
    text = exchange.head_text()
    signed = exchange.checkpoint().decode()
    foreign = Key(exchange.origin, seeded("foreign"))
    other = Exchange(origin="other.example/log")
    unknown = foreign.line(text)
    bad_line = f"— {exchange.origin} {b64(exchange.checkpoints.key_id + bytes(64))}\n"
    cases = {
        "signed by a foreign key of the same name": text + "\n" + unknown,
        "false signature of the known key beside a true one": signed + bad_line,
        "no signature": text + "\n",
        "no empty line": text + exchange.checkpoints.line(text),
        "carriage returns": signed.replace("\n", "\r\n"),
        "root of 31 bytes": _signed_text(exchange, f"{exchange.origin}\n14\n{b64(bytes(31))}\n"),
        "size with a leading zero": _signed_text(exchange, text.replace("\n14\n", "\n014\n")),
        "an extension line": _signed_text(exchange, text + "extension\n"),
        "another log's checkpoint": other.checkpoint(0).decode(),
        "false cosignature of a known witness": signed + _bad_cosignature(witness),
    }
    keys = json.loads(exchange.keys) | {"witnesses": [witness.vkey]}
    return {
        "keys": keys,
        "accepted": [
            {"note": signed, "tree_size": 14, "witnesses": []},
            {"note": signed + unknown, "tree_size": 14, "witnesses": []},
            {
                "note": signed + witness.cosign(text, 1_795_161_600),
                "tree_size": 14,
                "witnesses": [witness.name],
            },
        ],
        "rejected": [{"name": name, "note": note} for name, note in cases.items()],
    }


def _signed_text(exchange, text):
    return text + "\n" + exchange.checkpoints.line(text)


def _bad_cosignature(witness):
    return f"— {witness.name} {b64(witness.key_id + bytes(8) + bytes(64))}\n"


def _without_key(receipt):
    return canonical({**json.loads(receipt), "detail_key": None})


def receipt_vectors():
    exchange = small_exchange()
    call = exchange.lanes["lic_a"][0].calls[1]
    receipt = exchange.receipt(call)
    foreign = Key(exchange.receipts.name, seeded("foreign"))
    entry = exchange.entries[call["index"]]
    cheaper = entry.replace(str(3 * PRICE).encode(), str(2 * PRICE).encode(), 1)
    stolen = {**call, "detail": {**call["detail"], "ms": 13}}
    cases = [
        ("signed by a foreign key", "signature", exchange.receipt(call, signer=foreign)),
        ("signed by the statement key", "signature",
         exchange.receipt(call, signer=exchange.statements)),
        ("another amount", "signature",
         receipt.replace(b64(entry).encode(), b64(cheaper).encode())),
        ("another detail record", "commitments", exchange.receipt(stolen)),
        ("another detail key", "commitments", exchange.receipt({**call, "key": bytes(32)})),
        ("a promise from another time", "format",
         exchange.receipt({**call, "at": call["at"].replace(year=9999)}, entry=entry)),
        ("a longer promise", "signature", receipt.replace(b'seconds":60', b'seconds":61')),
        ("a leaf with a space", "format", exchange.receipt(call, entry=entry[:-1] + b" }")),
        ("a leaf of another type", "format", exchange.receipt(call, entry=exchange.entries[0])),
        ("an unknown member", "format", receipt[:-1] + b',"z":1}'),
        ("spaces", "format", receipt.replace(b'":', b'": ', 1)),
        ("a detail record without its key", "format", _without_key(receipt)),
    ]  # fmt: skip
    header = b64(receipt).replace("+", "-").replace("/", "_").rstrip("=")
    return {
        "keys": json.loads(exchange.keys),
        "accepted": [
            {
                "receipt": receipt.decode(),
                "header": header,
                "body": b64(call["body"]),
                "leaf_hash": hash_leaf(entry).hex(),
                "proof": exchange.proof(call["index"]).decode(),
            }
        ],
        "erased": exchange.erased_receipt(call).decode(),
        "rejected": [
            {"name": name, "step": step, "receipt": data.decode()} for name, step, data in cases
        ],
    }


def proof_vectors():
    exchange = small_exchange()
    call = exchange.lanes["lic_a"][0].calls[1]
    index = call["index"]
    proof = exchange.proof(index).decode()
    lines = proof.split("\n")
    cases = [
        ("another index", "inclusion", proof.replace(f"index {index}", f"index {index + 1}")),
        ("an index outside", "inclusion", proof.replace(f"index {index}", "index 14")),
        ("a hash less", "inclusion", "\n".join(lines[:2] + lines[3:])),
        ("a hash more", "inclusion", "\n".join([*lines[:3], b64(bytes(32)), *lines[3:]])),
        ("extra data", "proof", proof.replace("\nindex", "\nextra AAAA\nindex")),
        ("another header", "proof", proof.replace("@v1", "@v2")),
        ("a leading zero", "proof", proof.replace("index ", "index 0")),
        ("an unsigned checkpoint", "checkpoint", proof[: proof.index("— ")]),
        ("another tree", "inclusion", exchange.proof(index, 6).decode().split("\n\n")[0] + "\n\n"
         + exchange.checkpoint().decode()),
    ]  # fmt: skip
    return {
        "keys": json.loads(exchange.keys),
        "entry": b64(exchange.entries[index]),
        "accepted": [proof, exchange.proof(index, 6).decode()],
        "rejected": [{"name": name, "step": step, "proof": text} for name, step, text in cases],
    }


def _raise_amount(invoice, evidence):
    invoice["lanes"][0]["amount"] = str(int(invoice["lanes"][0]["amount"]) + 1_000_000)


def _raise_usage(invoice, evidence):
    invoice["usage_amount"] = str(int(invoice["usage_amount"]) + 1_000_000)


def _round_up(invoice, evidence):
    invoice["charged_amount"] = str(int(invoice["charged_amount"]) + 1_000_000)


def _hide_rounding(invoice, evidence):
    invoice["rounding_amount"] = "0"


def _raise_total(invoice, evidence):
    invoice["total_amount"] = str(int(invoice["total_amount"]) + 1_000_000)


def _drop_first_lane(invoice, evidence):
    invoice["lanes"].pop(0)
    evidence["lanes"].pop(0)
    evidence["lane_count"] -= 1


def _miscount(invoice, evidence):
    evidence["lane_count"] += 1


def _swap_leaves(invoice, evidence):
    lane = evidence["lanes"][0]
    lane["opening"], lane["closing"] = lane["closing"], lane["opening"]


def _foreign_lane(invoice, evidence):
    evidence["lanes"][0]["closing"] = evidence["lanes"][1]["closing"]


def _wrong_index(invoice, evidence):
    evidence["lanes"][0]["closing"]["index"] += 1


def _short_period(invoice, evidence):
    invoice["period"]["until"] = invoice["period"]["from"]


def _other_currency(invoice, evidence):
    invoice["currency"] = "USD"


def invoice_vectors():
    changes = [
        ("an amount above the difference", "lanes", _raise_amount),
        ("a usage amount above the sum", "sums", _raise_usage),
        ("rounded up twice", "sums", _round_up),
        ("rounding left out", "sums", _hide_rounding),
        ("a total above its parts", "sums", _raise_total),
        ("a lane dropped", "lanes", _drop_first_lane),
        ("lanes miscounted", "format", _miscount),
        ("opening and closing swapped", "lanes", _swap_leaves),
        ("a leaf of another lane", "lanes", _foreign_lane),
        ("a leaf at another index", "inclusion", _wrong_index),
        ("a closing leaf outside the period", "lanes", _short_period),
        ("another currency", "lanes", _other_currency),
    ]
    later = START + dt.timedelta(seconds=6)
    exchange = small_exchange()
    plain = exchange.invoice("lic_a")
    forged = plain.replace(b'"units":6', b'"units":7')
    return {
        "keys": json.loads(exchange.keys),
        "accepted": [
            {"invoice": plain.decode(), "total_amount": 281_000_000},
            {
                "invoice": exchange.invoice("lic_a", starts_at=later).decode(),
                "total_amount": 120_000_000,
            },
        ],
        "rejected": [
            {"name": name, "step": step,
             "invoice": exchange.invoice("lic_a", change=change).decode()}
            for name, step, change in changes
        ] + [{"name": "changed after signing", "step": "signature", "invoice": forged.decode()}],
    }  # fmt: skip


def all_vectors():
    return {
        "canonical.json": canonical_vectors(),
        "tree.json": tree_vectors(),
        "checkpoints.json": checkpoint_vectors(),
        "receipts.json": receipt_vectors(),
        "proofs.json": proof_vectors(),
        "invoices.json": invoice_vectors(),
        "credits.json": credit_vectors(),
        "documents.json": document_vectors(),
        "quality.json": quality_vectors(),
        "signed_requests.json": signed_vectors(),
        "statements.json": statement_vectors(),
        "logs.json": log_vectors(),
        "bundles.json": bundle_vectors(),
        "witness.json": witness_vectors(),
    }


def text_of(vectors):
    return json.dumps(vectors, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def write():
    for name, vectors in all_vectors().items():
        (FOLDER / name).write_text(text_of(vectors), encoding="ascii")


if __name__ == "__main__":
    write()
