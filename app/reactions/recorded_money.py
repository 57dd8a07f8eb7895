"""The log entries of money: invoices, credits, disputes, statements, and money that leaves."""

from app.core.events import Event
from app.reactions.recorded import Recorded
from ledger.journal.bank_accounts import events as bank_accounts
from ledger.journal.billing.credit_bills import events as credit_bills
from ledger.journal.billing.credit_lines import events as credit_lines
from ledger.journal.billing.invoices import events as invoices
from ledger.journal.charge_backs import events as charge_backs
from ledger.journal.credits import events as credit
from ledger.journal.deferrals import events as deferrals
from ledger.journal.disputes import events as disputes
from ledger.journal.freezes import events as freezes
from ledger.journal.payouts import events as payouts
from ledger.journal.periods import events as periods
from ledger.journal.settlement import events as settlement
from ledger.journal.spend_alerts import events as spend_alerts
from ledger.journal.suspense import events as suspense
from ledger.journal.top_ups import events as top_ups
from ledger.journal.trading import events as trading
from ledger.journal.wallets import events as wallets
from ledger.journal.withdrawals import events as withdrawals
from ledger.journal.write_offs import events as write_offs
from ledger.payments import events as payments
from metering import events as metering

_TWO_WHO_SAID_RETURNED = ("return_stated_by", "returned_by")
_WORD_TAKEN_BACK = ("return_stated_by", "return_stated_at", "withdrawn_by")

