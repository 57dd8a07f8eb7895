"""The usage receipt: the leaf's bytes, the detail record with its key, and a signed promise."""

from binascii import b2a_base64
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from app.core.canonical import canonical_bytes, canonical_text
from app.core.signing import Signer

FORMAT = "counterfoil-usage-receipt/1"
SIGNATURE_DOMAIN = b"counterfoil/usage-receipt/v1\x00"
MERGE_DELAY_SECONDS = 60
"""How soon after the call its leaf is in the published log; broken, it shows in two signatures."""


KEY_SUFFIX = "/receipts"
_TO_URL = bytes.maketrans(b"+/", b"-_")


class ReceiptParts(NamedTuple):
    """Everything stored about a call from which its receipt is made, again and again the same."""

    leaf: bytes
    leaf_hash: bytes
    detail: bytes | None
    """Canonical bytes of the detail record; None when it was erased, together with its key."""
    detail_key: bytes | None
    at: str
    """The leaf's own instant; the promise runs from it, so a repeated receipt is identical."""


def signed_receipt(parts: ReceiptParts, signer_at: Callable[[str], Signer]) -> bytes:
    """The receipt under the log's shard of the call's instant, which the key's name begins with."""
    signer = signer_at(parts.at)
    return receipt_bytes(parts, origin=_origin_of(signer.name), signer=signer)


@lru_cache(maxsize=64)
def _origin_of(key_name: str) -> str:
    return key_name.removesuffix(KEY_SUFFIX)


def receipt_bytes(parts: ReceiptParts, *, origin: str, signer: Signer) -> bytes:
    """The canonical receipt, signed (Ed25519, RFC 8032, deterministic)."""
    promise = b'{"issued_at":"%b",%b' % (parts.at.encode(), _rest_of_promise(origin))
    signature = signer.sign(SIGNATURE_DOMAIN + parts.leaf_hash + promise)
    # Members in sorted order; detail and promise are canonical already.
    return b"".join(
        (
            b'{"detail":',
            parts.detail or b"null",
            b',"detail_key":',
            b"null" if parts.detail_key is None else b'"%b"' % parts.detail_key.hex().encode(),
            b',"entry":"',
            b2a_base64(parts.leaf, newline=False),
            _format_and_key(signer.name),
            promise,
            b',"signature":"',
            b2a_base64(signature, newline=False),
            b'"}',
        )
    )


@lru_cache(maxsize=64)
def _rest_of_promise(origin: str) -> bytes:
    """The promise after its instant; the same for every receipt of a log."""
    rest = {"merge_delay_seconds": MERGE_DELAY_SECONDS, "origin": origin}
    return canonical_bytes(rest)[1:]


@lru_cache(maxsize=64)
def _format_and_key(key_name: str) -> bytes:
    return b'","format":"%b","key":%b,"promise":' % (FORMAT.encode(), canonical_text(key_name))


def receipt_header(receipt: bytes) -> str:
    """The receipt as the value of ``Usage-Receipt``: base64url without padding."""
    encoded = b2a_base64(receipt, newline=False).translate(_TO_URL)
    return encoded.rstrip(b"=").decode("ascii")
