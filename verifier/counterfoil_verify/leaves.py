"""Log leaves: canonical JSON of versioned facts, and the call leaf's one regular expression."""

import re
from dataclasses import dataclass

from counterfoil_verify import canonical
from counterfoil_verify.canonical import Json
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import WHOLE_MAX, Record
from counterfoil_verify.merkle import leaf_hash

STEP = "leaves"
LEAF_BYTES_MAX = 2048
VERSION = 1
AT_LENGTH = len("2026-01-01T00:00:00.000000Z")
CALL = "call"
LANE_OPENED = "lane_opened"
LICENCE_REVOKED = "licence_revoked"
EVIDENCE_MODE = "evidence_mode"
PER_REQUEST = "per_request"
SIGNED = "signed"

CallFields = tuple[bytes, ...]
"""What `match_call` captures; the signature's member is empty in a call without one."""

# Numbers of full length are left to the general reader, which knows their exact bounds.
_WHOLE = rb"(0|[1-9][0-9]{0,14})"
_AMOUNT = rb'"(0|[1-9][0-9]{0,17})"'
_HASH = rb'"[0-9a-f]{64}"'
_CAPTURED_HASH = rb'"([0-9a-f]{64})"'
_TEXT = rb'"[ !#-\[\]-~]{1,128}"'
_TIME = rb"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}"
_INSTANT = rb'"([0-9]{4}-[0-9]{2}-[0-9]{2}T' + _TIME + rb'Z)"'

# The one member that a call may lack.
_SIGNED = rb'((?:"signed":"[0-9a-f]{64}",)?)'

# The members of a call leaf in canonical order. What the lanes need is captured: amount, time,
# currency, lane with licence as one piece (they are neighbours), number, previous, signature,
# totals, units.
_CALL_MEMBERS: dict[str, bytes] = {
    "amount": _AMOUNT,
    "at": _INSTANT,
    "blind": rb'"[0-9a-f]{32}"',
    "currency": rb'"([A-Z]{3})"',
    "detail": _HASH,
    "lane": rb'((?:0|[1-9][0-9]{0,14}),"licence":"[ !#-\[\]-~]{1,128}")',
    "n": rb"([1-9][0-9]{0,14})",
    "outcome": _TEXT,
    "plan": _HASH,
    "previous": _CAPTURED_HASH,
    "request": _HASH,
    "response": _HASH,
    "scenario": _TEXT,
    "signed": b"",
    "total_amount": _AMOUNT,
    "total_units": _WHOLE,
    "type": b'"call"',
    "units": _WHOLE,
    "v": b"1",
    "version": _TEXT,
}
_CALL_LEAF = re.compile(
    rb"\{" + b"".join(
        b'"%s":%s,' % (name.encode(), form) if form else _SIGNED
        for name, form in _CALL_MEMBERS.items()
    ).removesuffix(b",")
    + rb"\}"
)  # fmt: skip
match_call = _CALL_LEAF.fullmatch
"""Matches the canonical bytes of a plain call leaf, at a third of the cost of parsing them.

Whether the day exists is all that it leaves open; the audit looks at each day once.
"""


@dataclass(frozen=True)
class Leaf:
    """One canonical leaf with its hash."""

    entry: bytes
    hash: bytes
    type: str
    at: int
    record: Record


@dataclass(frozen=True)
class LanePoint:
    """A lane as one of its leaves states it: the running totals after that leaf."""

    licence: str
    lane: int
    n: int
    total_units: int
    total_amount: int
    currency: str
    at: int


@dataclass(frozen=True)
class Call:
    """What a call leaf says, with amounts in units of 10⁻⁸."""

    leaf: Leaf
    point: LanePoint
    units: int
    amount: int
    previous: bytes


def parse_leaf(entry: bytes) -> Leaf:
    """Any leaf: canonical, versioned, blinded, of admissible values, within 2048 bytes."""
    try:
        value = canonical.parse(entry, bytes_max=LEAF_BYTES_MAX)
    except Rejected as error:
        raise error.within(STEP) from error
    record = Record(STEP, value, "the leaf")
    _check_values(value)
    require(record.whole("v") == VERSION, STEP, "not a leaf of version 1")
    record.hexadecimal("blind", 16)
    is_full = len(record.text("at")) == AT_LENGTH
    require(is_full, STEP, "at is not written to the microsecond")
    return Leaf(entry, leaf_hash(entry), record.text("type"), record.instant("at"), record)


def _check_values(whole: Json) -> None:
    """Value by value and not by recursion: brackets within 2048 bytes go deeper than a stack."""
    left = [whole]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            require(all(key.isascii() for key in value), STEP, "a key is not ASCII")
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
        elif type(value) is int:
            require(0 <= value < WHOLE_MAX, STEP, "a number is outside 0 … 2⁵³ − 1")
        else:
            require(isinstance(value, str), STEP, "a value is neither text, number, list nor map")


def parse_call(leaf: Leaf) -> Call:
    """A leaf as a call; Rejected when it is of another type or lacks a member."""
    record = leaf.record
    require(leaf.type == CALL, STEP, f"a leaf of type {leaf.type[:40]!r} where a call is due")
    for name in ("request", "response", "detail", "plan"):
        record.hexadecimal(name, 32)
    if SIGNED in record.members:
        record.hexadecimal(SIGNED, 32)
    for name in ("version", "scenario", "outcome"):
        record.text(name)
    call = Call(
        leaf=leaf,
        point=_call_point(leaf),
        units=record.whole("units"),
        amount=record.amount("amount"),
        previous=record.hexadecimal("previous", 32),
    )
    require(call.point.n > 0, STEP, "calls are numbered from 1")
    return call


def _call_point(leaf: Leaf) -> LanePoint:
    record = leaf.record
    return LanePoint(
        licence=record.text("licence"),
        lane=record.whole("lane"),
        n=record.whole("n"),
        total_units=record.whole("total_units"),
        total_amount=record.amount("total_amount"),
        currency=record.text("currency"),
        at=leaf.at,
    )


def lane_point(leaf: Leaf) -> LanePoint:
    """Where a lane stands after one of its leaves; its opening stands at number and totals zero."""
    if leaf.type == CALL:
        return parse_call(leaf).point
    require(leaf.type == LANE_OPENED, STEP, f"a leaf of type {leaf.type[:40]!r} in a lane")
    record = leaf.record
    record.hexadecimal("plan", 32)
    return LanePoint(record.text("licence"), record.whole("lane"), 0, 0, 0, "", leaf.at)


def call_fields(leaf: Leaf) -> CallFields:
    """The values that `match_call` captures, for a call leaf that it does not know by heart."""
    call, text = parse_call(leaf), leaf.record.text
    point = call.point
    return (
        b"%d" % call.amount,
        text("at").encode(),
        point.currency.encode(),
        b'%d,"licence":%s' % (point.lane, canonical.encode(point.licence)),
        b"%d" % point.n,
        call.previous.hex().encode(),
        b'"signed":"%s",' % text(SIGNED).encode() if SIGNED in leaf.record.members else b"",
        b"%d" % point.total_amount,
        b"%d" % point.total_units,
        b"%d" % call.units,
    )
