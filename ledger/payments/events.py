"""What has happened at a payment provider, for the other rooms.

Amounts are integers of 10⁻⁸ of the currency unit. ``subject_id`` is whatever the operation was
requested for: a top-up (payment, refund, dispute) or a payout (transfer, reversal). Every event is
recorded in the transaction that changes its operation's state, so a reaction books it once.
"""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import OrganisationId


@dataclass(frozen=True, kw_only=True)
class _OfOperation:
    """Which operation, at which provider, for how much."""

    operation_id: str
    subject_id: str
    organisation_id: OrganisationId
    amount: int
    currency: str
    gateway: str


@dataclass(frozen=True, kw_only=True)
class PaymentReceived(_OfOperation, Event):
    """The payer paid; ``provider_reference`` names the payment at the provider."""

    provider_reference: str


@dataclass(frozen=True, kw_only=True)
class PaymentFailed(_OfOperation, Event):
    """Nothing was paid and nothing will be: refused, expired or declined for good."""

    reason_code: str


@dataclass(frozen=True, kw_only=True)
class PaymentCancelled(_OfOperation, Event):
    """The provider confirmed that nobody can pay any more; ``cancelled_by`` asked for it."""

    cancelled_by: str


@dataclass(frozen=True, kw_only=True)
class RefundApproved(_OfOperation, Event):
    """Two people want money of a top-up back at its payer; it must leave the wallet now."""

    approved_by: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class PaymentRefunded(_OfOperation, Event):
    """The refund is on its way back to the payer; the provider's balance is less by it."""

    provider_reference: str


@dataclass(frozen=True, kw_only=True)
class RefundFailed(_OfOperation, Event):
    """The payer did not get the money back; a payer's bank may refuse it days later."""

    reason_code: str


@dataclass(frozen=True, kw_only=True)
class TransferPaid(_OfOperation, Event):
    """A supplier's payout left the exchange's balance at the provider."""

    provider_reference: str


@dataclass(frozen=True, kw_only=True)
class TransferFailed(_OfOperation, Event):
    """No money left; the payout may be tried another way."""

    reason_code: str


@dataclass(frozen=True, kw_only=True)
class TransferReversed(_OfOperation, Event):
    """Money of an earlier transfer came back; ``operation_id`` is the reversal's."""

    transfer_id: str
    provider_reference: str


@dataclass(frozen=True, kw_only=True)
class PaymentDisputed(_OfOperation, Event):
    """A payer's bank took a payment back (charge-back), wholly or in part, pending a decision.

    ``dispute_id`` is ours and unique; ``amount`` is what was taken, at most the payment.
    """

    dispute_id: str
    reason_code: str


@dataclass(frozen=True, kw_only=True)
class DisputeClosed(_OfOperation, Event):
    """The dispute is decided: lost (the money stays away) or won (the provider gave it back)."""

    dispute_id: str
    is_lost: bool


@dataclass(frozen=True, kw_only=True)
class ProviderFeeCharged(Event):
    """The provider took a fee out of the exchange's balance; ``movement_id`` is unique."""

    movement_id: str
    gateway: str
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class ProviderPaidOut(Event):
    """The provider sent balance to the exchange's own bank account (negative: took it back)."""

    movement_id: str
    gateway: str
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class MovementUnexplained(Event):
    """The provider's balance changed by ``amount`` and no operation of ours says why."""

    movement_id: str
    gateway: str
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class PayoutAccountReady(Event):
    """A supplier may be paid through the provider."""

    organisation_id: OrganisationId
    gateway: str


@dataclass(frozen=True, kw_only=True)
class PayoutAccountRefused(Event):
    """The provider does not open the supplier's account; another may be asked for."""

    organisation_id: OrganisationId
    gateway: str
    reason_code: str


@dataclass(frozen=True, kw_only=True)
class PayoutAccountStopped(Event):
    """Nothing is paid out to the supplier's account now; ``state`` says who may change that."""

    organisation_id: OrganisationId
    gateway: str
    state: str
    reason_code: str | None
