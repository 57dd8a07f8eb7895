"""What payments need from a provider and from the books; adapters translate, nothing else.

Amounts are integers of 10⁻⁸ of the currency unit on this side of the port. No method that talks
to a provider may be called while a database transaction is open (`outside_transactions`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy.orm import Session

from ledger.payments.operations import Kind, Outcome


class OutcomeUnknown(Exception):
    """The provider may or may not have done it: a timeout, a dropped reply, an answer of 5xx."""


class NotNow(Exception):
    """The provider did nothing and wants to be asked later, or by somebody it knows."""

    def __init__(self, detail: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class RequestRefused(Exception):
    """The provider did nothing and never will; ``reason_code`` is its own word for why."""

    def __init__(self, reason_code: str, detail: str) -> None:
        super().__init__(detail)
        self.reason_code = reason_code


class SignatureRefused(Exception):
    """The bytes were not signed by the provider, or not at a time near now."""


class NotAnEvent(Exception):
    """Signed, but not an event that this adapter can read."""


class SubjectKind(StrEnum):
    """What a thing at the provider is, in our words."""

    PAYMENT = "payment"
    REFUND = "refund"
    TRANSFER = "transfer"
    REVERSAL = "reversal"
    DISPUTE = "dispute"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Subject:
    """One thing at the provider; ``within`` names its container where it has no address alone."""

    kind: SubjectKind
    reference: str
    within: str | None = None


@dataclass(frozen=True)
class Order:
    """What an adapter must know to write down one request."""

    operation_id: str
    kind: Kind
    subject_id: str
    amount: int
    currency: str
    at: datetime
    within: str | None = None
    """The payment that is refunded, the transfer that is reversed: the provider's reference."""
    within_names: tuple[str, ...] = ()
    """Every name that the provider has for it, where it has several."""
    destination: str | None = None
    """The account that a transfer goes to."""


@dataclass(frozen=True)
class Sight:
    """An operation as the provider sees it now."""

    reference: str
    outcome: Outcome
    amount: int
    currency: str
    operation_id: str | None = None
    """Our id, if the thing at the provider carries one."""
    aliases: tuple[str, ...] = ()
    """Other references by which the provider names the same operation."""
    url: str | None = None
    expires_at: datetime | None = None
    reason_code: str = ""


class DisputeOutcome(StrEnum):
    """How far a dispute is."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True)
class DisputeSight:
    """A dispute as the provider sees it now; ``payments`` are references of what is disputed."""

    reference: str
    outcome: DisputeOutcome
    payments: tuple[str, ...]
    amount: int
    currency: str
    reason_code: str
    has_withdrawn: bool
    """Whether money left our balance; an inquiry takes none."""


@dataclass(frozen=True)
class AccountSight:
    """A supplier's account as the provider sees it now."""

    reference: str
    is_ready: bool
    requirements: tuple[str, ...] = ()
    disabled_reason: str = ""
    is_rejected: bool = False
    """The provider closed it; nothing that its owner could tell there opens it again."""


@dataclass(frozen=True)
class AccountLink:
    """Where a supplier tells the provider who they are; works once, until ``expires_at``."""

    url: str
    expires_at: datetime


@dataclass(frozen=True)
class ProviderEvent:
    """A signed notice that something changed; what exactly, the provider is asked again."""

    event_id: str
    event_type: str
    created_at: datetime
    subject: Subject | None
    """None for an event that nothing of ours depends on."""


class MovementKind(StrEnum):
    """Why the provider's balance changed."""

    OPERATION = "operation"
    FEE = "fee"
    PAYOUT = "payout"
    OTHER = "other"


@dataclass(frozen=True)
class Movement:
    """One line of the provider's own account statement; ``amount`` signed, before ``fee``."""

    reference: str
    kind: MovementKind
    amount: int
    fee: int
    currency: str
    occurred_at: datetime
    source: Subject | None = None


@dataclass(frozen=True)
class Balance:
    """What the provider holds for us, by currency, due now or later."""

    amounts: Mapping[str, int] = field(default_factory=dict)


class PaymentGateway(Protocol):
    """A payment provider. A further one is one further adapter and one line of wiring.

    Its name is also its account's: what it holds for the exchange is on an account of its own.
    """

    @property
    def name(self) -> str:
        """As stored with every operation, for instance ``stripe``: lower case and ``_``."""
        ...

    @property
    def currencies(self) -> Sequence[str]:
        """Currencies in which this provider takes and sends money for us."""
        ...

    def check_amount(self, amount: int, currency: str) -> None:
        """Raises `AmountUnfit` unless the provider can move the amount."""
        ...

    def plan(self, order: Order) -> dict[str, Any]:
        """The exact request as JSON, written down before it is sent; pure.

        Raises `AmountUnfit` unless the amount is whole minor units of a known currency.
        """
        ...

    def send(self, request: Mapping[str, Any], key: str) -> Sight:
        """Perform a planned request under an idempotency key; the same again for a retry.

        Raises `OutcomeUnknown`, `NotNow`, `RequestRefused`.
        """
        ...

    def find(self, order: Order, since: datetime) -> Sight | None:
        """The operation at the provider, searched by our id among what is newer than ``since``."""
        ...

    def look(self, subject: Subject) -> Sight | DisputeSight | AccountSight | None:
        """The thing as it is now; None where the provider knows none."""
        ...

    def close_payment(self, reference: str) -> Sight:
        """Let nobody pay any more, and say what has become of the payment."""
        ...

    def read_event(self, body: bytes, headers: Mapping[str, str], now: datetime) -> ProviderEvent:
        """Verify and read a notice; raises `SignatureRefused`, `NotAnEvent`."""
        ...

    def movements(self, since: datetime | None) -> Iterator[Movement]:
        """The account statement from ``since`` on, in any order, whole."""
        ...

    def balance(self) -> Balance:
        """What is there now."""
        ...

    def plan_account(self, account_id: str, organisation_id: str) -> dict[str, Any]:
        """The exact request that opens a supplier's account; pure."""
        ...

    def open_account(self, request: Mapping[str, Any], key: str) -> AccountSight:
        """Open a supplier's account; raises as `send` does."""
        ...

    def find_account(self, account_id: str, since: datetime) -> AccountSight | None:
        """A supplier's account searched by our id among what is newer than ``since``."""
        ...

    def account_link(self, reference: str) -> AccountLink:
        """A fresh link for the supplier; raises `OutcomeUnknown`, `NotNow`, `RequestRefused`."""
        ...


class ProviderBooks(Protocol):
    """The books, as far as payments compare with them."""

    def provider_balance(self, session: Session, *, gateway: str, currency: str) -> int:
        """What the books say that the provider holds for us, in 10⁻⁸ units."""
        ...


class CheckoutTokens(Protocol):
    """Makes a checkout's address unguessable without storing anything."""

    def is_of(self, subject_id: str, token: str) -> bool:
        """Whether the token belongs to the subject, compared in constant time."""
        ...


@dataclass(frozen=True)
class Offer:
    """A way to pay as callers see it."""

    name: str
    currencies: Sequence[str]
    is_hosted: bool
    pays_out: bool


@dataclass(frozen=True)
class PaymentPorts:
    """The configured providers by name, and what callers are told of every way to pay."""

    gateways: Mapping[str, PaymentGateway]
    offers: Sequence[Offer]
    checkout_tokens: CheckoutTokens
