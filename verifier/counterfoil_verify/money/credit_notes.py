"""Credit note evidence: money given back, and the leaves of all of a licence's credits up to it.

A licence's credits are numbered from 1 and carry a running total. The evidence shows every one of
them, so a credit that was hidden, or told to somebody with another number, does not fit in.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from counterfoil_verify import canonical
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import Record
from counterfoil_verify.keys import Key, Keyring
from counterfoil_verify.log.succession import MEMBER, NO_HEADS, Heads, Link, place_of, read_links
from counterfoil_verify.merkle import Head
from counterfoil_verify.money.evidence import (
    FORMAT_STEP,
    PlacedLeaf,
    check_statement_key,
    parse_evidence,
    read_checkpoint,
    read_placed,
)

CREDITS_STEP = "credits"
NOTE_STEP = "note"
SUMS_STEP = "sums"

FORMAT = "counterfoil-credit-note-evidence/1"
NOTE_FORMAT = "counterfoil-credit-note/1"
DOMAIN = b"counterfoil/credit-note/v1\x00"
CREDIT = "credit"
EVIDENCE_BYTES_MAX = 16_777_216
CREDITS_MAX = 4_096
LINES_MAX = 1_024
_NOTE_MEMBERS = (
    "format", "credit", "licence", "n", "currency", "reason", "amount", "total_amount",
    "corrects", "lines", "given_at",
)  # fmt: skip
_LEAF_MEMBERS = (
    "v", "type", "at", "blind", "credit", "licence", "n", "currency", "reason", "amount",
    "total_amount", "corrects_hash", "note_hash",
)  # fmt: skip


@dataclass(frozen=True)
class CreditLine:
    """A charge that is corrected, and what of it is given back, in units of 10⁻⁸."""

    corrects: str
    charged: int
    amount: int


@dataclass(frozen=True)
class CreditNote:
    """What the exchange says that it gave back; amounts in units of 10⁻⁸."""

    credit: str
    licence: str
    n: int
    currency: str
    reason: str
    amount: int
    total: int
    corrects: str
    lines: tuple[CreditLine, ...]
    record: Record


@dataclass(frozen=True)
class CreditLeaf(PlacedLeaf):
    """A credit as its leaf states it."""

    @property
    def n(self) -> int:
        """The credit's number within its licence."""
        return self.leaf.record.whole("n")

    @property
    def amount(self) -> int:
        """What this credit gave back."""
        return self.leaf.record.amount("amount")

    @property
    def total(self) -> int:
        """What all credits of the licence up to this one gave back."""
        return self.leaf.record.amount("total_amount")


@dataclass(frozen=True)
class CreditEvidence:
    """Credit note evidence as read; only the checks below make it evidence."""

    note: CreditNote
    key: str
    signature: bytes
    credits: tuple[CreditLeaf, ...]
    checkpoint: bytes
    predecessors: tuple[Link, ...] = ()


def parse_credit_note(data: bytes, *, is_strict: bool = True) -> CreditEvidence:
    """Evidence from its canonical JSON, or not strictly from any spelling of it."""
    return parse_evidence(
        data,
        _read,
        name="the credit note evidence",
        bytes_max=EVIDENCE_BYTES_MAX,
        is_strict=is_strict,
    )


def _read(record: Record) -> CreditEvidence:
    members = ("format", "note", "signature", "key", "credits", "checkpoint")
    record.only(*members, optional=(MEMBER,))
    require(record.text("format") == FORMAT, FORMAT_STEP, f"the format is not {FORMAT}")
    return CreditEvidence(
        note=_read_note(record.record("note")),
        key=record.text("key"),
        signature=record.base64("signature", 64),
        credits=tuple(_read_leaf(each) for each in record.records("credits", CREDITS_MAX)),
        checkpoint=read_checkpoint(record),
        predecessors=read_links(record),
    )


def _read_note(record: Record) -> CreditNote:
    record.only(*_NOTE_MEMBERS)
    require(record.text("format") == NOTE_FORMAT, FORMAT_STEP, f"not a {NOTE_FORMAT}")
    record.instant("given_at")
    return CreditNote(
        credit=record.text("credit"),
        licence=record.text("licence"),
        n=record.whole("n"),
        currency=record.text("currency"),
        reason=record.text("reason"),
        amount=record.amount("amount"),
        total=record.amount("total_amount"),
        corrects=record.text("corrects"),
        lines=tuple(_read_line(line) for line in record.records("lines", LINES_MAX)),
        record=record,
    )


