"""Verbs on disputes: open with receipts, answer, withdraw, decide, and gather the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.core.canonical import base64_text, digest_hex
from app.core.ids import LicenceId, PersonId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.credits import services as credit_services
from ledger.journal.credits.notes import within_periods
from ledger.journal.deciders import DeciderNotIndependent
from ledger.journal.disputes import bundles, events, life_cycle
from ledger.journal.disputes import queries as dispute_queries
from ledger.journal.disputes.claims import Claim, check_disputable, examine
from ledger.journal.disputes.errors import AcceptedCallsUnfit, AnswerTooLate, DisputeAwaitsAnswer
from ledger.journal.disputes.examination import ExaminedCall, Finding
from ledger.journal.disputes.life_cycle import TRANSITIONS, DisputeState
from ledger.journal.disputes.models import Dispute, DisputeCall
from ledger.journal.evidence.leaves import call_reference
from ledger.journal.evidence.ports import EvidencePorts
from ledger.journal.ids import CreditId, DisputeId
from ledger.journal.trading import queries as trading_queries
from ledger.journal.trading.models import LicenceParties


@dataclass(frozen=True)
class AcceptedCall:
    """A call whose claim is accepted; ``amount`` (10⁻⁸ units) None for all of it."""

    lane: int
    n: int
    amount: int | None = None


def open_dispute(
    uow: UnitOfWork,
    ports: EvidencePorts,
    principal: Principal,
    *,
    licence_id: LicenceId,
    reason_code: str,
    text: str,
    claims: Sequence[Claim],
) -> Dispute:
    """Dispute calls of a licence: each is compared with the log and the invoices at once.

    Needs the exchange's reach; the caller has made sure that the asker is the buyer. Raises
    `ReceiptUnreadable`, `ReceiptOfAnotherLicence`, `CallsAlreadyDisputed`, `AlreadyCredited`,
    `CallsTooOldToDispute`, `LicencePartiesNotFound`.
    """
    # Locked: the second of two disputes about one call finds the first.
    parties = trading_queries.get_licence_parties_for_update(uow.session, licence_id)
    calls = examine(uow.session, ports, licence_id, claims)
    check_disputable(uow, licence_id, calls)
    dispute_id = DisputeId(uow.ids.new("dsp"))
    bundle = bundles.bundle_document(
        dispute_id=dispute_id,
        licence_id=licence_id,
        reason_code=reason_code,
        currency=parties.currency,
        opened_at=uow.now,
        calls=calls,
    )
    dispute = _new(uow, principal, parties, bundle)
    dispute.text = text
    dispute.claimed_amount = sum(call.amount for call in calls)
    uow.session.add(dispute)
    uow.session.flush()
    uow.session.add_all(_rows(dispute_id, parties, calls))
    uow.session.flush()
    _tell_opened(uow, dispute)
    return dispute


def answer_dispute(
    uow: UnitOfWork, principal: Principal, *, dispute_id: DisputeId, text: str
) -> Dispute:
    """The supplier's say, once and in time. Raises `AnswerTooLate`, `IllegalTransition`."""
    dispute = dispute_queries.get_dispute_for_update(uow.session, dispute_id)
    state = TRANSITIONS.next(dispute.state, "answer")
    if uow.now >= dispute.answer_until_at:
        raise AnswerTooLate(dispute_id, dispute.answer_until_at)
    dispute.state = state
    dispute.answered_by, dispute.answered_at = PersonId(principal.id), uow.now
    dispute.answer_text = text
    uow.record(events.DisputeAnswered(occurred_at=uow.now, **_subject(dispute)))
    return dispute


def withdraw_dispute(uow: UnitOfWork, *, dispute_id: DisputeId) -> Dispute:
    """The buyer gives up; its calls may be disputed again. Raises `IllegalTransition`."""
    dispute = dispute_queries.get_dispute_for_update(uow.session, dispute_id)
    dispute.state = TRANSITIONS.next(dispute.state, "withdraw")
    dispute.withdrawn_at = uow.now
    for call in dispute_queries.list_calls(uow.session, dispute_id):
        call.is_live = False
    uow.record(events.DisputeWithdrawn(occurred_at=uow.now, **_subject(dispute)))
    return dispute


def decide_dispute(
    uow: UnitOfWork,
    ports: EvidencePorts,
    principal: Principal,
    *,
    dispute_id: DisputeId,
    accepted: Sequence[AcceptedCall],
    text: str,
) -> Dispute:
    """Accept some calls or none; what is accepted is credited in the same transaction.

    Needs the exchange's reach. Raises `IllegalTransition`, `DeciderNotIndependent`,
    `DisputeAwaitsAnswer`, `AcceptedCallsUnfit`, `AlreadyCredited`, `CreditExceedsCharge`.
    """
    dispute = dispute_queries.get_dispute_for_update(uow.session, dispute_id)
    state = TRANSITIONS.next(dispute.state, "accept" if accepted else "reject")
    if principal.organisation_id in {dispute.buyer_id, dispute.supplier_id}:
        raise DeciderNotIndependent(dispute_id)
    if dispute.state == DisputeState.OPENED and uow.now < dispute.answer_until_at:
        raise DisputeAwaitsAnswer(dispute_id, dispute.answer_until_at)
    calls = dispute_queries.list_calls(uow.session, dispute_id)
    _mark(calls, accepted)
    amount = _credit(uow, ports, dispute, accepted)
    dispute.state = TRANSITIONS.next(state, "credit") if amount else state
    dispute.accepted_amount = amount
    dispute.decision = _decision(dispute, accepted, amount)
    dispute.decided_by, dispute.decided_at = PersonId(principal.id), uow.now
    dispute.decision_text = text
    uow.record(
        events.DisputeDecided(
            occurred_at=uow.now,
            **_subject(dispute),
            decision=dispute.decision,
            decided_by=dispute.decided_by,
            decision_hash=digest_hex(
                {
                    "dispute": dispute_id,
                    "bundle": dispute.bundle_hash,
                    "accepted": [[each.lane, each.n] for each in accepted],
                    "accepted_amount": str(amount),
                }
            ),
        )
    )
    return dispute


