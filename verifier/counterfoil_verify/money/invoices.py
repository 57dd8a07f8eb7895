"""Invoice evidence: a bill proved by the opening and the closing leaf of every meter lane."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from counterfoil_verify import canonical
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import Record
from counterfoil_verify.keys import Key, Keyring
from counterfoil_verify.leaves import LANE_OPENED, LanePoint, lane_point
from counterfoil_verify.log.succession import MEMBER, NO_HEADS, Heads, Link, place_of, read_links
from counterfoil_verify.merkle import Head
from counterfoil_verify.money.evidence import (
    FORMAT_STEP,
    MINOR_UNIT,
    PlacedLeaf,
    check_statement_key,
    parse_evidence,
    read_checkpoint,
    read_placed,
)

LANES_STEP = "lanes"
SUMS_STEP = "sums"

FORMAT = "counterfoil-invoice-evidence/1"
DOMAIN = b"counterfoil/invoice/v1\x00"
EVIDENCE_BYTES_MAX = 4_194_304
LANES_MAX = 1_024


@dataclass(frozen=True)
class InvoiceLine:
    """What the invoice says of one lane."""

    lane: int
    opening_n: int
    closing_n: int
    units: int
    amount: int
    carried: int
    """Calls from before the period, committed after the invoice of their own."""


@dataclass(frozen=True)
class Invoice:
    """What the exchange asks for; amounts in units of 10⁻⁸, times in microseconds since 1970."""

    invoice_id: str
    licence: str
    currency: str
    starts_at: int
    ends_at: int
    issued_at: int
    lines: tuple[InvoiceLine, ...]
    record: Record

    def covers(self, at: int) -> bool:
        """Whether the instant is inside the period: its start included, its end not."""
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True)
class ProvenLeaf(PlacedLeaf):
    """A leaf of a lane, and where the lane stood after it."""

    point: LanePoint


@dataclass(frozen=True)
class LaneEvidence:
    """The last leaf of a lane before the period, and the last one inside it."""

    lane: int
    opening: ProvenLeaf
    closing: ProvenLeaf


@dataclass(frozen=True)
class InvoiceEvidence:
    """Invoice evidence as read; only the checks below make it evidence."""

    invoice: Invoice
    key: str
    signature: bytes
    lanes: tuple[LaneEvidence, ...]
    checkpoint: bytes
    predecessors: tuple[Link, ...] = ()

    @cached_property
    def signed_ends(self) -> dict[int, int]:
        """The closing number of each lane, as the signed invoice has it."""
        return {line.lane: line.closing_n for line in self.invoice.lines}

    @cached_property
    def leaves_at(self) -> dict[tuple[str, int, int], set[bytes]]:
        """The hashes of the leaves shown, by licence, lane and number."""
        found: dict[tuple[str, int, int], set[bytes]] = {}
        for lane in self.lanes:
            for proven in (lane.opening, lane.closing):
                point = proven.point
                place = (point.licence, point.lane, point.n)
                found.setdefault(place, set()).add(proven.leaf.hash)
        return found

    def place_of(self, leaf: ProvenLeaf) -> tuple[int, int]:
        """Where the leaf stands in the order of the whole log."""
        return place_of(self.predecessors, leaf.origin, leaf.index, step=LANES_STEP)


def parse_invoice(data: bytes, *, is_strict: bool = True) -> InvoiceEvidence:
    """Invoice evidence from its canonical JSON, or not strictly from any spelling of it."""
    return parse_evidence(
        data, _read, name="the invoice evidence", bytes_max=EVIDENCE_BYTES_MAX, is_strict=is_strict
    )


def _read(record: Record) -> InvoiceEvidence:
    members = ("format", "invoice", "signature", "key", "lanes", "lane_count", "checkpoint")
    record.only(*members, optional=(MEMBER,))
    require(record.text("format") == FORMAT, FORMAT_STEP, f"the format is not {FORMAT}")
    evidence = InvoiceEvidence(
        invoice=_read_invoice(record.record("invoice")),
        key=record.text("key"),
        signature=record.base64("signature", 64),
        lanes=tuple(_read_lane(lane) for lane in record.records("lanes", LANES_MAX)),
        checkpoint=read_checkpoint(record),
        predecessors=read_links(record),
    )
    count = record.whole("lane_count")
    require(count == len(evidence.lanes), FORMAT_STEP, f"{count} lanes are counted, not shown")
    return evidence


def _read_invoice(record: Record) -> Invoice:
    period = record.record("period")
    period.only("from", "until")
    for name in ("units", "usage_amount", "charged_amount", "rounding_amount"):
        require(name in record.members, FORMAT_STEP, f"{name} is missing")
    return Invoice(
        invoice_id=record.text("invoice_id"),
        licence=record.text("licence"),
        currency=record.text("currency"),
        starts_at=period.instant("from"),
        ends_at=period.instant("until"),
        issued_at=record.instant("issued_at"),
        lines=tuple(_read_line(line) for line in record.records("lanes", LANES_MAX)),
        record=record,
    )


def _read_line(record: Record) -> InvoiceLine:
    return InvoiceLine(
        lane=record.whole("lane"),
        opening_n=record.whole("opening_n"),
        closing_n=record.whole("closing_n"),
        units=record.whole("units"),
        amount=record.amount("amount"),
        carried=record.whole("carried") if "carried" in record.members else 0,
    )


def _read_lane(record: Record) -> LaneEvidence:
    record.only("lane", "opening", "closing")
    opening = _read_leaf(record.record("opening"))
    return LaneEvidence(record.whole("lane"), opening, _read_leaf(record.record("closing")))


def _read_leaf(record: Record) -> ProvenLeaf:
    placed = read_placed(PlacedLeaf, record)
    return ProvenLeaf(**vars(placed), point=lane_point(placed.leaf))


def check_signature(
    evidence: InvoiceEvidence, keyring: Keyring, origin: str, earlier: Heads = NO_HEADS
) -> Key:
    """Reject unless a trusted statement key of the log's operator signed the invoice."""
    message = DOMAIN + canonical.encode(dict(evidence.invoice.record.members))
    return check_statement_key(evidence, message, keyring, origin=origin, earlier=earlier)


