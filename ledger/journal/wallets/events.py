"""What a wallet tells those that hold some of its money."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import OrganisationId


@dataclass(frozen=True, kw_only=True)
class HeldMoneyWanted(Event):
    """A payment lacks nothing but what is leased for calls: whoever holds some idle gives it back.

    Told at once, not after the commit: the payment waits for it.
    """

    organisation_id: OrganisationId
