"""Reads of accounts, postings, wallets, top-ups, licence parties and invoices."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app.core.ids import InvoiceId, LicenceId, OrganisationId, TopUpId
from app.core.paging import Page, between, matching, paginate
from ledger.journal.errors import InvoiceNotFound, LicencePartiesNotFound, TopUpNotFound
from ledger.journal.models import (
    Invoice,
    JournalTransaction,
    LicenceParties,
    PostedLine,
    TopUp,
    Wallet,
)

_POSTING_ID_MAX = 2**63 - 1


def find_wallet_for_update(
    session: Session, organisation_id: OrganisationId, currency: str
) -> Wallet | None:
    """The wallet, locked until the transaction ends."""
    key = (organisation_id, currency)
    return session.get(Wallet, key, with_for_update=True, populate_existing=True)


@dataclass(frozen=True)
class PostingFilter:
    """Which postings; licence and order are those of their journal transaction."""

    account_id: str | None = None
    organisation_id: str | None = None
    currency: str | None = None
    licence_id: str | None = None
    order_id: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a row has to fulfil; ``until_at`` is excluded."""
        booked = matching(
            {
                JournalTransaction.licence_id: self.licence_id,
                JournalTransaction.order_id: self.order_id,
            }
        )
        within = [PostedLine.transaction.has(and_(*booked))] if booked else []
        return [
            *matching(
                {
                    PostedLine.account_id: self.account_id,
                    PostedLine.organisation_id: self.organisation_id,
                    PostedLine.currency: self.currency,
                }
            ),
            *within,
            *between(PostedLine.booked_at, self.from_at, self.until_at),
        ]


def list_postings(
    session: Session,
    own: OrganisationId | None,
    wanted: PostingFilter,
    *,
    cursor: str | None,
    limit: int,
) -> Page[PostedLine]:
    """Postings, newest first, of one's ``own`` organisation or of all in reach (None)."""
    statement = select(PostedLine).where(*wanted.conditions())
    if own is not None:
        statement = statement.where(PostedLine.organisation_id == own)
    return paginate(
        session,
        statement,
        key=PostedLine.posting_id,
        cursor=cursor,
        limit=limit,
        parse=_parse_posting_id,
    )


def _parse_posting_id(cursor: str) -> int:
    posting_id = int(cursor)
    if not 0 <= posting_id <= _POSTING_ID_MAX:
        raise ValueError
    return posting_id


def find_transaction(session: Session, template: str, reference: str) -> JournalTransaction | None:
    """The booked journal transaction of a template's reference."""
    return session.scalar(
        select(JournalTransaction).where(
            JournalTransaction.template == template, JournalTransaction.reference == reference
        )
    )


def list_lines(session: Session, transaction_id: int) -> list[PostedLine]:
    """The postings of one journal transaction in their order; at most 64."""
    statement = select(PostedLine).where(PostedLine.transaction_id == transaction_id)
    return list(session.scalars(statement.order_by(PostedLine.line)))


def get_top_up(
    session: Session, top_up_id: TopUpId, organisation_id: OrganisationId | None
) -> TopUp:
    """One top-up; ``organisation_id`` None asks as the exchange. Raises `TopUpNotFound`."""
    found = session.get(TopUp, top_up_id)
    if found is None or (organisation_id is not None and found.organisation_id != organisation_id):
        raise TopUpNotFound(top_up_id)
    return found


