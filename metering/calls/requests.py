"""Reads a metered call out of an environment as WSGI names it: bounded, strict, UTF-8 only."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from app.core.json_text import each_once, load_json, reason_of
from metering.errors import (
    CallBodyMalformed,
    CallKeyMissing,
    CallKeyUnknown,
    CallTooLarge,
    IdempotencyKeyMalformed,
)

PREFIX = "/data/"
QUERY_BYTES_MAX = 8 * 1024
PARAMETERS_MAX = 100

_LISTING = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_KEY = re.compile(r"[Bb]earer +(cfk_[A-Za-z0-9_-]{8}_[A-Za-z0-9_-]{43})", re.ASCII)
_IDEMPOTENCY_KEY = re.compile(r"[!-+.-~-]{1,128}", re.ASCII)
"""Printable, without the comma by which two header lines are joined (RFC 9110, 5.3)."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_PLAIN_QUERY = re.compile(r"[\w.~-]+=[\w.~-]*(?:&[\w.~-]+=[\w.~-]*)*+", re.ASCII)
"""Pairs in which nothing is encoded: nearly every query, and the library takes its time."""

NOT_ASCII = "A query is ASCII; other characters are percent-encoded UTF-8."
NOT_A_QUERY = "The query is not percent-encoded UTF-8."
NOT_AN_OBJECT = "The body is not one JSON object of parameters in UTF-8."
BOTH = "A POST carries its parameters in the body alone."
NOT_A_PURPOSE = "Purpose is one code."
NOT_FIELDS = "Answer-Fields is a list of field names."

Environment = Mapping[str, Any]


class NoSuchAddress(Exception):
    """The path is not that of a listing."""


class UnknownMethod(Exception):
    """The method is neither GET nor POST."""


class UnknownMediaType(Exception):
    """The body is not declared as JSON."""


class CallRequest(NamedTuple):
    """A call as it came; parameters are not yet checked against the listing's fields."""

    method: str
    listing_code: str
    parameters: dict[str, Any]
    client_address: str
    idempotency_key: str | None
    purpose: str | None
    fields: frozenset[str] | None
    consent_token: str | None = None
    body: bytes = b""
    """As it came, for whoever signed it."""


def read_listing_code(environment: Environment) -> str:
    """The listing code of the path; raises `NoSuchAddress`."""
    code = environment.get("PATH_INFO", "").removeprefix(PREFIX)
    if not _LISTING.fullmatch(code):
        raise NoSuchAddress
    return str(code)


def check_method(environment: Environment) -> None:
    """Raises `UnknownMethod` for anything but GET and POST; a HEAD would be charged for nothing."""
    if environment["REQUEST_METHOD"] not in {"GET", "POST"}:
        raise UnknownMethod


def read_key(environment: Environment) -> str:
    """The whole key text; raises `CallKeyMissing`, or `CallKeyUnknown` for another form."""
    header = environment.get("HTTP_AUTHORIZATION")
    if not header:
        raise CallKeyMissing
    match = _KEY.fullmatch(header)
    if match is None:
        raise CallKeyUnknown
    return match.group(1)


def read_request_id(environment: Environment, make: Callable[[], str]) -> str:
    """The caller's request id if it is well formed, else a new one."""
    offered = environment.get("HTTP_X_REQUEST_ID", "")
    return offered if _REQUEST_ID.fullmatch(offered) else make()


def read_call(environment: Environment, *, body_bytes_max: int) -> CallRequest:
    """The call; raises `CallBodyMalformed`, `CallTooLarge` or `UnknownMediaType`."""
    method = environment["REQUEST_METHOD"]
    body = b""
    if method == "POST":
        body = _body(environment, body_bytes_max)
        parameters = _document(body)
    else:
        parameters = _query(environment.get("QUERY_STRING", ""))
    fields = environment.get("HTTP_ANSWER_FIELDS")
    return CallRequest(
        method,
        read_listing_code(environment),
        parameters,
        environment.get("REMOTE_ADDR", ""),
        _idempotency_key(environment.get("HTTP_IDEMPOTENCY_KEY")),
        _word(environment.get("HTTP_PURPOSE")),
        None if fields is None else _words(fields),
        environment.get("HTTP_CONSENT_TOKEN"),
        body,
    )


def _query(query: str) -> dict[str, Any]:
    if len(query) > QUERY_BYTES_MAX:
        raise CallTooLarge(QUERY_BYTES_MAX)
    if not query:
        return {}
    if _PLAIN_QUERY.fullmatch(query) and query.count("&") < PARAMETERS_MAX:
        parted = [pair.partition("=") for pair in query.split("&")]
        pairs = [(name, value) for name, _, value in parted]
    else:
        pairs = _decoded(query)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise CallBodyMalformed(_twice([name for name, _ in pairs]))
    return parameters


def _twice(names: list[str]) -> str:
    name = next(name for at, name in enumerate(names) if name in names[:at])
    return f"The parameter {name[:64]} is given twice."


def _decoded(query: str) -> list[tuple[str, str]]:
    if not query.isascii():
        raise CallBodyMalformed(NOT_ASCII)
    try:
        return parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX
        )
    except ValueError:
        raise CallBodyMalformed(NOT_A_QUERY) from None


def _body(environment: Environment, bytes_max: int) -> bytes:
    media_type = environment.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnknownMediaType
    if environment.get("QUERY_STRING"):
        raise CallBodyMalformed(BOTH)
    length = environment.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and int(length[:12]) > bytes_max:
        raise CallTooLarge(bytes_max)
    body: bytes = environment["wsgi.input"].read(bytes_max + 1)
    if len(body) > bytes_max:
        raise CallTooLarge(bytes_max)
    return body


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = load_json(body, pairs=each_once)
    except ValueError as error:
        raise CallBodyMalformed(reason_of(error) or NOT_AN_OBJECT) from None
    if not isinstance(document, dict) or len(document) > PARAMETERS_MAX:
        raise CallBodyMalformed(NOT_AN_OBJECT)
    return document


def _idempotency_key(text: str | None) -> str | None:
    if text is not None and not _IDEMPOTENCY_KEY.fullmatch(text):
        raise IdempotencyKeyMalformed
    return text


def _word(text: str | None) -> str | None:
    if text is not None and not _WORD.fullmatch(text):
        raise CallBodyMalformed(NOT_A_PURPOSE)
    return text


def _words(text: str) -> frozenset[str]:
    words = [part.strip() for part in text.split(",")]
    if len(words) > PARAMETERS_MAX or not all(map(_WORD.fullmatch, words)):
        raise CallBodyMalformed(NOT_FIELDS)
    return frozenset(words)
