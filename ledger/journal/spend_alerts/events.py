"""What an organisation wanted to be told of its wallet; amounts in 10⁻⁸ units."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import OrganisationId


@dataclass(frozen=True, kw_only=True)
class BalanceLow(Event):
    """A wallet's available money fell below the organisation's threshold; once per crossing."""

    organisation_id: OrganisationId
    currency: str
    available_amount: int
    """What is not spent: what waits for calls is counted."""
    threshold_amount: int


@dataclass(frozen=True, kw_only=True)
class SpendSpiked(Event):
    """The last hour cost more than ``factor_percent`` of the trailing day's average hour."""

    organisation_id: OrganisationId
    currency: str
    hour_amount: int
    average_amount: int
    factor_percent: int
