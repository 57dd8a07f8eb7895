"""A ledger proof as a COSE receipt (RFC 9942), for readers that speak CBOR and not C2SP.

The same root under the same key as the checkpoint's, signed as COSE wants it: the message begins
with a byte that no UTF-8 text begins with, so neither signature can pass for the other.
"""

from collections.abc import Mapping, Sequence

from app.core.signing import Signer
from ledger.log.tree.checkpoints import parse_checkpoint
from ledger.log.tree.notes import parse_note
from ledger.log.tree.proofs import LedgerProof

Cbor = int | bytes | str | None | Sequence["Cbor"] | Mapping[int, "Cbor"]

MEDIA_TYPE = 'application/cose; cose-type="cose-sign1"'
"""RFC 9052, section 11.3.1."""

_ALGORITHM, _KEY_ID, _STRUCTURE, _PROOFS = 1, 4, 395, 396
_EDDSA, _RFC9162_SHA256, _INCLUSION = -8, 1, -1
_SIGN1_TAG = b"\xd2"
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP = range(6)
_NULL = b"\xf6"


def make_cose_receipt(proof: LedgerProof, signer: Signer) -> bytes:
    """The receipt of a proof of our own, without its payload.

    The payload, the checkpoint's root, is what a reader computes from entry and path. ``kid`` is
    the key's name: the log's origin.
    """
    head = parse_checkpoint(parse_note(proof.checkpoint.encode()).text)
    header: Mapping[int, Cbor] = {
        _ALGORITHM: _EDDSA,
        _KEY_ID: signer.name.encode(),
        _STRUCTURE: _RFC9162_SHA256,
    }
    protected = encode_cbor(header)
    inclusion = encode_cbor([head.tree_size, proof.index, list(proof.path)])
    message = encode_cbor(["Signature1", protected, b"", head.root_hash])
    parts: Cbor = [protected, {_PROOFS: {_INCLUSION: [inclusion]}}, None, signer.sign(message)]
    return _SIGN1_TAG + encode_cbor(parts)


def encode_cbor(value: Cbor) -> bytes:
    """Core deterministic CBOR (RFC 8949, section 4.2.1) of what receipts are made of."""
    match value:
        case None:
            return _NULL
        case int():
            return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
        case bytes():
            return _head(_BYTES, len(value)) + value
        case str():
            text = value.encode()
            return _head(_TEXT, len(text)) + text
        case Mapping():
            pairs = sorted((encode_cbor(key), encode_cbor(value[key])) for key in value)
            return _head(_MAP, len(pairs)) + b"".join(key + item for key, item in pairs)
        case _:
            return _head(_ARRAY, len(value)) + b"".join(encode_cbor(item) for item in value)


def _head(major: int, argument: int) -> bytes:
    kind = major << 5
    if argument < 24:  # noqa: PLR2004 -- fits into the first byte (RFC 8949, section 3)
        return bytes([kind | argument])
    for more, length in ((24, 1), (25, 2), (26, 4)):
        if argument < 1 << 8 * length:
            return bytes([kind | more]) + argument.to_bytes(length)
    return bytes([kind | 27]) + argument.to_bytes(8)
