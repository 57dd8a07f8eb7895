"""What a verified organisation means to the other rooms."""

from app.accounts.events import OrganisationRefused, OrganisationVerified
from app.core.unit_of_work import UnitOfWork
from compliance import services as compliance
from ledger.journal.wallets import services as wallet_services
from listings import services as listings


def tell_compliance(uow: UnitOfWork, event: OrganisationVerified) -> None:
    """Its rules need to know whose identity is verified until when."""
    compliance.note_party_verified(
        uow,
        organisation_id=event.organisation_id,
        name=event.name,
        uscc=event.uscc,
        is_supplier=event.is_supplier,
        is_buyer=event.is_buyer,
        valid_until=event.valid_until,
    )


def tell_listings(uow: UnitOfWork, event: OrganisationVerified) -> None:
    """Only the verified submit and order, and the catalogue shows a supplier's name."""
    listings.note_party_verified(
        uow,
        organisation_id=event.organisation_id,
        name=event.name,
        uscc=event.uscc,
        is_supplier=event.is_supplier,
        is_buyer=event.is_buyer,
        valid_until=event.valid_until,
    )


def open_accounts(uow: UnitOfWork, event: OrganisationVerified) -> None:
    """Money can move from now on."""
    wallet_services.open_accounts(uow, organisation_id=event.organisation_id)


def end_verification(uow: UnitOfWork, event: OrganisationRefused) -> None:
    """Who was verified and is refused later stops trading at once, like one whose time is over."""
    compliance.note_party_refused(uow, organisation_id=event.organisation_id)
    listings.note_party_refused(uow, organisation_id=event.organisation_id)
