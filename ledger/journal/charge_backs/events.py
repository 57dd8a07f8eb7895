"""What has happened to money that was paid in and went back."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import OrganisationId, TopUpId


@dataclass(frozen=True, kw_only=True)
class TopUpReturned(Event):
    """Money of a top-up went back, or a closed charge-back brought it in again (``won``)."""

    top_up_id: TopUpId
    organisation_id: OrganisationId
    kind: str
    state: str
    amount: int
    owed_amount: int
    currency: str
    gateway: str
