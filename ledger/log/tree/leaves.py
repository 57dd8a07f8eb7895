"""Leaves: the canonical bytes of one fact, checked on the way in and read back from evidence."""

import json
import re
from collections.abc import Mapping
from typing import Any

from app.core.canonical import NotCanonical, canonical_bytes
from ledger.log.errors import refuse_leaf

LEAF_BYTES_MAX = 2048
INTEGER_MAX = 2**53 - 1
"""Every JSON reader agrees on integers up to here (RFC 8259 section 6)."""
VERSION = 1
DEPTH_MAX = 8

_KEY = re.compile(r"[\x21-\x7e]{1,64}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_BLIND = re.compile(r"[0-9a-f]{32}")
_TYPE = re.compile(r"[a-z][a-z0-9_]{1,63}")


def make_leaf(entry_type: str, body: Mapping[str, Any], *, at: str, blind: str) -> bytes:
    """The leaf bytes of a fact: the body with version, type, instant and blinding field.

    ``at`` is ``YYYY-MM-DDTHH:MM:SS.ffffffZ``; ``blind`` is 32 hexadecimal characters that keep a
    guessable fact from being found by its public hash. Raises `LeafRefused`.
    """
    head = {"v": VERSION, "type": entry_type, "at": at, "blind": blind}
    if taken := head.keys() & body.keys():
        refuse_leaf("the body uses reserved keys: " + ", ".join(sorted(taken)))
    return _canonical({**body, **head})


def read_leaf(leaf: bytes) -> dict[str, Any]:
    """The fact in leaf bytes, which must be its one canonical form; raises `LeafRefused`."""
    if len(leaf) > LEAF_BYTES_MAX:
        refuse_leaf(f"a leaf has at most {LEAF_BYTES_MAX} bytes")
    try:
        value = json.loads(leaf)
    except (ValueError, RecursionError):
        refuse_leaf("a leaf is a JSON object in UTF-8")
    if not isinstance(value, dict) or _canonical(value) != leaf:
        refuse_leaf("the bytes are not the canonical form")
    return value


def _canonical(value: dict[str, Any]) -> bytes:
    _check_value(value, DEPTH_MAX)
    _check_head(value)
    try:
        leaf = canonical_bytes(value)
    except (NotCanonical, UnicodeEncodeError):
        refuse_leaf("the text is not Unicode")
    if len(leaf) > LEAF_BYTES_MAX:
        refuse_leaf(f"a leaf has at most {LEAF_BYTES_MAX} bytes")
    return leaf


def _check_head(value: Mapping[str, Any]) -> None:
    rules = {"type": _TYPE, "at": _INSTANT, "blind": _BLIND}
    if value.get("v") != VERSION:
        refuse_leaf(f"v is {VERSION}")
    for key, rule in rules.items():
        if not isinstance(value.get(key), str) or not rule.fullmatch(value[key]):
            refuse_leaf(f"{key} is missing or malformed")


def _check_value(value: object, depth: int) -> None:
    if not depth:
        refuse_leaf(f"a leaf nests at most {DEPTH_MAX} deep")
    if isinstance(value, dict):
        _check_keys(value)
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            _check_value(item, depth - 1)
    elif not isinstance(value, str):
        _check_integer(value)


def _check_integer(value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        refuse_leaf("values are strings, integers, lists and maps")
    if not 0 <= value <= INTEGER_MAX:
        refuse_leaf("integers go from 0 to 2**53 - 1")


def _check_keys(value: Mapping[Any, Any]) -> None:
    if not all(isinstance(key, str) and _KEY.fullmatch(key) for key in value):
        refuse_leaf("keys are visible ASCII, at most 64 characters")
