"""What has happened in billing, for the other rooms; amounts in 10⁻⁸ units."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event
from app.core.ids import LicenceId, OrderId, OrganisationId


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


@dataclass(frozen=True, kw_only=True)
class DeferralEnded(Event):
    """A yearly package ended before its term: what was earned, and what the buyer got back."""

    order_id: OrderId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    recognised_amount: int
    refunded_amount: int
    currency: str
    reason_code: str


@dataclass(frozen=True, kw_only=True)
class DeferralNarrowed(Event):
    """A narrowed licence took days of a yearly package: so much went back for them now.

    ``ends_at``: when the last day that is left ends.
    """

    order_id: OrderId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    amount: int
    currency: str
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class CreditLineProposed(Event):
    """An operator proposed that an organisation may owe up to a limit."""

    credit_line_id: str
    organisation_id: OrganisationId
    limit_amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class CreditLineApproved(Event):
    """A second operator approved it: the wallet lends from now on."""

    credit_line_id: str
    organisation_id: OrganisationId
    limit_amount: int
    currency: str
    due_days: int


@dataclass(frozen=True, kw_only=True)
class CreditBillIssued(Event):
    """What a month on credit comes to, and when it is due."""

    bill_id: str
    bill_hash: str
    organisation_id: OrganisationId
    amount: int
    currency: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class CreditBillPaid(Event):
    """A bill is paid in full."""

    bill_id: str
    organisation_id: OrganisationId
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class PaymentReminded(Event):
    """An unpaid bill is past its day; ``step`` is ``reminder`` or ``second_reminder``."""

    bill_id: str
    organisation_id: OrganisationId
    step: str
    open_amount: int
    currency: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class CreditLineSuspended(Event):
    """The line lends nothing more until its bills are paid; prepaid money still works."""

    credit_line_id: str
    organisation_id: OrganisationId
    bill_id: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class CreditLineResumed(Event):
    """Every overdue bill is paid; the line lends again."""

    credit_line_id: str
    organisation_id: OrganisationId
    currency: str


@dataclass(frozen=True, kw_only=True)
class BillSentToCollection(Event):
    """An unpaid bill is handed to people who collect."""

    bill_id: str
    organisation_id: OrganisationId
    open_amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class AccountWasFrozen(Event):
    """The audit found a sum that does not hold; the account gives nothing until two people look."""

    freeze_id: str
    account_id: str
    organisation_id: OrganisationId
    rule: str


@dataclass(frozen=True, kw_only=True)
class AccountFreezeLifted(Event):
    """Two people looked; the account works again."""

    freeze_id: str
    account_id: str
    organisation_id: OrganisationId
    rule: str


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