RECORDED_MONEY: dict[type[Event], Recorded] = {
    invoices.InvoiceIssued: Recorded("invoice", ("invoice_id", "licence_id", "invoice_hash")),
    freezes.AccountWasFrozen: Recorded("account_frozen", ("freeze_id", "account_id", "rule")),
    freezes.AccountFreezeLifted: Recorded(
        "account_freeze_lifted", ("freeze_id", "account_id", "rule")
    ),
    credit.CreditGiven: Recorded(
        "credit",
        ("credit_id", "licence_id", "n", "currency", "reason", "corrects_hash", "note_hash"),
        amounts=("amount", "total_amount"),
    ),
    disputes.DisputeOpened: Recorded(
        "dispute_opened", ("dispute_id", "licence_id", "reason_code", "call_count", "bundle_hash")
    ),
    disputes.DisputeAnswered: Recorded("dispute_answered", ("dispute_id", "licence_id")),
    disputes.DisputeWithdrawn: Recorded("dispute_withdrawn", ("dispute_id", "licence_id")),
    disputes.DisputeDecided: Recorded(
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
    bank_accounts.BankAccountRegistered: Recorded(
        "bank_account",
        ("bank_account_id", "organisation_id", "registered_by", "effective_at"),
    ),
    bank_accounts.BankAccountCancelled: Recorded(
        "bank_account_cancelled", ("bank_account_id", "organisation_id", "cancelled_by")
    ),
    payouts.PayoutApproved: Recorded(
        "payout", ("payout_id", "settlement_id", "gateway", "requested_by", "approved_by")
    ),
    payouts.PayoutInstructionsRead: Recorded("payout_instructions_read", ("payout_id", "read_by")),
    withdrawals.WithdrawalApproved: Recorded(
        "withdrawal", ("withdrawal_id", "requested_by", "approved_by")
    ),
    withdrawals.WithdrawalInstructionsRead: Recorded(
        "withdrawal_instructions_read", ("withdrawal_id", "read_by")
    ),
    withdrawals.WithdrawalPaid: Recorded("withdrawal_paid", ("withdrawal_id",)),
    withdrawals.WithdrawalFailed: Recorded(
        "withdrawal_failed", ("withdrawal_id", "failure_code"), optional=_TWO_WHO_SAID_RETURNED
    ),
    withdrawals.WithdrawalReturnWithdrawn: Recorded(
        "withdrawal_return_withdrawn", ("withdrawal_id", *_WORD_TAKEN_BACK)
    ),
    suspense.SuspenseReturnApproved: Recorded(
        "suspense_return", ("return_id", "proposed_by", "approved_by")
    ),
    write_offs.DebtWrittenOff: Recorded(
        "debt_written_off", ("write_off_id", "proposed_by", "approved_by")
    ),
    write_offs.WriteOffRecovered: Recorded("write_off_recovered", ("write_off_id",)),
    payouts.PayoutPaid: Recorded("payout_paid", ("payout_id",)),
    payouts.PayoutFailed: Recorded(
        "payout_failed", ("payout_id", "failure_code"), optional=_TWO_WHO_SAID_RETURNED
    ),
    payouts.PayoutReturnWithdrawn: Recorded(
        "payout_return_withdrawn", ("payout_id", *_WORD_TAKEN_BACK)
    ),
}

_BETWEEN_OWNER_AND_PROVIDER = "between the money's owner and the provider; the journal keeps it"

UNRECORDED_MONEY: dict[type[Event], str] = {
    top_ups.TopUpRequested: "an announcement moves no money",
    top_ups.TopUpCancelled: "nothing was paid; what is paid all the same is credited",
    top_ups.TopUpConfirmed: "a balance is between its owner and the bank; the journal keeps it",
    top_ups.TopUpPaid: "a balance is between its owner and the bank; the journal keeps it",
    charge_backs.TopUpReturned: "as the payment that it undoes",
    payouts.PayoutRequested: "a proposal binds nobody; its approval is recorded",
    payouts.PayoutSent: "the gateway's own reference; approval and end are recorded",
    payouts.PayoutCancelled: "a proposal that was given up moved nothing",
    suspense.SuspenseMoneyAssigned: "as the payment that it turned out to be",
    withdrawals.WithdrawalRequested: "a request moves nothing; its approval is recorded",
    withdrawals.WithdrawalSent: "the bank's own reference; approval and end are recorded",
    withdrawals.WithdrawalCancelled: "a request that was given up moved nothing",
    wallets.HeldMoneyWanted: "a question among workers; what is paid is booked",
    trading.OrderCharged: "the order is recorded; a price per buyer does not belong in the log",
    periods.PeriodCharged: "a price per buyer does not belong in the log; the invoice is recorded",
    periods.PeriodAdjusted: "a price per buyer does not belong in the log; the invoice is recorded",
    deferrals.DeferralNarrowed: "follows from a narrowing, which is recorded",
    deferrals.DeferralEnded: "follows from a revocation or a narrowing, which is recorded",
    credit_lines.CreditLineProposed: "a proposal lends nothing",
    credit_lines.CreditLineApproved: "what a buyer may owe is between it and the exchange",
    credit_bills.CreditBillIssued: "adds up invoices, which are recorded",
    credit_bills.CreditBillPaid: "whether a buyer pays is between it and the exchange",
    credit_bills.PaymentReminded: "whether a buyer pays is between it and the exchange",
    credit_lines.CreditLineSuspended: "whether a buyer pays is between it and the exchange",
    credit_lines.CreditLineResumed: "whether a buyer pays is between it and the exchange",
    credit_bills.BillSentToCollection: "whether a buyer pays is between it and the exchange",
    spend_alerts.BalanceLow: "a balance is between its owner and the exchange",
    spend_alerts.SpendSpiked: "what a buyer spends is between it and the exchange",
    metering.RenewalChanged: "an intention; the licence's end is recorded",
    metering.PeriodOpened: "follows from plan and licence, which are recorded; the journal has it",
    metering.PeriodFeeUnpaid: "what a wallet lacks is between its owner and the exchange",
    metering.PeriodClosed: "sums of recorded calls; credits and invoices that follow are recorded",
    payments.PaymentReceived: _BETWEEN_OWNER_AND_PROVIDER,
    payments.PaymentFailed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.PaymentCancelled: _BETWEEN_OWNER_AND_PROVIDER,
    payments.RefundApproved: _BETWEEN_OWNER_AND_PROVIDER,
    payments.PaymentRefunded: _BETWEEN_OWNER_AND_PROVIDER,
    payments.RefundFailed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.TransferPaid: _BETWEEN_OWNER_AND_PROVIDER,
    payments.TransferFailed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.TransferReversed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.PaymentDisputed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.DisputeClosed: _BETWEEN_OWNER_AND_PROVIDER,
    payments.ProviderFeeCharged: _BETWEEN_OWNER_AND_PROVIDER,
    payments.ProviderPaidOut: _BETWEEN_OWNER_AND_PROVIDER,
    payments.MovementUnexplained: _BETWEEN_OWNER_AND_PROVIDER,
    payments.PayoutAccountReady: "who is paid through whom is private",
    payments.PayoutAccountRefused: "who is not paid through whom is private",
    payments.PayoutAccountStopped: "who is not paid through whom is private",
}
