"""Vectors of credit notes: three credits of a licence, and every way to hide or swell one."""

import hashlib
import json

from tests.vectors.exchange import Exchange
from tests.vectors.primitives import b64, canonical

DOMAIN = b"counterfoil/credit-note/v1\0"
LEAF_OF_CALL = hashlib.sha256(b"a call").hexdigest()
LEAF_OF_ANOTHER = hashlib.sha256(b"another call").hexdigest()


class CreditDesk:
    """Gives credits of one licence and keeps what their evidence needs."""

    def __init__(self):
        self.exchange = Exchange()
        self.exchange.append("rule_set", rule_set="rst_1")
        self.notes, self.indices, self.total = [], [], 0

    def give(self, *lines, change=None):
        amount = sum(line[2] for line in lines)
        self.total += amount
        hashes = [line[0] for line in lines]
        whole = hashlib.sha256(canonical(hashes)).hexdigest()
        note = {
            "format": "counterfoil-credit-note/1",
            "credit": f"crd_{len(self.notes) + 1}",
            "licence": "lic_a",
            "n": len(self.notes) + 1,
            "currency": "CNY",
            "reason": "wrong_data",
            "amount": str(amount),
            "total_amount": str(self.total),
            "corrects": hashes[0] if len(hashes) == 1 else whole,
            "lines": [
                {
                    "kind": "call",
                    "reference": f"1:{place}",
                    "corrects": corrects,
                    "charged_amount": str(charged),
                    "amount": str(given),
                }
                for place, (corrects, charged, given) in enumerate(lines, start=1)
            ],
            "given_at": "2026-11-20T08:00:00.000000Z",
        }
        if change is not None:
            change(note)
        self.notes.append(note)
        self.indices.append(self.exchange.append("credit", **self.leaf(note)))

    def leaf(self, note):
        return {
            **{name: note[name] for name in ("credit", "licence", "n", "currency", "reason")},
            "amount": note["amount"],
            "total_amount": note["total_amount"],
            "corrects_hash": note["corrects"],
            "note_hash": hashlib.sha256(canonical(note)).hexdigest(),
        }

    def evidence(self, n, *, note=None, indices=None, change=None):
        note = note or self.notes[n - 1]
        size = len(self.exchange.entries)
        indices = self.indices[:n] if indices is None else indices
        evidence = {
            "format": "counterfoil-credit-note-evidence/1",
            "note": note,
            "signature": b64(self.exchange.statements.sign(DOMAIN + canonical(note))),
            "key": self.exchange.statements.name,
            "credits": [self.exchange.proven(index, size) for index in indices],
            "checkpoint": self.exchange.checkpoint().decode(),
        }
        if change is not None:
            change(evidence)
        return canonical(evidence).decode()


def desk(change=None):
    made = CreditDesk()
    made.give((LEAF_OF_CALL, 40_000_000, 40_000_000))
    made.give((LEAF_OF_CALL, 30, 20), (LEAF_OF_ANOTHER, 5, 5))
    made.give((LEAF_OF_CALL, 9, 9), change=change)
    return made


def _swelled(note):
    note["lines"][0]["amount"] = note["amount"] = note["lines"][0]["charged_amount"] = "10"
    note["lines"][0]["charged_amount"] = "9"
    note["total_amount"] = "40000035"


def _summed_wrongly(note):
    note["lines"][0]["amount"] = "8"


def _skipped(note):
    note["total_amount"] = "99"


def _of_another_currency(note):
    note["currency"] = "USD"


def _of_other_charges(note):
    note["corrects"] = LEAF_OF_ANOTHER


def _unsigned(evidence):
    evidence["signature"] = b64(bytes(64))


def _moved(evidence):
    evidence["credits"][0]["index"] += 1


def _unknown(evidence):
    evidence["z"] = 1


def credit_vectors():
    plain = desk()
    first, second, third = plain.indices
    told_otherwise = {**plain.notes[2], "reason": "goodwill"}
    renumbered = {**plain.notes[2], "n": 2}
    cases = [
        ("a credit left out", "credits", plain.evidence(3, indices=[first, third])),
        ("the first credit left out", "credits", plain.evidence(3, indices=[second, third])),
        ("a later credit hidden by a number", "credits",
         plain.evidence(3, note=renumbered, indices=[first, third])),
        ("credits out of order", "credits", plain.evidence(3, indices=[second, first, third])),
        ("another note than the leaf's", "note", plain.evidence(3, note=told_otherwise)),
        ("the leaf of an earlier credit", "note",
         plain.evidence(2, note={**plain.notes[2], "n": 2}, indices=[first, second])),
        ("a total that skips", "credits", desk(_skipped).evidence(3)),
        ("another currency", "credits", desk(_of_another_currency).evidence(2,
         note=desk(_of_another_currency).notes[2] | {"n": 2})),
        ("more than was charged", "sums", desk(_swelled).evidence(3)),
        ("a sum that is not its lines'", "sums", desk(_summed_wrongly).evidence(3)),
        ("other charges than named", "sums", desk(_of_other_charges).evidence(3)),
        ("a leaf that is no credit", "format", plain.evidence(1, indices=[0])),
        ("a leaf at another index", "inclusion", plain.evidence(3, change=_moved)),
        ("not signed", "signature", plain.evidence(3, change=_unsigned)),
        ("an unknown member", "format", plain.evidence(3, change=_unknown)),
    ]  # fmt: skip
    return {
        "keys": json.loads(plain.exchange.keys),
        "accepted": [
            {"credit_note": plain.evidence(n), "amount": amount}
            for n, amount in ((1, 40_000_000), (2, 25), (3, 9))
        ],
        "rejected": [
            {"name": name, "step": step, "credit_note": evidence} for name, step, evidence in cases
        ],
    }
