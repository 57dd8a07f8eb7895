"""Reads of a licence's parties."""

from sqlalchemy.orm import Session

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
