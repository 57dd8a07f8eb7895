"""Canonical JSON: one value, one byte string (sorted keys, no spaces, UTF-8, no floats)."""

import json
from typing import NoReturn

from counterfoil_verify.errors import Rejected, require

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

STEP = "canonical"


def _refuse_float(text: str) -> NoReturn:
    raise Rejected(STEP, f"{text[:40]} is not a whole number")


def _refuse_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    require(len(members) == len(pairs), STEP, "a key stands twice")
    return members


_decoder = json.JSONDecoder(parse_float=_refuse_float, parse_constant=_refuse_float)
_unique_decoder = json.JSONDecoder(
    parse_float=_refuse_float, parse_constant=_refuse_float, object_pairs_hook=_refuse_duplicates
)
_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def encode(value: Json) -> bytes:
    """The canonical bytes of a value; strings escape only what JSON demands (RFC 8785, 3.2.2.2)."""
    try:
        return _encoder.encode(value).encode()
    except (ValueError, RecursionError) as error:
        raise Rejected(STEP, "the value has no canonical form") from error


def _decode(data: bytes, decoder: json.JSONDecoder) -> Json:
    try:
        value: Json = decoder.decode(data.decode())
    except (ValueError, RecursionError) as error:
        raise Rejected(STEP, f"not JSON: {type(error).__name__}") from error
    return value


def parse_json(data: bytes) -> Json:
    """Any JSON that has a canonical form, however it is spelled; no key stands twice in it.

    Half a surrogate pair has none: no text in what is read can fail to be written again.
    """
    value = _decode(data, _unique_decoder)
    encode(value)
    return value


def parse(data: bytes, *, bytes_max: int, is_strict: bool = True) -> Json:
    """The value of canonical bytes; duplicate keys, spaces and odd escapes are all Rejected.

    Not strictly: of any spelling of it, for a file that other programs may have written again.
    Even then a key may stand only once, so that nobody reads another value than was signed.
    """
    require(len(data) <= bytes_max, STEP, f"longer than {bytes_max} bytes")
    if not is_strict:
        return parse_json(data)
    value = _decode(data, _decoder)
    require(encode(value) == data, STEP, "the bytes are not the canonical form of their value")
    return value
