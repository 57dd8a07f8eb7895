"""What has happened to money, for the other rooms."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import InvoiceId, LicenceId, OrderId, OrganisationId, PersonId, TopUpId


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
class OrderCharged(Event):
    """A package's price left the buyer's wallet."""

    order_id: OrderId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoiceIssued(Event):
    """An invoice was fixed; ``invoice_hash`` is the digest of its canonical document."""

    invoice_id: InvoiceId
    licence_id: LicenceId
    invoice_hash: str
    total_amount: int
    currency: str
    buyer_id: OrganisationId
    supplier_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class TopUpPaid(Event):
    """A gateway reported that an announced payment arrived; the wallet is credited."""

    top_up_id: TopUpId
    organisation_id: OrganisationId
    amount: int
    currency: str
    gateway: str
    provider_reference: str


@dataclass(frozen=True, kw_only=True)
class HeldMoneyWanted(Event):
    """A payment lacks nothing but what is leased for calls: whoever holds some idle gives it back.

    Told at once, not after the commit: the payment waits for it.
    """

    organisation_id: OrganisationId
