"""Tables of credits, disputes, settlements, payouts and money that went back."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import InvoiceId, LicenceId, OrganisationId, PersonId, TopUpId
from app.core.states import Transitions
from ledger.journal.settlement.ids import (
    BankAccountId,
    CreditId,
    DisputeId,
    PayoutId,
    RunId,
    SettlementId,
    WithdrawalId,
)


class Credit(Base):
    """An amount given back; numbered without a gap within its licence, immutable."""

    __tablename__ = "credits"

    credit_id: Mapped[CreditId] = mapped_column(Text, primary_key=True)
    licence_id: Mapped[LicenceId] = mapped_column(Text)
    n: Mapped[int]
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]
    total_amount: Mapped[int]
    currency: Mapped[str]
    reason_code: Mapped[str]
    corrects_hash: Mapped[str]
    document: Mapped[dict[str, Any]]
    note_hash: Mapped[str]
    given_at: Mapped[datetime]


class CreditItem(Base):
    """One charge that a credit corrects, and how much of it was given back."""

    __tablename__ = "credit_items"

    credit_id: Mapped[CreditId] = mapped_column(Text, primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    licence_id: Mapped[LicenceId] = mapped_column(Text)
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    kind: Mapped[str]
    reference: Mapped[str]
    charged_amount: Mapped[int]
    amount: Mapped[int]


class Dispute(Base):
    """A buyer's claim that calls were charged wrongly; texts are for the parties alone."""

    __tablename__ = "disputes"

    dispute_id: Mapped[DisputeId] = mapped_column(Text, primary_key=True)
    licence_id: Mapped[LicenceId] = mapped_column(Text)
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    reason_code: Mapped[str]
    text: Mapped[str]
    bundle: Mapped[dict[str, Any]]
    bundle_hash: Mapped[str]
    claimed_amount: Mapped[int]
    accepted_amount: Mapped[int | None]
    state: Mapped[str]
    decision: Mapped[str | None]
    opened_by: Mapped[PersonId] = mapped_column(Text)
    opened_at: Mapped[datetime]
    answer_until_at: Mapped[datetime]
    answered_by: Mapped[PersonId | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    answer_text: Mapped[str | None]
    decided_by: Mapped[PersonId | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None]
    decision_text: Mapped[str | None]
    credit_id: Mapped[CreditId | None] = mapped_column(Text)
    withdrawn_at: Mapped[datetime | None]


class DisputeCall(Base):
    """One disputed call: what the log says of it, and whether the claim was accepted."""

    __tablename__ = "dispute_calls"

    dispute_id: Mapped[DisputeId] = mapped_column(Text, primary_key=True)
    lane: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    licence_id: Mapped[LicenceId] = mapped_column(Text)
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    finding: Mapped[str]
    detail: Mapped[str]
    receipt: Mapped[dict[str, Any] | None]
    leaf_hash: Mapped[str | None]
    invoice_id: Mapped[InvoiceId | None] = mapped_column(Text)
    total_amount_before: Mapped[int]
    amount: Mapped[int]
    is_live: Mapped[bool]
    is_accepted: Mapped[bool | None]


PLANNED, FINISHED = "planned", "finished"


class SettlementRun(Base):
    """One settlement day: every supplier of a currency up to a horizon of the books."""

    __tablename__ = "settlement_runs"

    run_id: Mapped[RunId] = mapped_column(Text, primary_key=True)
    currency: Mapped[str]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    horizon_posting_id: Mapped[int]
    barrier_xid: Mapped[int]
    minimum_amount: Mapped[int]
    state: Mapped[str]
    planned_by: Mapped[str]
    planned_at: Mapped[datetime]
    last_account_id: Mapped[str | None]
    settlement_count: Mapped[int]
    run_hash: Mapped[str | None]
    finished_at: Mapped[datetime | None]


class Settlement(Base):
    """What the exchange owes a supplier for a range of postings; immutable."""

    __tablename__ = "settlements"

    settlement_id: Mapped[SettlementId] = mapped_column(Text, primary_key=True)
    run_id: Mapped[RunId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    n: Mapped[int]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    from_posting_id: Mapped[int]
    until_posting_id: Mapped[int]
    opening_amount: Mapped[int]
    period_amount: Mapped[int]
    settled_amount: Mapped[int]
    carried_amount: Mapped[int]
    statement: Mapped[dict[str, Any]]
    statement_hash: Mapped[str]
    settled_at: Mapped[datetime]
    root_hash: Mapped[str | None]


class StatementRow(Base):
    """A row of a statement's sum tree with its salt; immutable, kept with the settlement."""

    __tablename__ = "statement_rows"

    settlement_id: Mapped[SettlementId] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    salt: Mapped[bytes]
    units: Mapped[int]
    charged_amount: Mapped[int]
    credited_amount: Mapped[int]


class BankAccount(Base):
    """Where a supplier wants its money; the details are encrypted and wait before they count."""

    __tablename__ = "bank_accounts"

    bank_account_id: Mapped[BankAccountId] = mapped_column(Text, primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    details_sealed: Mapped[bytes]
    masked: Mapped[str]
    registered_by: Mapped[PersonId] = mapped_column(Text)
    registered_at: Mapped[datetime]
    effective_at: Mapped[datetime]
    cancelled_by: Mapped[PersonId | None] = mapped_column(Text)
    cancelled_at: Mapped[datetime | None]


class Payout(Base):
    """The sending of a settled amount, and the people who let it go."""

    __tablename__ = "payouts"

    payout_id: Mapped[PayoutId] = mapped_column(Text, primary_key=True)
    settlement_id: Mapped[SettlementId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]
    currency: Mapped[str]
    gateway: Mapped[str]
    bank_account_id: Mapped[BankAccountId | None] = mapped_column(Text)
    state: Mapped[str]
    requested_by: Mapped[PersonId] = mapped_column(Text)
    requested_at: Mapped[datetime]
    approved_by: Mapped[PersonId | None] = mapped_column(Text)
    approved_at: Mapped[datetime | None]
    sent_by: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    provider_reference: Mapped[str | None]
    paid_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure_code: Mapped[str | None]
    cancelled_by: Mapped[PersonId | None] = mapped_column(Text)
    cancelled_at: Mapped[datetime | None]


class Withdrawal(Base):
    """A buyer's own money on its way back to its bank, and the people who let it go."""

    __tablename__ = "withdrawals"

    withdrawal_id: Mapped[WithdrawalId] = mapped_column(Text, primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]
    currency: Mapped[str]
    bank_account_id: Mapped[BankAccountId] = mapped_column(Text)
    state: Mapped[str]
    requested_by: Mapped[PersonId] = mapped_column(Text)
    requested_at: Mapped[datetime]
    approved_by: Mapped[PersonId | None] = mapped_column(Text)
    approved_at: Mapped[datetime | None]
    sent_by: Mapped[PersonId | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]
    provider_reference: Mapped[str | None]
    paid_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure_code: Mapped[str | None]
    return_stated_by: Mapped[PersonId | None] = mapped_column(Text)
    return_stated_at: Mapped[datetime | None]
    returned_by: Mapped[PersonId | None] = mapped_column(Text)
    cancelled_by: Mapped[PersonId | None] = mapped_column(Text)
    cancelled_at: Mapped[datetime | None]


DECLINED = "declined"
SUSPENSE_ASSIGNMENT = Transitions(
    {
        ("proposed", "approve"): "approved",
        ("proposed", "decline"): DECLINED,
    }
)


class SuspenseAssignment(Base):
    """Whose money it was that arrived unexplained, by one person's word and another's."""

    __tablename__ = "suspense_assignments"

    assignment_id: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str]
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[PersonId] = mapped_column(Text)
    proposed_at: Mapped[datetime]
    decided_by: Mapped[PersonId | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None]


CHARGE_BACK, WON = "charge_back", "won"
"""A kind of return, and the state of one that was decided for the exchange."""


class TopUpReturn(Base):
    """A refund or charge-back of a top-up, as its gateway reported it."""

    __tablename__ = "top_up_returns"

    return_id: Mapped[str] = mapped_column(primary_key=True)
    top_up_id: Mapped[TopUpId] = mapped_column(Text)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    kind: Mapped[str]
    gateway: Mapped[str]
    provider_reference: Mapped[str]
    amount: Mapped[int]
    owed_amount: Mapped[int]
    collected_amount: Mapped[int] = mapped_column(default=0)
    written_off_amount: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    state: Mapped[str]
    noted_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    @property
    def uncollected_amount(self) -> int:
        """What is owed and neither collected nor written off."""
        return self.owed_amount - self.collected_amount - self.written_off_amount
