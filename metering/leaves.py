"""The log leaves of a meter lane: exactly the bytes that are hashed, signed and logged.

Canonical JSON with sorted keys. What is made on every metered call is written from templates; tests
hold them equal to `canonical_bytes`.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.core.canonical import canonical_bytes, canonical_text

LEAF_BYTES_MAX = 2048


def leaf_hash(leaf: bytes) -> bytes:
    """The leaf's hash in the tree (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def lane_opened_leaf(*, licence_id: str, lane: int, plan_hash: str, at: str, blind: str) -> bytes:
    """The first leaf of a lane; its hash is ``previous`` of the first call."""
    return canonical_bytes(
        {
            "v": 1,
            "type": "lane_opened",
            "licence": licence_id,
            "lane": lane,
            "plan": plan_hash,
            "at": at,
            "blind": blind,
        }
    )


@dataclass(frozen=True, slots=True)
class LaneNames:
    """What every leaf of a lane repeats; all of it ASCII without characters to escape."""

    licence_id: str
    version_id: str
    scenario_id: str
    plan_hash: str
    currency: str
    lane: int

    def __post_init__(self) -> None:
        texts = (self.licence_id, self.version_id, self.scenario_id, self.plan_hash, self.currency)
        # The template does not escape; ids and hashes never need it.
        assert all(text.isascii() and text.isprintable() for text in texts)
        assert not any('"' in text or "\\" in text for text in texts)


class CallFacts(NamedTuple):
    """What one call adds to the leaf; digests in hexadecimal."""

    units: int
    amount: int
    outcome: str
    at: str
    request: str
    response: str
    detail: str
    blind: str
    signed: str | None = None
    """Commitment to the request that the buyer signed, where the licence asks for one."""


def call_leaf(
    names: LaneNames,
    facts: CallFacts,
    *,
    n: int,
    total_units: int,
    total_amount: int,
    previous: str,
) -> bytes:
    """The leaf of call ``n`` of a lane; amounts are decimal integers at scale 10⁻⁸ as text."""
    signed = "" if facts.signed is None else f'"signed":"{facts.signed}",'
    return (
        f'{{"amount":"{facts.amount}","at":"{facts.at}","blind":"{facts.blind}",'
        f'"currency":"{names.currency}","detail":"{facts.detail}","lane":{names.lane},'
        f'"licence":"{names.licence_id}","n":{n},"outcome":"{facts.outcome}",'
        f'"plan":"{names.plan_hash}","previous":"{previous}","request":"{facts.request}",'
        f'"response":"{facts.response}","scenario":"{names.scenario_id}",{signed}'
        f'"total_amount":"{total_amount}","total_units":{total_units},"type":"call",'
        f'"units":{facts.units},"v":1,"version":"{names.version_id}"}}'
    ).encode("ascii")


def detail_record(
    *,
    body_bytes: int,
    key_id: str,
    listing_code: str,
    method: str,
    request_id: str,
    status: int,
    consent_id: str | None = None,
    purpose: str | None = None,
) -> bytes:
    """The canonical bytes of what a receipt tells beyond its leaf.

    ``consent`` is named where the call rested on one, ``purpose`` where it is known what the call
    was for; neither is there otherwise.
    """
    consent = b"" if consent_id is None else b'"consent":' + canonical_text(consent_id) + b","
    said = b"" if purpose is None else b',"purpose":' + canonical_text(purpose)
    return b"".join(
        (
            b'{"body_bytes":%d,' % body_bytes,
            consent,
            b'"key":',
            canonical_text(key_id),
            b',"listing":',
            canonical_text(listing_code),
            b',"method":',
            canonical_text(method),
            said,
            b',"request_id":',
            canonical_text(request_id),
            b',"status":%d}' % status,
        )
    )


class Commitments:
    """The keyed digests of a call, all under its own key, and each of a domain of its own."""

    __slots__ = ("_keyed",)

    def __init__(self, detail_key: bytes) -> None:
        # Not hmac.digest: it gives up the interpreter's lock, for a microsecond each time.
        self._keyed = hmac.new(detail_key, digestmod="sha256")

    def request(self, method: str, listing_code: str, parameters: Any) -> str:
        """Of a call's input; keyed, because inputs can be guessed."""
        return self._of(
            b'request\x00{"listing":%b,"method":%b,"parameters":%b}'
            % (canonical_text(listing_code), canonical_text(method), canonical_bytes(parameters))
        )

    def response(self, body: bytes) -> str:
        """Of exactly the bytes that the buyer was sent."""
        return self._of(b"response\x00" + body)

    def detail(self, detail: bytes) -> str:
        """Of the detail record, given its canonical bytes."""
        return self._of(b"detail\x00" + detail)

    def signed(self, request: Mapping[str, str]) -> str:
        """Of what the buyer signed: base, key and signature."""
        return self._of(b"signed\x00" + canonical_bytes(dict(request)))

    def _of(self, message: bytes) -> str:
        digest = self._keyed.copy()
        digest.update(message)
        return digest.hexdigest()
