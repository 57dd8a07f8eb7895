"""Keeps what this room must know of verified organisations."""

from datetime import datetime

from sqlalchemy import update

from app.core.unit_of_work import UnitOfWork
from listings.errors import PartyNotVerified
from listings.models import Listing, ListingParty


def note_party_verified(
    uow: UnitOfWork,
    *,
    organisation_id: str,
    name: str,
    uscc: str,
    is_supplier: bool,
    is_buyer: bool,
    valid_until: datetime,
) -> ListingParty:
    """Remember a verification; a later one replaces it, the party number stays."""
    party = uow.session.get(ListingParty, organisation_id)
    if party is None:
        party = ListingParty(organisation_id=organisation_id)
        uow.session.add(party)
    party.name, party.uscc, party.valid_until = name, uscc, valid_until
    party.is_supplier, party.is_buyer, party.noted_at = is_supplier, is_buyer, uow.now
    uow.session.flush()
    uow.session.execute(
        update(Listing)
        .where(Listing.supplier_id == organisation_id, Listing.supplier_name != name)
        .values(supplier_name=name)
    )
    return party


def note_party_refused(uow: UnitOfWork, *, organisation_id: str) -> None:
    """A verification that a reviewer took back ends now; who never had one is not known here."""
    party = uow.session.get(ListingParty, organisation_id)
    if party is not None:
        party.valid_until, party.noted_at = min(party.valid_until, uow.now), uow.now


def demand_supplier(uow: UnitOfWork, organisation_id: str) -> ListingParty:
    """The verified supplier; raises `PartyNotVerified`."""
    party = uow.session.get(ListingParty, organisation_id)
    if party is None or not party.is_supplier or not party.is_verified_at(uow.now):
        raise PartyNotVerified(organisation_id, "supplier")
    return party


def demand_buyer(uow: UnitOfWork, organisation_id: str) -> ListingParty:
    """The verified buyer; raises `PartyNotVerified`."""
    party = uow.session.get(ListingParty, organisation_id)
    if party is None or not party.is_buyer or not party.is_verified_at(uow.now):
        raise PartyNotVerified(organisation_id, "buyer")
    return party
