"""Reading usage receipts, and telling genuine ones from invented ones. Pure."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.canonical import NotCanonical, canonical_bytes

RECEIPT_DOMAIN = b"counterfoil/usage-receipt/v1\x00"
"""Of the receipts' published format; metering signs under it."""

RECEIPT_CHARACTERS_MAX = 65_536


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


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise NotAReceipt
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise NotAReceipt
    return value
