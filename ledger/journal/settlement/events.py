"""What has happened to credits, disputes, settlements, payouts and returned money."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event
from app.core.ids import LicenceId, OrganisationId, PersonId, TopUpId
from ledger.journal.settlement.ids import (
    BankAccountId,
    CreditId,
    DisputeId,
    PayoutId,
    RunId,
    SettlementId,
    WithdrawalId,
)


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


@dataclass(frozen=True, kw_only=True)
class CreditGiven(Event):
    """A buyer got money back: the licence's n-th credit, ``total_amount`` with all before it."""

    credit_id: CreditId
    licence_id: LicenceId
    n: int
    amount: int
    total_amount: int
    currency: str
    reason: str
    corrects_hash: str
    note_hash: str
    buyer_id: OrganisationId
    supplier_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class DisputeOpened(Event):
    """A buyer disputes calls; ``bundle_hash`` is of what the exchange found about them."""

    dispute_id: DisputeId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    reason_code: str
    call_count: int
    bundle_hash: str
    answer_until_at: datetime


@dataclass(frozen=True, kw_only=True)
class DisputeAnswered(Event):
    """The supplier had its say."""

    dispute_id: DisputeId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class DisputeDecided(Event):
    """The exchange decided; ``decision`` is whole, part or none."""

    dispute_id: DisputeId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    decision: str
    decided_by: PersonId
    decision_hash: str


@dataclass(frozen=True, kw_only=True)
class DisputeWithdrawn(Event):
    """The buyer gave the dispute up."""

    dispute_id: DisputeId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class SettlementMade(Event):
    """A supplier's statement was fixed; ``statement_hash`` is of its canonical document."""

    settlement_id: SettlementId
    run_id: RunId
    supplier_id: OrganisationId
    currency: str
    settled_amount: int
    carried_amount: int
    from_at: datetime
    until_at: datetime
    statement_hash: str
    root_hash: str | None = None
    """Of the sum tree over the statement's rows; None for a statement without rows."""


@dataclass(frozen=True, kw_only=True)
class SettlementRunFinished(Event):
    """Every supplier of a run is settled; ``run_hash`` covers all its statements in order."""

    run_id: RunId
    currency: str
    from_at: datetime
    until_at: datetime
    settlement_count: int
    run_hash: str


@dataclass(frozen=True, kw_only=True)
class BankAccountRegistered(Event):
    """A supplier named where its money shall go; it counts from ``effective_at``."""

    bank_account_id: BankAccountId
    organisation_id: OrganisationId
    registered_by: PersonId
    effective_at: datetime


@dataclass(frozen=True, kw_only=True)
class BankAccountCancelled(Event):
    """A registration was stopped before it counted."""

    bank_account_id: BankAccountId
    organisation_id: OrganisationId
    cancelled_by: PersonId


@dataclass(frozen=True, kw_only=True)
class PayoutRequested(Event):
    """One person proposed to send a settled amount."""

    payout_id: PayoutId
    settlement_id: SettlementId
    supplier_id: OrganisationId
    amount: int
    currency: str
    gateway: str
    requested_by: PersonId


@dataclass(frozen=True, kw_only=True)
class PayoutApproved(Event):
    """A second person let it go; the gateway's owner sends it."""

    payout_id: PayoutId
    settlement_id: SettlementId
    supplier_id: OrganisationId
    amount: int
    currency: str
    gateway: str
    requested_by: PersonId
    approved_by: PersonId


@dataclass(frozen=True, kw_only=True)
class PayoutSent(Event):
    """The money is on its way."""

    payout_id: PayoutId
    supplier_id: OrganisationId
    provider_reference: str


@dataclass(frozen=True, kw_only=True)
class PayoutPaid(Event):
    """The money left for good."""

    payout_id: PayoutId
    supplier_id: OrganisationId
    amount: int
    currency: str
    gateway: str


@dataclass(frozen=True, kw_only=True)
class PayoutFailed(Event):
    """The money did not arrive; it is in the supplier's payable again."""

    payout_id: PayoutId
    supplier_id: OrganisationId
    amount: int
    currency: str
    gateway: str
    failure_code: str


@dataclass(frozen=True, kw_only=True)
class PayoutCancelled(Event):
    """A proposal was given up before its approval."""

    payout_id: PayoutId
    supplier_id: OrganisationId
    cancelled_by: PersonId


@dataclass(frozen=True, kw_only=True)
class PayoutInstructionsRead(Event):
    """Somebody saw a supplier's bank details in clear, to enter a transfer."""

    payout_id: PayoutId
    supplier_id: OrganisationId
    read_by: PersonId


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


@dataclass(frozen=True, kw_only=True)
class SuspenseMoneyAssigned(Event):
    """Two people found out whose money it was; its owner's wallet has it."""

    assignment_id: str
    organisation_id: OrganisationId
    amount: int
    currency: str
    proposed_by: PersonId
    approved_by: PersonId
