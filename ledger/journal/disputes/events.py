"""What has happened to disputes."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event
from app.core.ids import LicenceId, OrganisationId, PersonId
from ledger.journal.ids import DisputeId


@dataclass(frozen=True, kw_only=True)
class DisputeOpened(Event):
    """A buyer disputes calls; ``bundle_hash`` is of what the exchange found about them."""

    dispute_id: DisputeId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    reason_code: str
    call_count: int
    bundle_hash: str
    answer_until_at: datetime


@dataclass(frozen=True, kw_only=True)
class DisputeAnswered(Event):
    """The supplier had its say."""

    dispute_id: DisputeId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class DisputeDecided(Event):
    """The exchange decided; ``decision`` is whole, part or none."""

    dispute_id: DisputeId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    decision: str
    decided_by: PersonId
    decision_hash: str


@dataclass(frozen=True, kw_only=True)
class DisputeWithdrawn(Event):
    """The buyer gave the dispute up."""

    dispute_id: DisputeId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
