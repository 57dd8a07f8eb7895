"""Canonical bytes for hashing and signing: sorted keys, no spaces, UTF-8, no floats.

For ASCII keys, strings and integers below 2⁵³ the bytes equal RFC 8785 (JSON Canonicalization
Scheme), which is what other implementations need to reproduce them.
"""

import base64
import hashlib
import json
from json.encoder import encode_basestring


class NotCanonical(ValueError):
    """The value holds something without one canonical form (a float, a non-text key, bytes)."""


_PLAIN = frozenset({type(None), str, bool, int})
_ENCODE = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def _check(value: object) -> None:
    # Exact types first: the digests of every metered call pass here.
    if type(value) in _PLAIN or isinstance(value, str | int):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotCanonical
            if type(item) not in _PLAIN:
                _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    else:
        raise NotCanonical


def canonical_bytes(value: object) -> bytes:
    """The one byte string of a JSON value; raises `NotCanonical`."""
    _check(value)
    return _ENCODE(value).encode()


def canonical_text(value: str) -> bytes:
    """The canonical bytes of a text, for templates that write an object out."""
    return encode_basestring(value).encode()


def base64_text(data: bytes) -> str:
    """The bytes in base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode()


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal characters."""
    return hashlib.sha256(data).hexdigest()


def digest_hex(value: object) -> str:
    """SHA-256 over the canonical bytes, in hexadecimal."""
    return sha256_hex(canonical_bytes(value))
