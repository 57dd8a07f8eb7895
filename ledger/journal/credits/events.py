"""What has happened to credits."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import LicenceId, OrganisationId
from ledger.journal.ids import CreditId


@dataclass(frozen=True, kw_only=True)
class CreditGiven(Event):
    """A buyer got money back: the licence's n-th credit, ``total_amount`` with all before it."""

    credit_id: CreditId
    licence_id: LicenceId
    n: int
    amount: int
    total_amount: int
    currency: str
    reason: str
    corrects_hash: str
    note_hash: str
    buyer_id: OrganisationId
    supplier_id: OrganisationId
