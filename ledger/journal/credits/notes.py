"""Credits as pure functions: who gives back what, the note, and its evidence.

A credit names the charges that it corrects. Each is unwound from its top (`unwound_shares`), so
that everybody who received of it, contributors too, gives back exactly the line that it was, also
when it has been paid out since.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.core.canonical import base64_text, canonical_bytes, digest_hex
from app.core.clock import iso_instant
from app.core.ids import LicenceId
from ledger.journal.books.splits import unwound_shares
from ledger.journal.evidence.leaves import LedgerProofs
from ledger.journal.ids import CreditId

FORMAT = "counterfoil-credit-note/1"

EVIDENCE_FORMAT = "counterfoil-credit-note-evidence/1"

SIGNATURE_DOMAIN = b"counterfoil/credit-note/v1\x00"

CALL, ORDER, PERIOD = "call", "order", "period"
"""What a credit can correct: a metered call, an order's price, or a period's fee."""

REASON_CODES = (
    "wrong_data",
    "stale_data",
    "not_delivered",
    "charged_twice",
    "wrong_price",
    "service_failure",
    "goodwill",
)


@dataclass(frozen=True)
class PeriodLeft:
    """What may still be credited of the calls of periods that a true-up gave back of."""

    periods: tuple[int, ...]
    amount: int


@dataclass(frozen=True)
class Correction:
    """A charge and what of it is given back; amounts in 10⁻⁸ units.

    ``total_amount_before`` is the running total that the charge raised (0 for a charge of its own);
    ``fact_hash`` is the call's leaf hash, or the digest of what was booked. ``period_left`` bounds
    the credits of a call together with those of its period, once a true-up gave of that.
    """

    kind: str
    reference: str
    fact_hash: str
    total_amount_before: int
    charged_amount: int
    amount: int
    period_left: PeriodLeft | None = None


@dataclass(frozen=True)
class NoteFacts:
    """Everything that a credit note states."""

    credit_id: CreditId
    licence_id: LicenceId
    n: int
    currency: str
    reason_code: str
    amount: int
    total_amount: int
    corrections: Sequence[Correction]
    given_at: datetime


def within_periods(corrections: Sequence[Correction]) -> list[Correction]:
    """The corrections, in their order, with whole calls cut to what is left of their periods.

    Calls of which nothing is left are left out, as free ones are: they cost nothing in the end.
    """
    given: Counter[tuple[int, ...]] = Counter()
    kept = []
    for each in corrections:
        cut = each
        if each.period_left is not None:
            left = max(0, each.period_left.amount - given[each.period_left.periods])
            if each.amount == each.charged_amount:
                cut = replace(each, amount=min(each.amount, left))
            given[each.period_left.periods] += cut.amount
        if cut.amount:
            kept.append(cut)
    return kept


def first_beyond_period(corrections: Sequence[Correction]) -> tuple[Correction, int] | None:
    """The first correction that its period no longer holds, and what it held (10⁻⁸ units)."""
    given: Counter[tuple[int, ...]] = Counter()
    for each in corrections:
        if each.period_left is not None:
            left = each.period_left.amount - given[each.period_left.periods]
            if each.amount > left:
                return each, left
            given[each.period_left.periods] += each.amount
    return None


def corrects_hash(corrections: Sequence[Correction]) -> str:
    """The digest over everything that is corrected; for one charge alone, its own hash."""
    if len(corrections) == 1:
        return corrections[0].fact_hash
    return digest_hex([correction.fact_hash for correction in corrections])


def unwound_parts(
    corrections: Sequence[Correction], credited: Mapping[str, int], split: Mapping[str, int]
) -> dict[str, int]:
    """What each part gives back; ``credited`` is what a reference gave back before.

    Raises `ValueError` when a correction exceeds what is left of its charge.
    """
    parts: Counter[str] = Counter()
    for correction in corrections:
        unwound = unwound_shares(
            correction.amount,
            charged=correction.charged_amount,
            credited=credited.get(correction.reference, 0),
            total_before=correction.total_amount_before,
            split=split,
        )
        parts.update(unwound)
    return dict(parts)


def note_document(facts: NoteFacts) -> dict[str, Any]:
    """The credit note as a JSON value; amounts are whole numbers of 10⁻⁸ units in text."""
    return {
        "format": FORMAT,
        "credit": facts.credit_id,
        "licence": facts.licence_id,
        "n": facts.n,
        "currency": facts.currency,
        "reason": facts.reason_code,
        "amount": str(facts.amount),
        "total_amount": str(facts.total_amount),
        "corrects": corrects_hash(facts.corrections),
        "lines": [_line(correction) for correction in facts.corrections],
        "given_at": iso_instant(facts.given_at),
    }


def signed_bytes(document: dict[str, Any]) -> bytes:
    """What the statement key signs."""
    return SIGNATURE_DOMAIN + canonical_bytes(document)


def evidence_document(
    *,
    document: dict[str, Any],
    signature: bytes,
    key_name: str,
    leaf_hashes: Sequence[str],
    proofs: LedgerProofs,
) -> dict[str, Any]:
    """The note with the leaves of all of the licence's credits up to it: none can be hidden."""
    return {
        "format": EVIDENCE_FORMAT,
        "note": document,
        "signature": base64_text(signature),
        "key": key_name,
        "credits": [proofs.leaves[each].document for each in leaf_hashes],
        **proofs.heads,
    }


def _line(correction: Correction) -> dict[str, Any]:
    return {
        "kind": correction.kind,
        "reference": correction.reference,
        "corrects": correction.fact_hash,
        "charged_amount": str(correction.charged_amount),
        "amount": str(correction.amount),
    }


CALLS_MAX = 100
