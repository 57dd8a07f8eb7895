"""Buyers' acknowledgements read from outside: their form, their signature, what they claim.

The exchange needs no trust in them: each lane must be what the log itself holds. The form is fixed
in ``docs/evidence.md``, section 10.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.canonical import canonical_bytes, digest_hex
from ledger.log.errors import refuse
from ledger.log.tree.notes import VerifierKey, from_base64, parse_vkey

FORMAT = "counterfoil-acknowledgement/1"
DOMAIN = b"counterfoil/acknowledgement/v1\x00"
KEY_SUFFIX = "/acknowledgements"
LANES_MAX = 1_024
_WHOLE_MAX = 2**53
_SIGNATURE_BYTES = 64
_AMOUNT = re.compile(r"0|[1-9][0-9]{0,18}")
_HASH = re.compile(r"[0-9a-f]{64}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


@dataclass(frozen=True)
class AcknowledgedLane:
    """A lane up to and including call ``n``; the amount at scale 10⁻⁸."""

    lane: int
    n: int
    total_units: int
    total_amount: int
    leaf_hash: bytes


@dataclass(frozen=True)
class Acknowledgement:
    """A signed acknowledgement whose signature holds under the key that it names."""

    licence_id: str
    at: datetime
    lanes: tuple[AcknowledgedLane, ...]
    key: VerifierKey
    document: Mapping[str, Any]

    @property
    def document_hash(self) -> str:
        """SHA-256 of the canonical document, signature included."""
        return digest_hex(dict(self.document))


def parse_buyer_key(text: str, organisation_id: str) -> VerifierKey:
    """The key of a vkey line that an organisation registers; raises `EvidenceRefused`.

    It is named after the organisation, so that nobody can register a key in another's name.
    """
    key = parse_vkey(text)
    if key.name != f"{organisation_id}{KEY_SUFFIX}":
        refuse(f"the key's name is not {organisation_id}{KEY_SUFFIX}")
    return key


def read_acknowledgement(document: Mapping[str, Any]) -> Acknowledgement:
    """The acknowledgement in a JSON document; raises `EvidenceRefused`."""
    _require_members(document, {"format", "acknowledgement", "key", "signature"})
    body = document["acknowledgement"]
    if document["format"] != FORMAT or not isinstance(body, dict):
        refuse(f"this is no {FORMAT}")
    _require_members(body, {"licence", "at", "lanes"})
    key = parse_vkey(_text(document, "key"))
    _check_signature(key, body, from_base64(_text(document, "signature")))
    return Acknowledgement(_text(body, "licence"), _instant(body), _lanes(body), key, document)


def _check_signature(key: VerifierKey, body: Mapping[str, Any], signature: bytes) -> None:
    try:
        message = DOMAIN + canonical_bytes(dict(body))
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        refuse("the signature does not hold under the key")


def _lanes(body: Mapping[str, Any]) -> tuple[AcknowledgedLane, ...]:
    given = body["lanes"]
    if not isinstance(given, list) or not 1 <= len(given) <= LANES_MAX:
        refuse(f"lanes is a list of 1 to {LANES_MAX}")
    lanes = tuple(_lane(lane) for lane in given)
    numbers = [lane.lane for lane in lanes]
    if numbers != sorted(set(numbers)):
        refuse("lanes stand in the order of their numbers")
    return lanes


def _lane(lane: object) -> AcknowledgedLane:
    if not isinstance(lane, dict):
        refuse("a lane is an object")
    _require_members(lane, {"lane", "n", "total_units", "total_amount", "leaf"})
    amount, leaf = _text(lane, "total_amount"), _text(lane, "leaf")
    if not _AMOUNT.fullmatch(amount) or not _HASH.fullmatch(leaf):
        refuse("an amount or a leaf hash is malformed")
    n = _whole(lane, "n")
    if n == 0:
        refuse("calls are numbered from 1")
    return AcknowledgedLane(
        _whole(lane, "lane"), n, _whole(lane, "total_units"), int(amount), bytes.fromhex(leaf)
    )


def _require_members(value: Mapping[str, Any], names: set[str]) -> None:
    if value.keys() != names:
        refuse(f"the members are {', '.join(sorted(names))}")


def _text(value: Mapping[str, Any], name: str) -> str:
    if not isinstance(value[name], str):
        refuse(f"{name} is text")
    return str(value[name])


def _whole(value: Mapping[str, Any], name: str) -> int:
    number = value[name]
    if type(number) is not int or not 0 <= number < _WHOLE_MAX:
        refuse(f"{name} is a whole number")
    return int(number)


def _instant(body: Mapping[str, Any]) -> datetime:
    text = _text(body, "at")
    if not _INSTANT.fullmatch(text):
        refuse("at is a UTC time")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        refuse("at is a UTC time")
