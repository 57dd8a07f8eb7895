"""Reads of disputes and their calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.core.ids import InvoiceId, LicenceId, OrganisationId
from app.core.paging import Page, between, matching, of_party, paginate
from ledger.journal.credits.models import CreditItem
from ledger.journal.credits.notes import CALL
from ledger.journal.disputes.errors import DisputeNotFound
from ledger.journal.disputes.examination import Finding
from ledger.journal.disputes.models import Dispute, DisputeCall
from ledger.journal.evidence.leaves import call_reference
from ledger.journal.ids import DisputeId
from ledger.journal.trading.queries import of_listing


def get_dispute(
    session: Session, dispute_id: DisputeId, organisation_id: OrganisationId | None
) -> Dispute:
    """The dispute, of one party or of any in reach; raises `DisputeNotFound`."""
    found = session.get(Dispute, dispute_id)
    if found is None or organisation_id not in {None, found.buyer_id, found.supplier_id}:
        raise DisputeNotFound(dispute_id)
    return found


def get_dispute_for_update(session: Session, dispute_id: DisputeId) -> Dispute:
    """The dispute, locked and as last committed; raises `DisputeNotFound`."""
    found = session.get(Dispute, dispute_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise DisputeNotFound(dispute_id)
    return found


def list_disputes(
    session: Session,
    organisation_id: OrganisationId | None,
    *,
    side: str | None = None,
    licence_id: LicenceId | None,
    listing_code: str | None = None,
    buyer_id: str | None = None,
    supplier_id: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    state: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Dispute]:
    """Disputes of a party, newest first; the period is that in which they were opened."""
    wanted = {
        Dispute.licence_id: licence_id,
        Dispute.buyer_id: buyer_id,
        Dispute.supplier_id: supplier_id,
        Dispute.state: state,
    }
    statement = select(Dispute).where(
        *of_party(organisation_id, side, buyer=Dispute.buyer_id, supplier=Dispute.supplier_id),
        *matching(wanted),
        *of_listing(Dispute.licence_id, listing_code),
        *between(Dispute.opened_at, from_at, until_at),
    )
    return paginate(session, statement, key=Dispute.dispute_id, cursor=cursor, limit=limit)


def list_calls(session: Session, dispute_id: DisputeId) -> list[DisputeCall]:
    """The dispute's calls by lane and n; at most a hundred."""
    statement = select(DisputeCall).where(DisputeCall.dispute_id == dispute_id)
    return list(session.scalars(statement.order_by(DisputeCall.lane, DisputeCall.n)))


@dataclass(frozen=True)
class ShownCall:
    """A disputed call as its parties see it; amounts in 10⁻⁸ units.

    ``accepted_amount`` is what was credited of it, None until somebody decided.
    """

    lane: int
    n: int
    finding: str
    detail: str
    leaf_hash: str | None
    invoice_id: InvoiceId | None
    amount: int
    is_accepted: bool | None
    accepted_amount: int | None


def shown_calls(session: Session, dispute: Dispute) -> list[ShownCall]:
    """The dispute's calls with what each came to in the end, as its credit note says it."""
    items = select(CreditItem.reference, CreditItem.amount).where(
        CreditItem.credit_id == dispute.credit_id, CreditItem.kind == CALL
    )
    credited: dict[str, int] = {row.reference: row.amount for row in session.execute(items)}
    return [
        ShownCall(
            lane=call.lane,
            n=call.n,
            finding=call.finding,
            detail=call.detail,
            leaf_hash=call.leaf_hash,
            invoice_id=call.invoice_id,
            amount=call.amount,
            is_accepted=call.is_accepted,
            accepted_amount=(
                None
                if call.is_accepted is None
                else credited.get(call_reference(call.lane, call.n), 0)
            ),
        )
        for call in list_calls(session, dispute.dispute_id)
    ]


def already_disputed(
    session: Session, licence_id: LicenceId, calls: Sequence[tuple[int, int]]
) -> list[str]:
    """Which of the calls stand in a dispute that was not withdrawn, as ``lane:n``."""
    rows = session.execute(
        select(DisputeCall.lane, DisputeCall.n).where(
            DisputeCall.licence_id == licence_id,
            tuple_(DisputeCall.lane, DisputeCall.n).in_(calls),
            DisputeCall.is_live,
            DisputeCall.finding == Finding.MATCHES,
        )
    )
    return sorted(call_reference(lane, n) for lane, n in rows)
