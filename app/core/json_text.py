"""JSON from strangers: UTF-8, no NaN, and never deeper than the C stack can bear.

Python's own guard against deep nesting is the recursion limit, which libraries raise for the whole
process (py_ecc to 100,000); beyond about 50,000 levels the parser then overruns its stack.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

DEPTH_MAX = 100
_TWICE = "An object has two members of one name."
_TOO_DEEP = "It is nested too deep."
_NO_NUMBER = "NaN and Infinity are no JSON."
_UNSTORABLE = "A text of it holds NUL or a lone surrogate."
_STRINGS_AND_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class JsonRefused(ValueError):
    """Well-formed or not, it is not read; the sentence says why."""


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can store the text: no NUL, no lone surrogate."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def demand_storable(value: object, *, levels: int) -> None:
    """Raises `JsonRefused` for a text that cannot be stored, and beyond so many levels."""
    _check_texts(value, levels, left=levels)


def _check_texts(value: object, levels: int, *, left: int) -> None:
    if left < 0:
        msg = f"It is nested more than {levels} deep."
        raise JsonRefused(msg)
    if isinstance(value, str) and not is_storable(value):
        raise JsonRefused(_UNSTORABLE)
    if isinstance(value, dict):
        for key, item in value.items():
            _check_texts(key, levels, left=left - 1)
            _check_texts(item, levels, left=left - 1)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item, levels, left=left - 1)


def each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of its members; raises `JsonRefused` for a name that comes twice.

    What a reader makes of such an object is its own choice (RFC 8259 section 4).
    """
    made = dict(members)
    if len(made) != len(members):
        raise JsonRefused(_TWICE)
    return made


def reason_of(error: ValueError) -> str:
    """Why `load_json` refused, in a sentence without any of the content; it may be empty."""
    if isinstance(error, json.JSONDecodeError):
        return f"Line {error.lineno}, column {error.colno}: {error.msg}."
    if isinstance(error, UnicodeDecodeError):
        return f"Byte {error.start + 1} is not UTF-8."
    return str(error) if isinstance(error, JsonRefused) else ""


def load_json(data: bytes, *, pairs: Callable[[list[tuple[str, Any]]], Any] = dict) -> Any:
    """The one JSON document in ``data``; raises ValueError for anything else (RFC 8259).

    ``pairs`` makes an object of its members; one that raises ValueError can refuse repeated names.
    """
    # Counting runs in C; only a document with many brackets is worth a closer look.
    if data.count(b"[") + data.count(b"{") > DEPTH_MAX and _depth(data) > DEPTH_MAX:
        raise JsonRefused(_TOO_DEEP)
    text = data.decode("utf-8")
    if pairs is dict:
        return _PLAIN.decode(text)
    return json.loads(text, parse_constant=_refuse, object_pairs_hook=pairs)


def _depth(data: bytes) -> int:
    deepest = depth = 0
    for match in _STRINGS_AND_BRACKETS.finditer(data):
        token = match.group()
        if token in {b"[", b"{"}:
            depth += 1
            deepest = max(deepest, depth)
        elif token in {b"]", b"}"}:
            depth -= 1
    return deepest


def _refuse(_name: str) -> NoReturn:
    raise JsonRefused(_NO_NUMBER)


# Made once: json.loads would make a decoder for every answer of every supplier.
_PLAIN = json.JSONDecoder(parse_constant=_refuse)
