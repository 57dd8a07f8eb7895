"""Disputes as pure functions: reading receipts, comparing them with log and invoice, the bundle."""

import base64
import binascii
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.canonical import NotCanonical, canonical_bytes
from app.core.clock import iso_instant
from app.core.states import Transitions
from ledger.journal.settlement.evidence_ports import LoggedCall, call_reference

BUNDLE_FORMAT = "counterfoil-dispute-bundle/1"
EVIDENCE_FORMAT = "counterfoil-dispute-evidence/1"
SIGNATURE_DOMAIN = b"counterfoil/dispute-bundle/v1\x00"
RECEIPT_DOMAIN = b"counterfoil/usage-receipt/v1\x00"
"""Of the receipts' published format; metering signs under it."""

ANSWER_DAYS = 7
DISPUTE_DAYS = 90
CALLS_MAX = 100
RECEIPT_CHARACTERS_MAX = 65_536

REASON_CODES = (
    "wrong_data",
    "stale_data",
    "not_delivered",
    "charged_twice",
    "wrong_price",
    "not_ours",
)


class DisputeState(StrEnum):
    """Open to an answer, answered, given up, or decided."""

    OPENED = "opened"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    CREDITED = "credited"


NONE, PART, WHOLE = "none", "part", "whole"
DECISIONS = (NONE, PART, WHOLE)
TRANSITIONS = Transitions(
    {
        (DisputeState.OPENED, "answer"): DisputeState.ANSWERED,
        (DisputeState.OPENED, "withdraw"): DisputeState.WITHDRAWN,
        (DisputeState.OPENED, "reject"): DisputeState.REJECTED,
        (DisputeState.OPENED, "accept"): DisputeState.ACCEPTED,
        (DisputeState.ANSWERED, "withdraw"): DisputeState.WITHDRAWN,
        (DisputeState.ANSWERED, "reject"): DisputeState.REJECTED,
        (DisputeState.ANSWERED, "accept"): DisputeState.ACCEPTED,
        # In the same transaction, unless nothing was charged for what was accepted.
        (DisputeState.ACCEPTED, "credit"): DisputeState.CREDITED,
    }
)


class Finding(StrEnum):
    """What the log says of a disputed call."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


class NotAReceipt(ValueError):
    """The text is not a usage receipt."""


@dataclass(frozen=True)
class Receipt:
    """A usage receipt as submitted, without its detail record and key."""

    licence_id: str
    lane: int
    n: int
    leaf_hash: str
    document: dict[str, Any]


@dataclass(frozen=True)
class InvoicedLine:
    """The invoice's line that covers a call."""

    invoice_id: str
    invoice_hash: str
    line: Mapping[str, Any]


@dataclass(frozen=True)
class ExaminedCall:
    """A disputed call with everything that was found about it; amounts in 10⁻⁸ units."""

    lane: int
    n: int
    finding: Finding
    detail: str
    receipt: Receipt | None
    logged: LoggedCall | None
    invoiced: InvoicedLine | None

    @property
    def reference(self) -> str:
        """The call's name within its licence."""
        return call_reference(self.lane, self.n)

    @property
    def amount(self) -> int:
        """What could be credited: nothing that the log does not show."""
        is_shown = self.finding is Finding.MATCHES and self.logged is not None
        return self.logged.amount if is_shown and self.logged else 0


def answer_until(opened_at: datetime) -> datetime:
    """Until when the supplier may answer."""
    return opened_at + timedelta(days=ANSWER_DAYS)


def is_too_old(call_at: datetime, now: datetime) -> bool:
    """Whether the days in which a call can be disputed are over."""
    return call_at < now - timedelta(days=DISPUTE_DAYS)


