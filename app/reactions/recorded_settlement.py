"""The log entries of settling: credits, disputes, statements, and money that leaves."""

from app.core.events import Event
from app.reactions.recorded import Recorded
from ledger.journal.settlement import events as settlement

SETTLEMENT_RECORDED: dict[type[Event], Recorded] = {
    settlement.CreditGiven: Recorded(
        "credit",
        ("credit_id", "licence_id", "n", "currency", "reason", "corrects_hash", "note_hash"),
        amounts=("amount", "total_amount"),
    ),
    settlement.DisputeOpened: Recorded(
        "dispute_opened", ("dispute_id", "licence_id", "reason_code", "call_count", "bundle_hash")
    ),
    settlement.DisputeAnswered: Recorded("dispute_answered", ("dispute_id", "licence_id")),
    settlement.DisputeWithdrawn: Recorded("dispute_withdrawn", ("dispute_id", "licence_id")),
    settlement.DisputeDecided: Recorded(
        "dispute_decided",
        ("dispute_id", "licence_id", "decision", "decided_by", "decision_hash"),
    ),
    settlement.SettlementMade: Recorded(
        "statement",
        ("settlement_id", "run_id", "from_at", "until_at", "statement_hash"),
        optional=("root_hash",),
    ),
    settlement.SettlementRunFinished: Recorded(
        "settlement",
        ("run_id", "currency", "from_at", "until_at", "settlement_count", "run_hash"),
    ),
    settlement.BankAccountRegistered: Recorded(
        "bank_account",
        ("bank_account_id", "organisation_id", "registered_by", "effective_at"),
    ),
    settlement.BankAccountCancelled: Recorded(
        "bank_account_cancelled", ("bank_account_id", "organisation_id", "cancelled_by")
    ),
    settlement.PayoutApproved: Recorded(
        "payout", ("payout_id", "settlement_id", "gateway", "requested_by", "approved_by")
    ),
    settlement.PayoutInstructionsRead: Recorded(
        "payout_instructions_read", ("payout_id", "read_by")
    ),
    settlement.WithdrawalApproved: Recorded(
        "withdrawal", ("withdrawal_id", "requested_by", "approved_by")
    ),
    settlement.WithdrawalInstructionsRead: Recorded(
        "withdrawal_instructions_read", ("withdrawal_id", "read_by")
    ),
    settlement.WithdrawalPaid: Recorded("withdrawal_paid", ("withdrawal_id",)),
    settlement.WithdrawalFailed: Recorded("withdrawal_failed", ("withdrawal_id", "failure_code")),
    settlement.PayoutPaid: Recorded("payout_paid", ("payout_id",)),
    settlement.PayoutFailed: Recorded("payout_failed", ("payout_id", "failure_code")),
}