def check_inclusions(evidence: InvoiceEvidence, head: Head, earlier: Heads = NO_HEADS) -> int:
    """How many leaves were shown to be under the heads; Rejected when one is not."""
    leaves = [leaf for lane in evidence.lanes for leaf in (lane.opening, lane.closing)]
    for proven in leaves:
        proven.check(head, earlier)
    return len(leaves)


def check_lanes(evidence: InvoiceEvidence) -> None:
    """Reject unless each line is its lane's closing totals minus its opening totals."""
    invoice, lines = evidence.invoice, evidence.invoice.lines
    is_over = invoice.starts_at < invoice.ends_at <= invoice.issued_at
    require(is_over, LANES_STEP, "it was issued before its period was over")
    numbers = [line.lane for line in lines]
    shown = [lane.lane for lane in evidence.lanes]
    require(numbers == shown, LANES_STEP, "the lanes billed are not the lanes shown")
    due = list(range(1, len(numbers) + 1))
    require(numbers == due, LANES_STEP, "the lanes are not numbered from 1 without a gap")
    for line, lane in zip(lines, evidence.lanes, strict=True):
        for reason in _faults(evidence, line, lane):
            raise Rejected(LANES_STEP, f"lane {line.lane}: {reason}")


def _faults(evidence: InvoiceEvidence, line: InvoiceLine, lane: LaneEvidence) -> Iterator[str]:
    invoice = evidence.invoice
    opening, closing = lane.opening.point, lane.closing.point
    for point in (opening, closing):
        if (point.licence, point.lane) != (invoice.licence, line.lane):
            yield "a leaf of another licence or lane"
        if point.n and point.currency != invoice.currency:
            yield "a leaf in another currency"
    if (opening.n, closing.n) != (line.opening_n, line.closing_n):
        yield "the leaves have other numbers than the line"
    yield from _order_faults(evidence, lane)
    yield from _period_faults(invoice, line, lane)
    if closing.total_units - opening.total_units != line.units:
        yield "the units are not closing minus opening"
    if closing.total_amount - opening.total_amount != line.amount:
        yield "the amount is not closing minus opening"


