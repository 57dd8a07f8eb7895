"""Canonical bytes for hashing and signing: sorted keys, no spaces, UTF-8, no floats.

For ASCII keys, strings and integers below 2⁵³ the bytes equal RFC 8785 (JSON Canonicalization
Scheme), which is what other implementations need to reproduce them.
"""

import hashlib
import json


class NotCanonical(ValueError):
    """The value holds something without one canonical form (a float, a non-text key, bytes)."""


def _check(value: object) -> None:
    if value is None or isinstance(value, str | bool | int):
        return
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise NotCanonical
        for item in value.values():
            _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    else:
        raise NotCanonical


def canonical_bytes(value: object) -> bytes:
    """The one byte string of a JSON value; raises `NotCanonical`."""
    _check(value)
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8", errors="strict")


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal characters."""
    return hashlib.sha256(data).hexdigest()


def digest_hex(value: object) -> str:
    """SHA-256 over the canonical bytes, in hexadecimal."""
    return sha256_hex(canonical_bytes(value))
