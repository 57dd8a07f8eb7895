"""What has happened to the money of periods, for the other rooms; amounts in 10⁻⁸ units."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import LicenceId, OrganisationId


@dataclass(frozen=True, kw_only=True)
class PeriodCharged(Event):
    """The fee of a licence's period left the buyer's wallet."""

    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    period: str
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class PeriodAdjusted(Event):
    """A closed period was trued up: ``amount`` above 0 was charged more, below 0 given back.

    ``is_owed``: the wallet did not hold it, so that it is owed and taken with the next money.
    """

    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    period: str
    amount: int
    currency: str
    is_owed: bool