def _order_faults(evidence: InvoiceEvidence, lane: LaneEvidence) -> Iterator[str]:
    opening, closing = lane.opening, lane.closing
    if opening.point.n > closing.point.n:
        yield "it closes before it opens"
    if opening.point.n == closing.point.n and opening.leaf.hash != closing.leaf.hash:
        yield "two leaves of one number"
    is_behind = evidence.place_of(opening) < evidence.place_of(closing)
    if opening.point.n < closing.point.n and not is_behind:
        yield "the closing leaf is not behind the opening leaf in the log"


def _period_faults(invoice: Invoice, line: InvoiceLine, lane: LaneEvidence) -> Iterator[str]:
    opening, closing = lane.opening, lane.closing
    calls = closing.point.n - opening.point.n
    if opening.leaf.type != LANE_OPENED and opening.leaf.at >= invoice.starts_at:
        yield "the opening leaf is not before the period"
    if line.carried > calls:
        yield "more calls are carried over than billed"
    is_before = closing.leaf.at < invoice.starts_at
    if calls and is_before and line.carried != calls:
        yield "the closing leaf is outside the period"
    if calls and not is_before and (line.carried == calls or not invoice.covers(closing.leaf.at)):
        yield "the closing leaf is outside the period"


def _rounded(amount: int) -> int:
    """Half-up to the minor unit, away from zero below it."""
    rounded = (abs(amount) + MINOR_UNIT // 2) // MINOR_UNIT * MINOR_UNIT
    return rounded if amount >= 0 else -rounded


def check_sums(evidence: InvoiceEvidence) -> int:
    """The total amount in units of 10⁻⁸; Rejected when a sum or the rounding is wrong."""
    record, lines = evidence.invoice.record, evidence.invoice.lines
    usage = sum(line.amount for line in lines)
    charged = _rounded(usage)
    with_units = record.whole("units") == sum(line.units for line in lines)
    require(with_units, SUMS_STEP, "the units are not the sum of the lanes")
    require(record.amount("usage_amount") == usage, SUMS_STEP, "the usage amount is not the sum")
    rounded = record.amount("charged_amount") == charged
    require(rounded, SUMS_STEP, "the charged amount is not rounded half-up to the minor unit")
    rest = record.signed_amount("rounding_amount") == charged - usage
    require(rest, SUMS_STEP, "the rounding amount is not charged minus usage")
    lines_read = record.records("lines", LANES_MAX) if "lines" in record.members else []
    amounts = [line.signed_amount("amount") for line in lines_read]
    if "tax" in record.members:
        _check_tax(record.record("tax"), [usage, *amounts])
    return _check_total(record, charged, amounts)


def _check_total(record: Record, charged: int, amounts: list[int]) -> int:
    """Usage and the charges of the period (given back: below zero), each rounded by itself."""
    total = charged + sum(_rounded(amount) for amount in amounts)
    if amounts or "total_amount" in record.members:
        is_sum = record.signed_amount("total_amount") == total
        require(is_sum, SUMS_STEP, "the total amount is not usage and charges")
    return total


def _check_tax(tax: Record, amounts: list[int]) -> None:
    """The tax inside usage and each charge: parts that sum, exactly and rounded."""
    parts = tax.records("parts", LANES_MAX + 1)
    exact = [part.signed_amount("amount") for part in parts]
    rounded = [part.signed_amount("rounded_amount") for part in parts]
    require(len(parts) == len(amounts), SUMS_STEP, "the tax has not one part for each line")
    is_sum = tax.signed_amount("amount") == sum(exact)
    require(is_sum, SUMS_STEP, "the tax is not the sum of its parts")
    for part, near, amount in zip(exact, rounded, amounts, strict=True):
        require(abs(part) <= abs(amount), SUMS_STEP, "a tax is more than what it is part of")
        is_near = near % MINOR_UNIT == 0 and abs(near - part) < MINOR_UNIT
        require(is_near, SUMS_STEP, "a tax is not rounded to a neighbouring minor unit")
    whole = tax.signed_amount("rounded_amount")
    is_whole = whole == _rounded(sum(exact)) == sum(rounded)
    require(is_whole, SUMS_STEP, "the rounded tax is not the rounded sum of its parts")
