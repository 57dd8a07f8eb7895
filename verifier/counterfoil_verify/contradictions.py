"""Fraud evidence: two statements of the exchange, both signed, that cannot both be true."""

from typing import NamedTuple

from counterfoil_verify import receipts
from counterfoil_verify.errors import Rejected
from counterfoil_verify.held import HeldReceipt, hold
from counterfoil_verify.keys import Keyring
from counterfoil_verify.log.succession import check_links, host_of
from counterfoil_verify.money import invoices
from counterfoil_verify.money.invoice_succession import check_succession
from counterfoil_verify.money.invoices import InvoiceEvidence
from counterfoil_verify.notes import Checkpoint, open_checkpoint

STEP = "contradiction"

Statement = HeldReceipt | InvoiceEvidence | Checkpoint


class Signed(NamedTuple):
    """A statement whose signature was verified, and what to call it."""

    kind: str
    statement: Statement


def read_signed(data: bytes, keyring: Keyring) -> Signed:
    """A usage receipt, invoice evidence or checkpoint, with its signature verified."""
    if invoices.FORMAT.encode() in data[:200_000]:
        return Signed("invoice", _signed_invoice(data, keyring))
    if data.lstrip().startswith(b"{") or b"\n" not in data.strip():
        receipt = receipts.parse_receipt(data, is_strict=False)
        receipts.check_signature(receipt, keyring)
        return Signed("usage receipt", hold(receipt))
    return Signed("checkpoint", open_checkpoint(data, keyring))


def _signed_invoice(data: bytes, keyring: Keyring) -> InvoiceEvidence:
    evidence = invoices.parse_invoice(data, is_strict=False)
    checkpoint = open_checkpoint(evidence.checkpoint, keyring)
    earlier = check_links(
        checkpoint, evidence.predecessors, lambda data: open_checkpoint(data, keyring)
    )
    invoices.check_signature(evidence, keyring, checkpoint.origin, earlier)
    invoices.check_inclusions(evidence, checkpoint.head, earlier)
    return evidence


def find_contradiction(first: Statement, second: Statement) -> str:
    """What the two statements contradict each other in; Rejected when they do not."""
    match first, second:
        case HeldReceipt(), HeldReceipt():
            found = contradiction_between(first, second)
        case HeldReceipt(), InvoiceEvidence():
            found = first.contradicts(second)
        case InvoiceEvidence(), HeldReceipt():
            found = second.contradicts(first)
        case InvoiceEvidence(), InvoiceEvidence():
            found = _between_invoices(first, second)
        case Checkpoint(), Checkpoint():
            found = _between_checkpoints(first, second)
        case _:
            found = ""
    if not found:
        raise Rejected(STEP, "the two statements can both be true")
    return found


def contradiction_between(first: HeldReceipt, second: HeldReceipt) -> str:
    """What two receipts contradict each other in; empty when both can be true."""
    earlier, later = sorted((first, second), key=lambda item: item.place)
    if earlier.leaf == later.leaf or earlier.place[:2] != later.place[:2]:
        return ""
    if earlier.place == later.place:
        return f"two different leaves for number {later.point.n} of one lane"
    if later.point.n == earlier.point.n + 1:
        return later.fault_after(earlier)
    is_less = (
        later.point.total_units < earlier.point.total_units + later.units
        or later.point.total_amount < earlier.point.total_amount + later.amount
    )
    return "the later running total is too small" if is_less else ""


def _between_invoices(first: InvoiceEvidence, second: InvoiceEvidence) -> str:
    """Two leaves of one number, both proven; two bills under one id; two bills of one time."""
    for place in (*first.leaves_at, *second.leaves_at):
        shown = first.leaves_at.get(place, set()) | second.leaves_at.get(place, set())
        if len(shown) > 1:
            return f"two different leaves for number {place[2]} of one lane"
    if host_of(host_of(first.key)) != host_of(host_of(second.key)):
        return ""
    ours, theirs = first.invoice, second.invoice
    if ours.invoice_id == theirs.invoice_id:
        is_same = ours.record.members == theirs.record.members
        return "" if is_same else f"two different invoices {ours.invoice_id}"
    try:
        check_succession((ours, theirs))
    except Rejected as error:
        return error.reason
    return ""


def _between_checkpoints(first: Checkpoint, second: Checkpoint) -> str:
    is_fork = (
        first.origin == second.origin
        and first.head.tree_size == second.head.tree_size
        and first.head.root_hash != second.head.root_hash
    )
    return f"two root hashes for size {first.head.tree_size} of one log" if is_fork else ""
