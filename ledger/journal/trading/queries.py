"""Reads of a licence's parties."""

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.ids import LicenceId, OrganisationId
from ledger.journal.trading.errors import LicencePartiesNotFound
from ledger.journal.trading.models import LicenceParties


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


def of_listing(
    licence_id: InstrumentedAttribute[Any], listing_code: str | None
) -> list[ColumnElement[bool]]:
    """Conditions: the row's licence is one of the listing; None narrows nothing."""
    if listing_code is None:
        return []
    licences = select(LicenceParties.licence_id).where(LicenceParties.listing_code == listing_code)
    return [licence_id.in_(licences)]
