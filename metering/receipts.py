"""The usage receipt: the leaf's bytes, the detail record with its key, and a signed promise."""

import base64
import json
from dataclasses import dataclass

from app.core.canonical import canonical_bytes
from app.core.signing import Signer

FORMAT = "counterfoil-usage-receipt/1"
SIGNATURE_DOMAIN = b"counterfoil/usage-receipt/v1\x00"
MERGE_DELAY_SECONDS = 60
"""How soon after the call its leaf is in the published log; broken, it shows in two signatures."""


@dataclass(frozen=True, slots=True)
class ReceiptParts:
    """Everything stored about a call from which its receipt is made, again and again the same."""

    leaf: bytes
    leaf_hash: bytes
    detail: bytes
    """Canonical bytes of the detail record."""
    detail_key: bytes
    at: str
    """The leaf's own instant; the promise runs from it, so a repeated receipt is identical."""


def receipt_bytes(parts: ReceiptParts, *, origin: str, signer: Signer) -> bytes:
    """The canonical receipt, signed (Ed25519, RFC 8032, deterministic)."""
    promise = canonical_bytes(
        {"origin": origin, "issued_at": parts.at, "merge_delay_seconds": MERGE_DELAY_SECONDS}
    )
    signature = signer.sign(SIGNATURE_DOMAIN + parts.leaf_hash + promise)
    # Members in sorted order; detail and promise are canonical already.
    return b"".join(
        (
            b'{"detail":',
            parts.detail,
            b',"detail_key":"',
            parts.detail_key.hex().encode(),
            b'","entry":"',
            base64.b64encode(parts.leaf),
            b'","format":"',
            FORMAT.encode(),
            b'","key":',
            json.dumps(signer.name, ensure_ascii=False).encode(),
            b',"promise":',
            promise,
            b',"signature":"',
            base64.b64encode(signature),
            b'"}',
        )
    )


def receipt_header(receipt: bytes) -> str:
    """The receipt as the value of ``Usage-Receipt``: base64url without padding."""
    return base64.urlsafe_b64encode(receipt).rstrip(b"=").decode("ascii")
