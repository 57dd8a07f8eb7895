"""Verbs on credits: find the charge, give back of it, and gather the note's evidence."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.core.canonical import digest_hex
from app.core.ids import LicenceId, OrganisationId
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books import postings
from ledger.journal.books import queries as book_queries
from ledger.journal.books.booking import book_now
from ledger.journal.books.chart import wallet_of
from ledger.journal.books.freezes import check_givers_not_frozen
from ledger.journal.credits import queries as credit_queries
from ledger.journal.credits.errors import (
    AlreadyCredited,
    ChargeEarnedByDay,
    ChargeNotFound,
    CreditExceedsCharge,
    CreditNotYetPublished,
)
from ledger.journal.credits.events import CreditGiven
from ledger.journal.credits.models import Credit, CreditItem
from ledger.journal.credits.notes import (
    CALL,
    ORDER,
    PERIOD,
    Correction,
    NoteFacts,
    corrects_hash,
    evidence_document,
    first_beyond_period,
    note_document,
    signed_bytes,
    unwound_parts,
)
from ledger.journal.credits.period_returns import left_of_periods
from ledger.journal.evidence.leaves import call_reference
from ledger.journal.evidence.ports import EvidencePorts
from ledger.journal.ids import CreditId
from ledger.journal.trading import queries as trading_queries
from ledger.journal.trading.models import LicenceParties

_TEMPLATES = {ORDER: "charge_order", PERIOD: "charge_period"}


def call_corrections(
    session: Session,
    ports: EvidencePorts,
    licence_id: LicenceId,
    wanted: Sequence[tuple[int, int, int | None]],
) -> list[Correction]:
    """What to give back of calls (lane, n, amount or None for all); free calls are left out.

    Locks the licence's parties: what is left of a period stays so until the credit is given.
    Raises `ChargeNotFound` for a call that the log does not have. Needs the exchange's reach.
    """
    places = [(lane, n) for lane, n, _ in wanted]
    found = ports.facts.find_calls(session, licence_id, places)
    left = left_of_periods(session, ports.periods_of, licence_id, places)
    corrections = []
    for lane, n, amount in wanted:
        call = found.get((lane, n))
        if call is None:
            raise ChargeNotFound(call_reference(lane, n))
        if call.amount:
            corrections.append(
                Correction(
                    kind=CALL,
                    reference=call.reference,
                    fact_hash=call.leaf_hash,
                    total_amount_before=call.total_amount_before,
                    charged_amount=call.amount,
                    amount=call.amount if amount is None else amount,
                    period_left=left.get((lane, n)),
                )
            )
    return corrections


def booked_correction(
    session: Session, parties: LicenceParties, *, kind: str, reference: str, amount: int | None
) -> Correction:
    """What to give back of an order's price, or of a period's fee (None: all that was charged).

    Raises `ChargeNotFound`, `ChargeEarnedByDay`.
    """
    reference = parties.order_id if kind == ORDER else f"{parties.licence_id}:{reference}"
    booked = book_queries.find_transaction(session, _TEMPLATES[kind], reference)
    if (
        booked is None
        and book_queries.find_transaction(session, "defer_order", reference) is not None
    ):
        raise ChargeEarnedByDay(reference)
    if booked is None:
        raise ChargeNotFound(reference)
    lines = book_queries.list_lines(session, booked.transaction_id)
    wallet_id = wallet_of(parties.buyer_id, parties.currency)
    charged = -sum(line.amount for line in lines if line.account_id == wallet_id)
    if charged <= 0:
        raise ChargeNotFound(reference)
    fact = {
        "template": booked.template,
        "reference": booked.reference,
        "postings": [[line.account_id, str(line.amount)] for line in lines],
    }
    return Correction(
        kind=kind,
        reference=reference,
        fact_hash=digest_hex(fact),
        total_amount_before=0,
        charged_amount=charged,
        amount=charged if amount is None else amount,
    )


def give_credit(
    uow: UnitOfWork,
    *,
    credit_id: CreditId,
    licence_id: LicenceId,
    amount: int,
    reason_code: str,
    corrects: Sequence[Correction],
) -> Credit:
    """Give ``amount`` (10⁻⁸ units, the sum of the corrections) back to a licence's buyer.

    Once per ``credit_id``: the second time answers the first's credit. The licence's credits are
    numbered without a gap and carry a running total. Needs the exchange's reach. Raises
    `AlreadyCredited`, `CreditExceedsCharge`, `ChargeNotFound`, `LicencePartiesNotFound`,
    `AccountFrozen`.
    """
    # Locked: of two credits of one licence the second sees the first's number and amounts.
    parties = trading_queries.get_licence_parties_for_update(uow.session, licence_id)
    existing = uow.session.get(Credit, credit_id)
    if existing is not None:
        return existing
    if not corrects or amount != sum(correction.amount for correction in corrects):
        raise ChargeNotFound(licence_id)
    parts = _parts(uow.session, parties, corrects)
    last = credit_queries.find_last_credit(uow.session, licence_id)
    facts = NoteFacts(
        credit_id=credit_id,
        licence_id=licence_id,
        n=1 if last is None else last.n + 1,
        currency=parties.currency,
        reason_code=reason_code,
        amount=amount,
        total_amount=amount + (0 if last is None else last.total_amount),
        corrections=corrects,
        given_at=uow.now,
    )
    draft = postings.credit(
        reference=credit_id,
        buyer_id=parties.buyer_id,
        supplier_id=parties.supplier_id,
        currency=parties.currency,
        parts=parts,
    )
    check_givers_not_frozen(uow.session, draft)
    book_now(uow, draft, licence_id=licence_id)
    return _store(uow, parties, facts)


def credit_evidence(session: Session, ports: EvidencePorts, credit: Credit) -> dict[str, Any]:
    """The note, and the proven leaf of every credit of its licence up to it.

    Raises `CreditNotYetPublished`. Needs the exchange's reach.
    """
    hashes = ports.facts.credit_leaves(session, credit.licence_id, credit.n)
    name, proofs = ports.signer.name, None
    if len(hashes) == credit.n:
        proofs = ports.lane_ledger.prove(session, hashes, key_name=name)
    if proofs is None:
        raise CreditNotYetPublished(credit.credit_id)
    return evidence_document(
        document=credit.document,
        signature=ports.signer.sign(signed_bytes(credit.document)),
        key_name=name,
        leaf_hashes=hashes,
        proofs=proofs,
    )


def _parts(
    session: Session, parties: LicenceParties, corrections: Sequence[Correction]
) -> dict[str, int]:
    if parties.split is None:
        raise ChargeNotFound(parties.licence_id)  # nothing says who had received it
    credited: dict[str, int] = {}
    for kind in {correction.kind for correction in corrections}:
        references = [each.reference for each in corrections if each.kind == kind]
        before = credit_queries.credited_amounts(session, parties.licence_id, kind, references)
        if kind == CALL and before:
            raise AlreadyCredited(sorted(before))
        credited |= before
    seen: set[str] = set()
    for each in corrections:
        left = each.charged_amount - credited.get(each.reference, 0)
        if not 0 < each.amount <= left or each.reference in seen:
            raise CreditExceedsCharge(each.reference, left_amount=left, asked_amount=each.amount)
        seen.add(each.reference)
    beyond = first_beyond_period(corrections)
    if beyond is not None:
        each, left = beyond
        raise CreditExceedsCharge(each.reference, left_amount=left, asked_amount=each.amount)
    return unwound_parts(corrections, credited, parties.split)


def _store(uow: UnitOfWork, parties: LicenceParties, facts: NoteFacts) -> Credit:
    document = note_document(facts)
    credit = Credit(
        credit_id=facts.credit_id,
        licence_id=facts.licence_id,
        n=facts.n,
        buyer_id=parties.buyer_id,
        supplier_id=parties.supplier_id,
        amount=facts.amount,
        total_amount=facts.total_amount,
        currency=facts.currency,
        reason_code=facts.reason_code,
        corrects_hash=corrects_hash(facts.corrections),
        document=document,
        note_hash=digest_hex(document),
        given_at=facts.given_at,
    )
    uow.session.add(credit)
    uow.session.flush()
    uow.session.add_all(_items(parties, facts))
    uow.session.flush()
    uow.record(
        CreditGiven(
            occurred_at=uow.now,
            credit_id=credit.credit_id,
            licence_id=credit.licence_id,
            n=credit.n,
            amount=credit.amount,
            total_amount=credit.total_amount,
            currency=credit.currency,
            reason=credit.reason_code,
            corrects_hash=credit.corrects_hash,
            note_hash=credit.note_hash,
            buyer_id=OrganisationId(credit.buyer_id),
            supplier_id=OrganisationId(credit.supplier_id),
        )
    )
    return credit


def _items(parties: LicenceParties, facts: NoteFacts) -> list[CreditItem]:
    return [
        CreditItem(
            credit_id=facts.credit_id,
            line=line,
            licence_id=parties.licence_id,
            buyer_id=parties.buyer_id,
            supplier_id=parties.supplier_id,
            kind=correction.kind,
            reference=correction.reference,
            charged_amount=correction.charged_amount,
            amount=correction.amount,
        )
        for line, correction in enumerate(facts.corrections, start=1)
    ]
