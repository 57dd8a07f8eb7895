"""What has happened to top-ups."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import OrganisationId, PersonId, TopUpId


@dataclass(frozen=True, kw_only=True)
class TopUpRequested(Event):
    """A buyer announced a transfer; no money has moved."""

    top_up_id: TopUpId
    organisation_id: OrganisationId
    amount: int
    currency: str
    gateway: str


@dataclass(frozen=True, kw_only=True)
class TopUpCancelled(Event):
    """A top-up was given up; whoever pays all the same is credited all the same."""

    top_up_id: TopUpId
    organisation_id: OrganisationId
    gateway: str
    cancelled_by: str
    is_by_exchange: bool
    """Not by its buyer, who therefore has to be told."""


@dataclass(frozen=True, kw_only=True)
class TopUpConfirmed(Event):
    """Two people saw the transfer; the wallet is credited."""

    top_up_id: TopUpId
    organisation_id: OrganisationId
    amount: int
    currency: str
    confirmed_by: tuple[PersonId, PersonId]


@dataclass(frozen=True, kw_only=True)
class TopUpPaid(Event):
    """A gateway reported that an announced payment arrived; the wallet is credited."""

    top_up_id: TopUpId
    organisation_id: OrganisationId
    amount: int
    currency: str
    gateway: str
    provider_reference: str
