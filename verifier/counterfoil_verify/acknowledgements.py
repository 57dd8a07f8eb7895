"""Buyers' acknowledgements: a signature over a licence's running totals, made by the buyer.

What a buyer has acknowledged, the exchange cannot have invented; what lies behind it is all that
can be in dispute.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil_verify import canonical
from counterfoil_verify.canonical import Json
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import HASH_SIZE, Record
from counterfoil_verify.keys import BUYERS_SUFFIX, Key, named_key, parse_vkey
from counterfoil_verify.money.invoices import InvoiceEvidence

STEP = "acknowledgement"
FORMAT = "counterfoil-acknowledgement/1"
DOMAIN = b"counterfoil/acknowledgement/v1\x00"
BYTES_MAX = 262_144
LANES_MAX = 1_024


@dataclass(frozen=True)
class AcknowledgedLane:
    """A lane up to and including call `n`, as the buyer's own receipts show it; amounts at 10⁻⁸."""

    lane: int
    n: int
    total_units: int
    total_amount: int
    leaf: bytes

    @property
    def document(self) -> dict[str, Json]:
        """The lane as it is signed."""
        return {
            "lane": self.lane,
            "n": self.n,
            "total_units": self.total_units,
            "total_amount": str(self.total_amount),
            "leaf": self.leaf.hex(),
        }


@dataclass(frozen=True)
class Acknowledgement:
    """An acknowledgement as read; only `check_acknowledgement` makes it evidence."""

    licence: str
    at: int
    lanes: tuple[AcknowledgedLane, ...]
    key: Key
    signature: bytes
    record: Record

    def covers(self, lane: int) -> int:
        """The last call of a lane that is acknowledged; 0 for none."""
        return next((each.n for each in self.lanes if each.lane == lane), 0)


def buyer_key(name: str, key: Ed25519PrivateKey) -> Key:
    """The verification key of a buyer's private key; its name ends in `/acknowledgements`."""
    require(name.endswith(BUYERS_SUFFIX), STEP, f"the key's name does not end in {BUYERS_SUFFIX}")
    return named_key(name, key)


def sign_acknowledgement(
    licence: str, lanes: Iterable[AcknowledgedLane], *, at: str, name: str, key: Ed25519PrivateKey
) -> bytes:
    """The acknowledgement's canonical JSON; ``at`` as leaves write times."""
    body: Json = {"licence": licence, "at": at, "lanes": [lane.document for lane in lanes]}
    signature = key.sign(DOMAIN + canonical.encode(body))
    return canonical.encode(
        {
            "format": FORMAT,
            "acknowledgement": body,
            "key": buyer_key(name, key).text,
            "signature": base64.b64encode(signature).decode(),
        }
    )


def parse_acknowledgement(data: bytes) -> Acknowledgement:
    """An acknowledgement from JSON; lanes stand in the order of their numbers."""
    try:
        value = canonical.parse(data.removesuffix(b"\n"), bytes_max=BYTES_MAX, is_strict=False)
        return _read(Record(STEP, value, "the acknowledgement"))
    except Rejected as error:
        raise error.within(STEP) from error


def _read(record: Record) -> Acknowledgement:
    record.only("format", "acknowledgement", "key", "signature")
    require(record.text("format") == FORMAT, STEP, f"the format is not {FORMAT}")
    body = record.record("acknowledgement")
    body.only("licence", "at", "lanes")
    lanes = tuple(_read_lane(lane) for lane in body.records("lanes", LANES_MAX))
    numbers = [lane.lane for lane in lanes]
    require(
        numbers == sorted(set(numbers)), STEP, "the lanes are not in the order of their numbers"
    )
    return Acknowledgement(
        licence=body.text("licence"),
        at=body.instant("at"),
        lanes=lanes,
        key=parse_vkey(record.text("key")),
        signature=record.base64("signature", 64),
        record=body,
    )


def _read_lane(record: Record) -> AcknowledgedLane:
    record.only("lane", "n", "total_units", "total_amount", "leaf")
    return AcknowledgedLane(
        lane=record.whole("lane"),
        n=record.whole("n"),
        total_units=record.whole("total_units"),
        total_amount=record.amount("total_amount"),
        leaf=record.hexadecimal("leaf", HASH_SIZE),
    )


def check_acknowledgement(found: Acknowledgement, buyers: Iterable[Key]) -> Key:
    """The buyer's key; Rejected unless it is trusted and made the signature."""
    trusted = [key for key in buyers if key == found.key]
    require(trusted, STEP, f"no trusted buyer's key is {found.key.name[:200]!r} with this key id")
    found.key.verify(DOMAIN + canonical.encode(dict(found.record.members)), found.signature, STEP)
    return found.key


def unacknowledged(evidence: InvoiceEvidence, found: Acknowledgement) -> list[tuple[int, int]]:
    """Per lane of an invoice, how many of its calls the buyer has not acknowledged.

    Rejected where the acknowledgement is of another licence or contradicts a leaf of the invoice.
    """
    invoice = evidence.invoice
    require(found.licence == invoice.licence, STEP, "it is of another licence")
    tails = []
    for lane in evidence.lanes:
        opening, closing = lane.opening.point, lane.closing.point
        acknowledged = next((each for each in found.lanes if each.lane == lane.lane), None)
        for proven in (lane.opening, lane.closing):
            if acknowledged is not None and acknowledged.n == proven.point.n:
                same = acknowledged.leaf == proven.leaf.hash
                require(same, STEP, f"lane {lane.lane}: another leaf for number {proven.point.n}")
        tails.append(
            (lane.lane, closing.n - min(max(found.covers(lane.lane), opening.n), closing.n))
        )
    return tails