def read_receipt(text: str) -> Receipt:
    """A receipt from its JSON or from its header's base64url; raises `NotAReceipt`."""
    try:
        raw = text.strip()
        if not raw.startswith("{"):
            raw = base64.b64decode(
                raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True
            ).decode("utf-8")
        document = json.loads(raw)
        entry = base64.b64decode(document["entry"], validate=True)
        leaf = json.loads(entry)
        receipt = Receipt(
            licence_id=_text(leaf["licence"]),
            lane=_number(leaf["lane"]),
            n=_number(leaf["n"]),
            # RFC 6962 section 2.1: a leaf is hashed behind a zero byte.
            leaf_hash=hashlib.sha256(b"\x00" + entry).hexdigest(),
            document={**document, "detail": None, "detail_key": None},
        )
        canonical_bytes(receipt.document)
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError, NotCanonical) as error:
        raise NotAReceipt from error
    return receipt


def is_signed(receipt: Receipt, public_key: bytes) -> bool:
    """Whether the key signed the receipt's leaf and promise."""
    try:
        promise = canonical_bytes(receipt.document["promise"])
        signature = base64.b64decode(receipt.document["signature"], validate=True)
        message = RECEIPT_DOMAIN + bytes.fromhex(receipt.leaf_hash) + promise
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True


def find_out(
    receipt: Receipt | None, logged: LoggedCall | None, *, public_keys: Collection[bytes]
) -> tuple[Finding, str]:
    """What the log says of a claim, and why.

    A signed receipt without its leaf in the log is evidence against the exchange, so the two are
    told apart.
    """
    if receipt is None:
        known = logged is not None
        return (Finding.MATCHES, "as_logged") if known else (Finding.UNKNOWN, "no_such_call")
    if logged is not None and logged.leaf_hash == receipt.leaf_hash:
        return Finding.MATCHES, "same_leaf"
    signed = "signed" if any(is_signed(receipt, key) for key in public_keys) else "not_signed"
    if logged is not None:
        return Finding.DIFFERS, f"another_leaf_{signed}"
    return Finding.UNKNOWN, f"no_such_call_{signed}"


def covering_line(
    invoices: Sequence[tuple[str, str, Mapping[str, Any]]], lane: int, n: int
) -> InvoicedLine | None:
    """The invoice (id, hash, document) whose line of the lane covers the call."""
    for invoice_id, invoice_hash, document in invoices:
        for line in document["lanes"]:
            if line["lane"] == lane and line["opening_n"] < n <= line["closing_n"]:
                return InvoicedLine(invoice_id, invoice_hash, line)
    return None


def bundle_document(
    *,
    dispute_id: str,
    licence_id: str,
    reason_code: str,
    currency: str,
    opened_at: datetime,
    calls: Sequence[ExaminedCall],
) -> dict[str, Any]:
    """What the exchange found, call by call; amounts are whole numbers of 10⁻⁸ units in text."""
    return {
        "format": BUNDLE_FORMAT,
        "dispute": dispute_id,
        "licence": licence_id,
        "reason": reason_code,
        "currency": currency,
        "opened_at": iso_instant(opened_at),
        "calls": [_call(call) for call in calls],
        "claimed_amount": str(sum(call.amount for call in calls)),
    }


def signed_bytes(document: dict[str, Any]) -> bytes:
    """What the statement key signs."""
    return SIGNATURE_DOMAIN + canonical_bytes(document)


def _call(call: ExaminedCall) -> dict[str, Any]:
    return {
        "lane": call.lane,
        "n": call.n,
        "finding": call.finding.value,
        "detail": call.detail,
        "receipt": None if call.receipt is None else call.receipt.document,
        "receipt_leaf": None if call.receipt is None else call.receipt.leaf_hash,
        "leaf": None if call.logged is None else call.logged.leaf_hash,
        "amount": str(call.amount),
        "invoice": None
        if call.invoiced is None
        else {
            "invoice_id": call.invoiced.invoice_id,
            "invoice_hash": call.invoiced.invoice_hash,
            "line": dict(call.invoiced.line),
        },
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise NotAReceipt
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise NotAReceipt
    return value
