"""Notices of money: charges, periods, bills, credits, disputes, settlements and payouts."""

from collections.abc import Sequence

from app.core.events import Event
from app.core.unit_of_work import UnitOfWork
from app.notices.services import Told
from app.reactions.telling import Noticed, telling, telling_both
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

_CONFIRMED = Noticed(
    "top_up.confirmed", telling("organisation_id", "top_up_id", "amount", "currency")
)


def _tell_of_cancelled(uow: UnitOfWork, event: top_ups.TopUpCancelled) -> Sequence[Told]:
    """Tell the buyer, unless it was its own act, which was answered at once."""
    return telling("organisation_id", "top_up_id")(uow, event) if event.is_by_exchange else ()


NOTICED_MONEY: dict[type[Event], Noticed] = {
    trading.OrderCharged: Noticed(
        "order.charged", telling("buyer_id", "order_id", "amount", "currency")
    ),
    top_ups.TopUpCancelled: Noticed("top_up.cancelled", _tell_of_cancelled),
    top_ups.TopUpConfirmed: _CONFIRMED,
    top_ups.TopUpPaid: _CONFIRMED,
    charge_backs.TopUpReturned: Noticed(
        "top_up.returned",
        telling(
            "organisation_id", "top_up_id", "kind", "state", "amount", "owed_amount", "currency"
        ),
    ),
    payments.PaymentFailed: Noticed(
        "payment.failed",
        telling("organisation_id", "amount", "currency", "reason_code", top_up_id="subject_id"),
    ),
    payments.PaymentCancelled: Noticed(
        "payment.cancelled",
        telling("organisation_id", "amount", "currency", top_up_id="subject_id"),
    ),
    invoices.InvoiceIssued: Noticed(
        "invoice.issued",
        telling("buyer_id", "invoice_id", "licence_id", "invoice_hash", "total_amount", "currency"),
    ),
    metering.PeriodOpened: Noticed(
        "period.opened", telling_both("licence_id", "period", "from_at", "until_at")
    ),
    metering.PeriodFeeUnpaid: Noticed(
        "period.unpaid",
        telling(
            "buyer_id", "licence_id", "period", "from_at", "until_at", "fee_amount", "currency"
        ),
    ),
    metering.RenewalChanged: Noticed(
        "renewal.changed", telling_both("licence_id", "is_renewing", "ends_at")
    ),
    periods.PeriodCharged: Noticed(
        "period.charged", telling("buyer_id", "licence_id", "period", "amount", "currency")
    ),
    metering.PeriodClosed: Noticed(
        "period.closed",
        telling_both(
            "licence_id",
            "period",
            "from_at",
            "until_at",
            "units",
            buyer=(
                "charged_amount",
                "total_amount",
                "minimum_amount",
                "returned_amount",
                "currency",
            ),
        ),
    ),
    periods.PeriodAdjusted: Noticed(
        "period.adjusted",
        telling("buyer_id", "licence_id", "period", "amount", "currency", "is_owed"),
    ),
    deferrals.DeferralNarrowed: Noticed(
        "order.deferral_narrowed",
        telling("buyer_id", "order_id", "licence_id", "amount", "currency", "ends_at"),
    ),
    deferrals.DeferralEnded: Noticed(
        "order.deferral_ended",
        telling("buyer_id", "order_id", "licence_id", "refunded_amount", "currency", "reason_code"),
    ),
    spend_alerts.BalanceLow: Noticed(
        "balance.low",
        telling("organisation_id", "currency", "available_amount", "threshold_amount"),
    ),
    spend_alerts.SpendSpiked: Noticed(
        "spend.spiked",
        telling("organisation_id", "currency", "hour_amount", "average_amount", "factor_percent"),
    ),
    freezes.AccountWasFrozen: Noticed(
        "account.frozen", telling("organisation_id", "freeze_id", "account_id")
    ),
    freezes.AccountFreezeLifted: Noticed(
        "account.freeze_lifted", telling("organisation_id", "freeze_id", "account_id")
    ),
    credit_lines.CreditLineApproved: Noticed(
        "credit_line.approved",
        telling("organisation_id", "credit_line_id", "limit_amount", "currency", "due_days"),
    ),
    credit_lines.CreditLineSuspended: Noticed(
        "credit_line.suspended", telling("organisation_id", "credit_line_id", "bill_id", "currency")
    ),
    credit_lines.CreditLineResumed: Noticed(
        "credit_line.resumed", telling("organisation_id", "credit_line_id", "currency")
    ),
    credit_bills.CreditBillIssued: Noticed(
        "bill.issued",
        telling("organisation_id", "bill_id", "bill_hash", "amount", "currency", "due_at"),
    ),
    credit_bills.CreditBillPaid: Noticed(
        "bill.paid", telling("organisation_id", "bill_id", "amount", "currency")
    ),
    credit_bills.PaymentReminded: Noticed(
        "bill.reminded",
        telling("organisation_id", "bill_id", "step", "open_amount", "currency", "due_at"),
    ),
    credit_bills.BillSentToCollection: Noticed(
        "bill.in_collection", telling("organisation_id", "bill_id", "open_amount", "currency")
    ),
    credit.CreditGiven: Noticed(
        "credit.given",
        telling_both(
            "credit_id",
            "licence_id",
            "n",
            "reason",
            buyer=("amount", "total_amount", "currency", "note_hash"),
        ),
    ),
    disputes.DisputeOpened: Noticed(
        "dispute.opened",
        telling_both("dispute_id", "licence_id", "reason_code", "call_count", "answer_until_at"),
    ),
    disputes.DisputeAnswered: Noticed("dispute.answered", telling_both("dispute_id", "licence_id")),
    disputes.DisputeDecided: Noticed(
        "dispute.decided", telling_both("dispute_id", "licence_id", "decision")
    ),
    disputes.DisputeWithdrawn: Noticed(
        "dispute.withdrawn", telling_both("dispute_id", "licence_id")
    ),
    settlement.SettlementMade: Noticed(
        "settlement.made",
        telling(
            "supplier_id",
            "settlement_id",
            "settled_amount",
            "carried_amount",
            "currency",
            "from_at",
            "until_at",
            "statement_hash",
        ),
    ),
    bank_accounts.BankAccountRegistered: Noticed(
        "bank_account.registered", telling("organisation_id", "bank_account_id", "effective_at")
    ),
    bank_accounts.BankAccountCancelled: Noticed(
        "bank_account.cancelled", telling("organisation_id", "bank_account_id")
    ),
    payments.PayoutAccountReady: Noticed(
        "payout_account.ready", telling("organisation_id", "gateway")
    ),
    payments.PayoutAccountStopped: Noticed(
        "payout_account.stopped", telling("organisation_id", "gateway", "state", "reason_code")
    ),
    payments.PayoutAccountRefused: Noticed(
        "payout_account.refused", telling("organisation_id", "gateway", "reason_code")
    ),
    write_offs.DebtWrittenOff: Noticed(
        "debt.written_off", telling("organisation_id", "write_off_id", "amount", "currency")
    ),
    write_offs.WriteOffRecovered: Noticed(
        "debt.recovered",
        telling("organisation_id", "write_off_id", "amount", "outstanding_amount", "currency"),
    ),
    suspense.SuspenseMoneyAssigned: Noticed(
        "payment.assigned", telling("organisation_id", "amount", "currency")
    ),
    withdrawals.WithdrawalSent: Noticed(
        "withdrawal.sent", telling("organisation_id", "withdrawal_id")
    ),
    withdrawals.WithdrawalPaid: Noticed(
        "withdrawal.paid", telling("organisation_id", "withdrawal_id", "amount", "currency")
    ),
    withdrawals.WithdrawalFailed: Noticed(
        "withdrawal.failed",
        telling("organisation_id", "withdrawal_id", "amount", "currency", "failure_code"),
    ),
    payouts.PayoutSent: Noticed("payout.sent", telling("supplier_id", "payout_id")),
    payouts.PayoutPaid: Noticed(
        "payout.paid", telling("supplier_id", "payout_id", "amount", "currency")
    ),
    payouts.PayoutFailed: Noticed(
        "payout.failed",
        telling("supplier_id", "payout_id", "amount", "currency", "failure_code"),
    ),
}