def get_top_up_for_update(session: Session, top_up_id: TopUpId) -> TopUp:
    """The top-up, locked and as last committed; raises `TopUpNotFound`."""
    found = session.get(TopUp, top_up_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise TopUpNotFound(top_up_id)
    return found


@dataclass(frozen=True)
class TopUpFilter:
    """Which top-ups; ``own`` is the organisation that asks, None for the exchange's people."""

    own: OrganisationId | None
    cursor: str | None
    limit: int
    state: str | None = None
    organisation_id: str | None = None
    reference: str | None = None

    def members(self) -> dict[str, str]:
        """What each member of a top-up has to be; a reference is printed in groups (ISO 11649)."""
        reference = self.reference and "".join(self.reference.split()).upper()
        asked = {
            "state": self.state,
            "organisation_id": self.organisation_id,
            "reference": reference,
        }
        return {name: value for name, value in asked.items() if value is not None}


def list_top_ups(session: Session, wanted: TopUpFilter) -> Page[TopUp]:
    """Top-ups, newest first; raises `InvalidCursor`."""
    statement = select(TopUp).filter_by(**wanted.members())
    if wanted.own is not None:
        statement = statement.where(TopUp.organisation_id == wanted.own)
    return paginate(
        session, statement, key=TopUp.top_up_id, cursor=wanted.cursor, limit=wanted.limit
    )


def get_licence_parties(
    session: Session, licence_id: LicenceId, organisation_id: OrganisationId | None
) -> LicenceParties:
    """Who pays whom; of one party, or of any in reach. Raises `LicencePartiesNotFound`."""
    found = session.get(LicenceParties, licence_id)
    if found is None or organisation_id not in {None, found.buyer_id, found.supplier_id}:
        raise LicencePartiesNotFound(licence_id)
    return found


def get_licence_parties_for_update(session: Session, licence_id: LicenceId) -> LicenceParties:
    """The parties, locked, so that one invoice of a licence is made at a time."""
    found = find_licence_parties_for_update(session, licence_id)
    if found is None:
        raise LicencePartiesNotFound(licence_id)
    return found


def find_licence_parties_for_update(
    session: Session, licence_id: LicenceId
) -> LicenceParties | None:
    """The parties, locked; None for a licence of which the journal was never told."""
    return session.get(LicenceParties, licence_id, with_for_update=True)


def get_invoice(
    session: Session, invoice_id: InvoiceId, organisation_id: OrganisationId | None
) -> Invoice:
    """The invoice, of one party or of any in reach; raises `InvoiceNotFound`."""
    found = session.get(Invoice, invoice_id)
    if found is None or organisation_id not in {None, found.buyer_id, found.supplier_id}:
        raise InvoiceNotFound(invoice_id)
    return found


def list_invoices(
    session: Session,
    organisation_id: OrganisationId | None,
    *,
    licence_id: LicenceId | None,
    cursor: str | None,
    limit: int,
) -> Page[Invoice]:
    """Invoices of a party, newest first."""
    statement = select(Invoice)
    if organisation_id is not None:
        is_party = (Invoice.buyer_id == organisation_id) | (Invoice.supplier_id == organisation_id)
        statement = statement.where(is_party)
    if licence_id is not None:
        statement = statement.where(Invoice.licence_id == licence_id)
    return paginate(session, statement, key=Invoice.invoice_id, cursor=cursor, limit=limit)


def find_invoice(
    session: Session, licence_id: LicenceId, from_at: datetime, until_at: datetime
) -> Invoice | None:
    """The licence's invoice of exactly this period."""
    return session.scalar(
        select(Invoice).where(
            Invoice.licence_id == licence_id,
            Invoice.from_at == from_at,
            Invoice.until_at == until_at,
        )
    )


def list_licence_invoices(session: Session, licence_id: LicenceId, limit: int) -> list[Invoice]:
    """The licence's invoices, oldest first, at most ``limit``."""
    statement = select(Invoice).where(Invoice.licence_id == licence_id)
    return list(session.scalars(statement.order_by(Invoice.until_at).limit(limit)))


def find_last_invoice(session: Session, licence_id: LicenceId) -> Invoice | None:
    """The licence's invoice that reaches furthest."""
    statement = select(Invoice).where(Invoice.licence_id == licence_id)
    return session.scalar(statement.order_by(Invoice.until_at.desc()).limit(1))
