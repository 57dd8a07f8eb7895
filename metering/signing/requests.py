"""Calls signed by their buyer (RFC 9421): what a signature has to cover, and whether it holds.

One signature a call, one key named by it, bounded texts: the work does not depend on what was sent.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.canonical import base64_text
from metering.signing.errors import (
    CallSignatureInvalid,
    CallSignatureKeyUnknown,
    CallSignatureMissing,
)
from metering.views import LicenceView

INPUT_BYTES_MAX = 1_024
SIGNATURE_BYTES_MAX = 256
DIGEST_BYTES_MAX = 256
WINDOW_SECONDS = 300
"""How old a signature may be; its nonce counts once."""
AHEAD_SECONDS = 60
"""How far a buyer's clock may be ahead."""
TAG = "counterfoil:"
"""What a signature's tag begins with; the licence follows, so that it counts for no other."""

REQUIRED = ("@method", "@path", "@query")
CONTENT_DIGEST, PURPOSE = "content-digest", "purpose"
FIELDS = {
    "content-type": "CONTENT_TYPE",
    "idempotency-key": "HTTP_IDEMPOTENCY_KEY",
    PURPOSE: "HTTP_PURPOSE",
    "answer-fields": "HTTP_ANSWER_FIELDS",
    CONTENT_DIGEST: "HTTP_CONTENT_DIGEST",
}
"""Header fields that a signature may cover, by their name in the environment."""

_STRING = r'"((?:[ !#-\[\]-~]|\\["\\])*)"'
# Exactly as RFC 8941 serialises it, so that the text received is the one that was signed.
_INPUT = re.compile(
    r'([a-z*][a-z0-9_.*-]{0,31})=(\(("[a-z0-9@-]+"(?: "[a-z0-9@-]+")*)\)'
    r'((?:;[a-z][a-z0-9_-]*=(?:[0-9]{1,15}|"(?:[ !#-\[\]-~]|\\["\\])*"))+))',
    re.ASCII,
)
_PARAMETER = re.compile(r";([a-z][a-z0-9_-]*)=(?:([0-9]{1,15})|" + _STRING + ")", re.ASCII)
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
_SHA_256 = re.compile(r"(?:^|,\s*)sha-256=:([A-Za-z0-9+/]{43}=):(?=\s*(?:,|$))", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A call's signature that holds: ``base`` is what was signed, byte for byte."""

    base: str
    key: str
    nonce: str
    signature: str

    @property
    def document(self) -> dict[str, str]:
        """What the call's leaf commits to, and what the buyer can be shown."""
        return {"base": self.base, "key": self.key, "signature": self.signature}


def demand_signature(
    environment: Mapping[str, Any],
    body: bytes,
    *,
    licence: LicenceView,
    at: datetime,
) -> SignedRequest:
    """The signature of a call by one of its buyer's keys, for a licence that asks for it.

    Raises `CallSignatureMissing`, `CallSignatureInvalid` and `CallSignatureKeyUnknown`.
    """
    label, components, serialised, given = _read_input(environment)
    signature = _read_signature(environment, label)
    key, nonce = _check_parameters(given, licence.licence_id, at)
    lines = [*_lines(environment, components), f'"@signature-params": {serialised}']
    base = "\n".join(lines)
    _check_body(environment, body, components)
    public_key = (licence.signers or {}).get(key)
    if public_key is None:
        raise CallSignatureKeyUnknown
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, base.encode())
    except InvalidSignature:
        _refuse("It does not hold over the request as it arrived.")
    return SignedRequest(base, key, nonce, base64_text(signature))


def check_still_signed(licence: LicenceView, signed: SignedRequest | None) -> None:
    """Whether a decided call has what its licence asks for now.

    Raises `CallSignatureMissing` and `CallSignatureKeyUnknown`.
    """
    if licence.signers is None:
        return
    if signed is None:
        raise CallSignatureMissing
    if signed.key not in licence.signers:
        raise CallSignatureKeyUnknown


def _refuse(reason: str) -> NoReturn:
    raise CallSignatureInvalid(reason)


def _read_input(
    environment: Mapping[str, Any],
) -> tuple[str, list[str], str, dict[str, str | int]]:
    text = environment.get("HTTP_SIGNATURE_INPUT")
    if not text or not environment.get("HTTP_SIGNATURE"):
        raise CallSignatureMissing
    match = _INPUT.fullmatch(text) if len(text) <= INPUT_BYTES_MAX else None
    if match is None:
        _refuse("Signature-Input is not one signature, as RFC 8941 writes it.")
    label, serialised, names, parameters = match.groups()
    given = {name: int(whole) if whole else text for name, whole, text in _parameters(parameters)}
    return label, [name.strip('"') for name in names.split(" ")], serialised, given


