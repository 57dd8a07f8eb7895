"""Whose identity is verified, and until when."""

from datetime import datetime

from app.core.unit_of_work import UnitOfWork
from compliance.lapses.expiry_policy import lapse
from compliance.models.reviews import Party
from compliance.services.lapses import note_lapses


def note_party_verified(
    uow: UnitOfWork,
    *,
    organisation_id: str,
    name: str,
    uscc: str,
    is_supplier: bool,
    is_buyer: bool,
    valid_until: datetime,
) -> None:
    """Keep the verification and when it lapses; a later one replaces it."""
    uow.session.merge(
        Party(
            organisation_id=organisation_id,
            name=name,
            uscc=uscc,
            is_supplier=is_supplier,
            is_buyer=is_buyer,
            verified_until=valid_until,
        )
    )
    note_lapses(
        uow,
        subject_id=organisation_id,
        organisation_id=organisation_id,
        lapses=[lapse("VERIFICATION", "identity", valid_until)],
    )


def note_party_refused(uow: UnitOfWork, *, organisation_id: str) -> None:
    """A verification that a reviewer took back ends now, as if it had lapsed."""
    party = uow.session.get(Party, organisation_id)
    if party is None:
        return
    party.verified_until = min(party.verified_until, uow.now)
    note_lapses(
        uow,
        subject_id=organisation_id,
        organisation_id=organisation_id,
        lapses=[lapse("VERIFICATION", "identity", party.verified_until)],
    )