def dispute_evidence(session: Session, ports: EvidencePorts, dispute: Dispute) -> dict[str, Any]:
    """The signed bundle, and the proofs of those of its leaves that are published.

    Needs the exchange's reach.
    """
    hashes = [call["leaf"] for call in dispute.bundle["calls"] if call["leaf"] is not None]
    proofs = ports.lane_ledger.prove(session, hashes) if hashes else None
    leaves = {} if proofs is None else proofs.leaves
    return {
        "format": bundles.EVIDENCE_FORMAT,
        "bundle": dispute.bundle,
        "signature": base64_text(ports.signer.sign(bundles.signed_bytes(dispute.bundle))),
        "key": ports.signer.name,
        "leaves": [
            {
                "entry": base64_text(leaf.entry),
                "index": leaf.index,
                "path": [base64_text(node) for node in leaf.path],
            }
            for leaf in (leaves[each] for each in dict.fromkeys(hashes) if each in leaves)
        ],
        "checkpoint": None if proofs is None else proofs.checkpoint,
    }


def _new(
    uow: UnitOfWork, principal: Principal, parties: LicenceParties, bundle: dict[str, Any]
) -> Dispute:
    return Dispute(
        dispute_id=bundle["dispute"],
        licence_id=parties.licence_id,
        buyer_id=parties.buyer_id,
        supplier_id=parties.supplier_id,
        currency=parties.currency,
        reason_code=bundle["reason"],
        bundle=bundle,
        bundle_hash=digest_hex(bundle),
        state=DisputeState.OPENED,
        opened_by=PersonId(principal.id),
        opened_at=uow.now,
        answer_until_at=life_cycle.answer_until(uow.now),
    )


def _tell_opened(uow: UnitOfWork, dispute: Dispute) -> None:
    uow.record(
        events.DisputeOpened(
            occurred_at=uow.now,
            **_subject(dispute),
            reason_code=dispute.reason_code,
            call_count=len(dispute.bundle["calls"]),
            bundle_hash=dispute.bundle_hash,
            answer_until_at=dispute.answer_until_at,
        )
    )


def _rows(
    dispute_id: DisputeId, parties: LicenceParties, calls: Sequence[ExaminedCall]
) -> list[DisputeCall]:
    return [
        DisputeCall(
            dispute_id=dispute_id,
            lane=call.lane,
            n=call.n,
            licence_id=parties.licence_id,
            buyer_id=parties.buyer_id,
            supplier_id=parties.supplier_id,
            finding=call.finding,
            detail=call.detail,
            receipt=None if call.receipt is None else call.receipt.document,
            leaf_hash=None if call.logged is None else call.logged.leaf_hash,
            invoice_id=None if call.invoiced is None else call.invoiced.invoice_id,
            total_amount_before=0 if call.logged is None else call.logged.total_amount_before,
            amount=call.amount,
            is_live=True,
        )
        for call in calls
    ]


def _mark(calls: Sequence[DisputeCall], accepted: Sequence[AcceptedCall]) -> None:
    wanted = {(each.lane, each.n) for each in accepted}
    creditable = {(each.lane, each.n) for each in calls if each.finding == Finding.MATCHES}
    unfit = wanted - creditable
    if unfit or len(wanted) < len(accepted):
        raise AcceptedCallsUnfit(sorted(call_reference(lane, n) for lane, n in unfit or wanted))
    for call in calls:
        call.is_accepted = (call.lane, call.n) in wanted


def _credit(
    uow: UnitOfWork,
    ports: EvidencePorts,
    dispute: Dispute,
    accepted: Sequence[AcceptedCall],
) -> int:
    """Credit what is accepted; the amount, 0 where all of it is free or was given back before."""
    corrections = within_periods(
        credit_services.call_corrections(
            uow.session,
            ports,
            dispute.licence_id,
            [(each.lane, each.n, each.amount) for each in accepted],
        )
    )
    amount = sum(correction.amount for correction in corrections)
    if not corrections:
        return 0
    credit = credit_services.give_credit(
        uow,
        credit_id=CreditId(uow.ids.new("crd")),
        licence_id=dispute.licence_id,
        amount=amount,
        reason_code=dispute.reason_code,
        corrects=corrections,
    )
    dispute.credit_id = credit.credit_id
    return amount


def _decision(dispute: Dispute, accepted: Sequence[AcceptedCall], amount: int) -> str:
    if not accepted:
        return life_cycle.NONE
    is_whole = amount == dispute.claimed_amount and len(accepted) == len(dispute.bundle["calls"])
    return life_cycle.WHOLE if is_whole else life_cycle.PART


def _subject(dispute: Dispute) -> dict[str, Any]:
    return {
        "dispute_id": dispute.dispute_id,
        "licence_id": dispute.licence_id,
        "buyer_id": dispute.buyer_id,
        "supplier_id": dispute.supplier_id,
    }
