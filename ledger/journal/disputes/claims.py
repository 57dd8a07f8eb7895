"""What a buyer disputes: calls by place or receipt, compared with the log and the invoices."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.ids import LicenceId
from app.core.unit_of_work import UnitOfWork
from ledger.journal.billing.invoices import queries as invoice_queries
from ledger.journal.credits import queries as credit_queries
from ledger.journal.credits.errors import AlreadyCredited
from ledger.journal.credits.notes import CALL
from ledger.journal.disputes import examination, life_cycle, receipts
from ledger.journal.disputes import queries as dispute_queries
from ledger.journal.disputes.errors import (
    CallsAlreadyDisputed,
    CallsTooOldToDispute,
    ReceiptOfAnotherLicence,
    ReceiptUnreadable,
)
from ledger.journal.disputes.examination import ExaminedCall, Finding
from ledger.journal.disputes.receipts import NotAReceipt, Receipt
from ledger.journal.evidence.leaves import LoggedCall
from ledger.journal.evidence.ports import EvidencePorts

INVOICES_MAX = 240
"""Twenty years of monthly invoices of one licence."""


@dataclass(frozen=True)
class Claim:
    """A disputed call: by its place, or by the receipt that was delivered with it."""

    lane: int | None = None
    n: int | None = None
    receipt: str | None = None


def examine(
    session: Session,
    ports: EvidencePorts,
    licence_id: LicenceId,
    claims: Sequence[Claim],
) -> list[ExaminedCall]:
    """Each disputed call beside what the log and the invoices have of it.

    Raises `ReceiptUnreadable`, `ReceiptOfAnotherLicence`.
    """
    places = _places(licence_id, claims)
    logged: dict[tuple[int, int], LoggedCall] = ports.facts.find_calls(
        session, licence_id, list(places)
    )
    invoices = [
        (invoice.invoice_id, invoice.invoice_hash, invoice.document)
        for invoice in invoice_queries.list_licence_invoices(session, licence_id, INVOICES_MAX)
    ]
    calls = []
    for (lane, n), receipt in sorted(places.items(), key=lambda item: item[0]):
        found = logged.get((lane, n))
        finding, detail = examination.find_out(
            receipt, found, public_keys=ports.receipt_public_keys
        )
        line = examination.covering_line(invoices, lane, n) if found else None
        calls.append(ExaminedCall(lane, n, finding, detail, receipt, found, line))
    return calls


def _places(
    licence_id: LicenceId, claims: Sequence[Claim]
) -> dict[tuple[int, int], Receipt | None]:
    """Each disputed call's lane and n, with the receipt that names it."""
    places: dict[tuple[int, int], Receipt | None] = {}
    for position, claim in enumerate(claims, start=1):
        receipt = None
        if claim.receipt is not None:
            try:
                receipt = receipts.read_receipt(claim.receipt)
            except NotAReceipt as error:
                raise ReceiptUnreadable(position) from error
            if receipt.licence_id != licence_id:
                raise ReceiptOfAnotherLicence(position)
            places[receipt.lane, receipt.n] = receipt
        elif claim.lane is not None and claim.n is not None:
            places.setdefault((claim.lane, claim.n), None)
        else:
            raise ReceiptUnreadable(position)
    return places


def check_disputable(uow: UnitOfWork, licence_id: LicenceId, calls: Sequence[ExaminedCall]) -> None:
    """Raises `CallsAlreadyDisputed`, `AlreadyCredited`, `CallsTooOldToDispute`."""
    shown = [call for call in calls if call.finding is Finding.MATCHES]
    places = [(call.lane, call.n) for call in shown]
    disputed = dispute_queries.already_disputed(uow.session, licence_id, places)
    if disputed:
        raise CallsAlreadyDisputed(disputed)
    references = [call.reference for call in shown]
    credited = credit_queries.credited_amounts(uow.session, licence_id, CALL, references)
    if credited:
        raise AlreadyCredited(sorted(credited))
    old = [
        call.reference
        for call in shown
        if call.logged is not None and life_cycle.is_too_old(call.logged.at, uow.now)
    ]
    if old:
        raise CallsTooOldToDispute(old, life_cycle.DISPUTE_DAYS)