def _read_line(record: Record) -> CreditLine:
    record.only("kind", "reference", "corrects", "charged_amount", "amount")
    for name in ("kind", "reference"):
        record.text(name)
    corrects = record.hexadecimal("corrects", 32).hex()
    return CreditLine(corrects, record.amount("charged_amount"), record.amount("amount"))


def _read_leaf(record: Record) -> CreditLeaf:
    read = read_placed(CreditLeaf, record)
    leaf = read.leaf
    require(leaf.type == CREDIT, FORMAT_STEP, f"a leaf of type {leaf.type[:40]!r}")
    leaf.record.only(*_LEAF_MEMBERS)
    require(min(read.n, read.amount, read.total) > 0, FORMAT_STEP, "a credit of nothing")
    return read


def check_signature(
    evidence: CreditEvidence, keyring: Keyring, origin: str, earlier: Heads = NO_HEADS
) -> Key:
    """Reject unless a trusted statement key of the log's operator signed the note."""
    message = DOMAIN + canonical.encode(dict(evidence.note.record.members))
    return check_statement_key(evidence, message, keyring, origin=origin, earlier=earlier)


def check_inclusions(evidence: CreditEvidence, head: Head, earlier: Heads = NO_HEADS) -> int:
    """How many leaves were shown to be under the heads; Rejected when one is not."""
    for each in evidence.credits:
        each.check(head, earlier)
    return len(evidence.credits)


def check_credits(evidence: CreditEvidence) -> None:
    """Reject unless the leaves are the licence's credits 1 to n, none missing, totals running."""
    numbers = [each.n for each in evidence.credits]
    due = list(range(1, evidence.note.n + 1))
    require(numbers == due, CREDITS_STEP, "the credits are not numbered from 1 without a gap")
    total = 0
    for each in evidence.credits:
        for reason in _faults(evidence.note, each, total):
            raise Rejected(CREDITS_STEP, f"credit {each.n}: {reason}")
        total = each.total
    links = evidence.predecessors
    places = [
        place_of(links, each.origin, each.index, step=CREDITS_STEP) for each in evidence.credits
    ]
    for n, (before, after) in enumerate(pairwise(places), start=2):
        is_behind = before < after
        reason = f"credit {n}: not behind the credit before it in the log"
        require(is_behind, CREDITS_STEP, reason)


def _faults(note: CreditNote, each: CreditLeaf, total: int) -> Iterator[str]:
    record = each.leaf.record
    if record.text("licence") != note.licence:
        yield "a leaf of another licence"
    if record.text("currency") != note.currency:
        yield "a leaf in another currency"
    if each.total != total + each.amount:
        yield "the total is not the total before and the amount"


def check_note(evidence: CreditEvidence) -> None:
    """Reject unless the last leaf is this note's own and commits to all of it."""
    require(evidence.credits, NOTE_STEP, "no leaf is shown")
    note, record = evidence.note, evidence.credits[-1].leaf.record
    stated = (note.credit, note.reason, note.corrects, note.amount, note.total)
    logged = (
        record.text("credit"),
        record.text("reason"),
        record.text("corrects_hash"),
        record.amount("amount"),
        record.amount("total_amount"),
    )
    require(stated == logged, NOTE_STEP, "the leaf states another credit")
    digest = hashlib.sha256(canonical.encode(dict(note.record.members))).hexdigest()
    require(record.text("note_hash") == digest, NOTE_STEP, "the leaf commits to another note")


def check_sums(evidence: CreditEvidence) -> int:
    """The amount given back; Rejected when a sum, a bound or the corrected charges are wrong."""
    note = evidence.note
    require(note.lines, SUMS_STEP, "no charge is named")
    is_bounded = all(0 < line.amount <= line.charged for line in note.lines)
    require(is_bounded, SUMS_STEP, "more is given back than was charged")
    is_sum = note.amount == sum(line.amount for line in note.lines)
    require(is_sum, SUMS_STEP, "the amount is not the sum of the lines")
    hashes: list[canonical.Json] = [line.corrects for line in note.lines]
    whole = hashlib.sha256(canonical.encode(hashes)).hexdigest()
    corrected = note.lines[0].corrects if len(hashes) == 1 else whole
    require(note.corrects == corrected, SUMS_STEP, "other charges are corrected than named")
    return note.amount
