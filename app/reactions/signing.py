"""From a buyer's choice of evidence to the calls that it has to sign."""

from app.core.unit_of_work import UnitOfWork
from ledger.log.acknowledgements.services import PER_REQUEST
from ledger.log.events import (
    AcknowledgementKeyRegistered,
    AcknowledgementKeyWithdrawn,
    EvidenceModeSet,
)
from ledger.log.tree.notes import parse_vkey
from metering import signing_services as metering


def admit_signer(uow: UnitOfWork, event: AcknowledgementKeyRegistered) -> None:
    """A key that acknowledges calls may sign them."""
    metering.admit_signer(
        uow,
        organisation_id=event.organisation_id,
        vkey=event.vkey,
        public_key=parse_vkey(event.vkey).public_key,
    )


def withdraw_signer(uow: UnitOfWork, event: AcknowledgementKeyWithdrawn) -> None:
    """A withdrawn key signs no call more."""
    metering.withdraw_signer(uow, organisation_id=event.organisation_id, vkey=event.vkey)


def demand_signatures(uow: UnitOfWork, event: EvidenceModeSet) -> None:
    """The data plane refuses what is not signed, from this commit on."""
    is_signed = event.mode == PER_REQUEST
    metering.demand_signatures(uow, licence_id=event.licence_id, is_signed=is_signed)