def _parameters(text: str) -> Iterator[tuple[str, str, str]]:
    seen = set()
    for match in _PARAMETER.finditer(text):
        if match[1] in seen:
            _refuse(f"The parameter {match[1][:32]} is given twice.")
        seen.add(match[1])
        yield match[1], match[2], re.sub(r"\\(.)", r"\1", match[3] or "")


def _read_signature(environment: Mapping[str, Any], label: str) -> bytes:
    text = str(environment["HTTP_SIGNATURE"])
    prefix, suffix = f"{label}=:", ":"
    if len(text) > SIGNATURE_BYTES_MAX or not (text.startswith(prefix) and text.endswith(suffix)):
        _refuse("Signature is not the one that Signature-Input describes.")
    try:
        signature = base64.b64decode(text[len(prefix) : -1], validate=True)
    except ValueError:
        signature = b""
    if len(signature) != 64:  # noqa: PLR2004 -- Ed25519 (RFC 8032)
        _refuse("Signature is not 64 bytes in Base64.")
    return signature


def _check_parameters(
    given: Mapping[str, str | int], licence_id: str, at: datetime
) -> tuple[str, str]:
    """Key and nonce; raises unless the signature is of now, and for this licence."""
    created, nonce, key = given.get("created"), given.get("nonce"), given.get("keyid")
    now = at.timestamp()
    if not isinstance(created, int) or not isinstance(key, str) or not isinstance(nonce, str):
        _refuse("It needs the parameters created, keyid, nonce and tag.")
    if not now - WINDOW_SECONDS <= created <= now + AHEAD_SECONDS:
        _refuse(f"It was not created within the last {WINDOW_SECONDS} seconds.")
    expires = given.get("expires")
    if expires is not None and (not isinstance(expires, int) or expires < now):
        _refuse("It has expired.")
    if given.get("alg", "ed25519") != "ed25519":
        _refuse("Its algorithm is not ed25519.")
    if not _NONCE.fullmatch(nonce):
        _refuse("Its nonce is not 16 to 64 letters, digits, - or _.")
    if given.get("tag") != TAG + licence_id:
        _refuse(f"Its tag is not {TAG}{licence_id}.")
    return key, nonce


def _lines(environment: Mapping[str, Any], components: list[str]) -> Iterator[str]:
    """The lines of the signature base (RFC 9421 section 2.5), one a component."""
    required = [*REQUIRED, *([CONTENT_DIGEST] if environment["REQUEST_METHOD"] == "POST" else [])]
    # What a call says that it is for stands in its record, as the buyer's own words.
    required += [PURPOSE] if FIELDS[PURPOSE] in environment else []
    lacking = [name for name in required if name not in components]
    if lacking or len(set(components)) != len(components):
        _refuse(f"It has to cover each once: {', '.join(required)}.")
    derived = {
        "@method": environment["REQUEST_METHOD"],
        "@path": environment.get("PATH_INFO", ""),
        "@query": "?" + environment.get("QUERY_STRING", ""),
        "@authority": _authority(environment),
    }
    for name in components:
        value = derived.get(name)
        if value is None and name in FIELDS:
            value = environment.get(FIELDS[name])
        if value is None:
            _refuse(f"It covers {name[:64]}, which is not there, or not known.")
        yield f'"{name}": {value.strip()}'


def _authority(environment: Mapping[str, Any]) -> str | None:
    """The host that was asked, as RFC 9421 section 2.2.3 has it; None where none was named."""
    host: str | None = environment.get("HTTP_HOST")
    default = {"https": ":443", "http": ":80"}.get(environment.get("wsgi.url_scheme", ""), "")
    return host.lower().removesuffix(default) if host else None


def _check_body(environment: Mapping[str, Any], body: bytes, components: list[str]) -> None:
    """The digest that is signed is that of the body that came (RFC 9530)."""
    if CONTENT_DIGEST not in components:
        return
    text = str(environment.get("HTTP_CONTENT_DIGEST", ""))
    found = _SHA_256.search(text) if len(text) <= DIGEST_BYTES_MAX else None
    due = base64_text(hashlib.sha256(body).digest())
    if found is None or not hmac.compare_digest(found[1], due):
        _refuse("Content-Digest is not the body's, by sha-256.")
