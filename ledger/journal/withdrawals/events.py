"""What has happened to withdrawals."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event
from app.core.ids import OrganisationId, PersonId
from ledger.journal.ids import WithdrawalId


@dataclass(frozen=True, kw_only=True)
class WithdrawalRequested(Event):
    """A buyer asked for free money of its wallet."""

    withdrawal_id: WithdrawalId
    organisation_id: OrganisationId
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class WithdrawalApproved(Event):
    """Somebody of the exchange let it go: the money left the wallet."""

    withdrawal_id: WithdrawalId
    organisation_id: OrganisationId
    requested_by: PersonId
    approved_by: PersonId


@dataclass(frozen=True, kw_only=True)
class WithdrawalSent(Event):
    """The bank took the transfer."""

    withdrawal_id: WithdrawalId
    organisation_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class WithdrawalPaid(Event):
    """The money left for good."""

    withdrawal_id: WithdrawalId
    organisation_id: OrganisationId
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class WithdrawalFailed(Event):
    """The money did not arrive; the wallet has it again."""

    withdrawal_id: WithdrawalId
    organisation_id: OrganisationId
    amount: int
    currency: str
    failure_code: str
    return_stated_by: PersonId | None = None
    returned_by: PersonId | None = None


@dataclass(frozen=True, kw_only=True)
class WithdrawalReturnWithdrawn(Event):
    """The first of two words that it came back was taken back; nothing had moved."""

    withdrawal_id: WithdrawalId
    organisation_id: OrganisationId
    return_stated_by: PersonId
    return_stated_at: datetime
    withdrawn_by: PersonId


@dataclass(frozen=True, kw_only=True)
class WithdrawalCancelled(Event):
    """A request was given up before its approval."""

    withdrawal_id: WithdrawalId
    organisation_id: OrganisationId
    cancelled_by: PersonId


@dataclass(frozen=True, kw_only=True)
class WithdrawalInstructionsRead(Event):
    """Somebody saw a buyer's bank details in clear, to enter a transfer."""

    withdrawal_id: WithdrawalId
    organisation_id: OrganisationId
    read_by: PersonId
