"""From a person's answer to the calls that may rest on it, and the end of both."""

from typing import Any

from app.core.unit_of_work import UnitOfWork
from compliance.consent import registers
from compliance.consent import services as consent
from compliance.consent import transfers as consent_transfers
from compliance.consent.events import ConsentGranted, ConsentWithdrawn, PseudonymKeyMade
from compliance.terms import purposes
from listings import services as listings
from listings.events import (
    ProductDeleted,
    ProductRegistered,
    RegistrationTransferred,
    TransferAccepted,
    TransferProposed,
    VersionSubmitted,
)
from listings.models import RegistrationTransfer
from metering import consent_services as metering


def note_product(uow: UnitOfWork, event: ProductRegistered) -> None:
    """Whoever enters a product may collect consents for it."""
    registers.note_product(uow, product_id=event.product_id, supplier_id=event.supplier_id)


def forget_product(uow: UnitOfWork, event: ProductDeleted) -> None:
    """A register that nobody opened goes with its product; an opened one keeps both."""
    registers.forget_product(uow, product_id=event.product_id)


def name_listing(uow: UnitOfWork, event: VersionSubmitted) -> None:
    """A consent names the listing that calls are made to."""
    registers.name_listing(uow, product_id=event.product_id, listing_code=event.listing_code)


def count_what_stays(uow: UnitOfWork, event: TransferProposed | TransferAccepted) -> None:
    """Whoever takes a registration over sees beforehand what it comes without."""
    _note_left(uow, event.transfer_id)


def leave_consents(uow: UnitOfWork, event: RegistrationTransferred) -> None:
    """A consent names its holder's product: none goes over, and both sides and the log say so."""
    consent_transfers.leave_behind(
        uow,
        transfer_id=event.transfer_id,
        registration_id=event.registration_id,
        supplier_id=event.supplier_id,
        transferee_id=event.transferee_id,
        left=_note_left(uow, event.transfer_id),
    )


def _note_left(uow: UnitOfWork, transfer_id: str) -> dict[str, Any]:
    transfer = uow.session.get_one(RegistrationTransfer, transfer_id)
    left = consent_transfers.count_standing(uow, transfer.product_id)
    listings.note_consents_left(uow, transfer_id=transfer_id, left=left)
    return left


def keep_key(uow: UnitOfWork, event: PseudonymKeyMade) -> None:
    """The data plane compares whom a call is about with whom a consent is from."""
    metering.keep_pseudonym_key(
        uow,
        listing_code=event.listing_code,
        supplier_id=event.supplier_id,
        key_ciphertext=event.key_ciphertext,
        key_context=event.key_context,
    )


def admit_consent(uow: UnitOfWork, event: ConsentGranted) -> None:
    """The recipient is a verified buyer, and its calls may rest on the consent."""
    consent.demand_recipient(uow, event.recipient_id)
    metering.admit_consent(
        uow,
        consent_id=event.consent_id,
        listing_code=event.listing_code,
        supplier_id=event.supplier_id,
        recipient_id=event.recipient_id,
        subject=event.subject,
        # Resolved here, once: the data plane knows no tree, and a later one widens no consent.
        permitted_purposes=sorted(purposes.closure([event.purpose])),
        token_hash=event.token_hash,
        expires_at=event.expires_at,
    )


def withdraw_consent(uow: UnitOfWork, event: ConsentWithdrawn) -> None:
    """The next call that rests on it is refused."""
    metering.withdraw_consent(uow, consent_id=event.consent_id)