_BOOKED = "what the books make of it is told, under the top-up's or the payout's id"
_OURS = "the exchange's own business with its payment provider"

UNNOTICED_MONEY: dict[type[Event], str] = {
    wallets.HeldMoneyWanted: "a question among workers; what is paid with it is told",
    top_ups.TopUpRequested: "the buyer's own act; the confirmation is told",
    credit_lines.CreditLineProposed: "binds nobody; the approval is told",
    settlement.SettlementRunFinished: "each supplier is told of its own settlement",
    payouts.PayoutRequested: "a proposal among the exchange's people; the sending is told",
    payouts.PayoutApproved: "a decision among the exchange's people; the sending is told",
    withdrawals.WithdrawalRequested: "the organisation asked for it itself",
    withdrawals.WithdrawalApproved: "a decision among the exchange's people; the sending is told",
    withdrawals.WithdrawalInstructionsRead: "a step of the sending, which is told",
    withdrawals.WithdrawalReturnWithdrawn: "nothing moved; the money left as it was told",
    withdrawals.WithdrawalCancelled: "nothing moved; the request shows it",
    suspense.SuspenseReturnApproved: "nobody here is a party: it goes back to whom it came from",
    payouts.PayoutInstructionsRead: "a step of the sending, which is told",
    payouts.PayoutReturnWithdrawn: "nothing moved; the money left as it was told",
    payouts.PayoutCancelled: "a proposal among the exchange's people was given up",
    payments.PaymentReceived: _BOOKED,
    payments.RefundApproved: _BOOKED,
    payments.PaymentRefunded: _BOOKED,
    payments.RefundFailed: _BOOKED,
    payments.PaymentDisputed: _BOOKED,
    payments.DisputeClosed: _BOOKED,
    payments.TransferPaid: _BOOKED,
    payments.TransferFailed: _BOOKED,
    payments.TransferReversed: _BOOKED,
    payments.ProviderFeeCharged: _OURS,
    payments.ProviderPaidOut: _OURS,
    payments.MovementUnexplained: _OURS,
}
"""Events of which nobody is told, each with the reason."""
