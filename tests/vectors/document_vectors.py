"""Vectors of files that entries name: right ones, and ones with a single fault."""

import hashlib
import json

from tests.vectors.exchange import Exchange, small_exchange
from tests.vectors.primitives import b64

CONTRACT = b"%PDF-1.7 a contract of purchase\n"
DAYS = {"valid_from": "2026-01-01", "valid_to": "2026-12-31"}


def hash_of(document):
    return hashlib.sha256(document).hexdigest()


def evidence_log():
    """A log with a contract, a statement without an end and a deed; the indices of the three."""
    exchange = small_exchange()
    contract = exchange.append(
        "evidence", version="ver_1", kind="PURCHASE_CONTRACT", document_hash=hash_of(CONTRACT),
        **DAYS,
    )  # fmt: skip
    endless = exchange.append(
        "evidence", version="ver_1", kind="OTHER", document_hash=hash_of(b"endless")
    )
    deed = exchange.append("transfer_proposed", transfer="rtr_1", deed_hash=hash_of(b"deed"))
    exchange.append("listed", listing="tides")
    return exchange, contract, endless, deed


def document_vectors():
    exchange, contract, endless, deed = evidence_log()
    shouted = exchange.append("evidence", document_hash=hash_of(CONTRACT).upper())
    nameless = exchange.append("evidence", version="ver_1", kind="OTHER")
    dayless = exchange.append(
        "evidence", document_hash=hash_of(CONTRACT), valid_from="2026-02-30", valid_to="20261231"
    )

    def case(index, document, on=None, proof=None):
        made = {
            "document": b64(document),
            "entry": b64(exchange.entries[index]),
            "proof": (exchange.proof(index) if proof is None else proof).decode(),
        }
        return made if on is None else made | {"on": on}

    foreign = Exchange(seed="foreign")
    foreign.entries = exchange.entries
    rejected = [
        ("a byte changed", "document", case(contract, CONTRACT.replace(b"a ", b"A "))),
        ("a line end more", "document", case(contract, CONTRACT + b"\n")),
        ("another document's entry", "document", case(endless, CONTRACT)),
        ("an entry that names no file", "document", case(0, CONTRACT)),
        ("an entry without the hash", "document", case(nameless, CONTRACT)),
        ("a hash in capitals", "document", case(shouted, CONTRACT)),
        ("the proof of another entry", "inclusion",
         case(contract, CONTRACT, proof=exchange.proof(endless))),
        ("a foreign log's proof", "checkpoint",
         case(contract, CONTRACT, proof=foreign.proof(contract))),
        ("the day before it begins", "validity", case(contract, CONTRACT, on="2025-12-31")),
        ("the day after its end", "validity", case(contract, CONTRACT, on="2027-01-01")),
        ("days that are none", "validity", case(dayless, CONTRACT, on="2026-06-01")),
    ]  # fmt: skip
    return {
        "keys": json.loads(exchange.keys),
        "accepted": [
            case(contract, CONTRACT),
            case(contract, CONTRACT, on="2026-01-01"),
            case(contract, CONTRACT, on="2026-12-31"),
            case(endless, b"endless", on="1970-01-01"),
            case(deed, b"deed"),
        ],
        "rejected": [{"name": name, "step": step, **made} for name, step, made in rejected],
    }
