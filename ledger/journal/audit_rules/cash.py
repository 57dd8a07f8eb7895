"""Rules of cash: what came in, and what went out, is in the books once and with its amount."""

from ledger.journal.audit_rules.stretches import Stretch, any_of, by_key, differing, moved
from ledger.journal.chart import GATEWAY, NAMED_CLEARING

_NAMED = " ".join(f"WHEN '{name}' THEN '{kind}'" for name, kind in NAMED_CLEARING.items())
# Where a gateway's money rests (`chart.clearing_account`), of any table with gateway and currency.
_CLEARING = (
    f"'exchange/' || CASE u.gateway {_NAMED} ELSE '{GATEWAY}' || u.gateway END || '/' || u.currency"
)

_BANK = "'exchange/bank/' || u.currency"
_SETTLED = "u.supplier_id || '/settled/' || u.currency"
_WALLET = "u.organisation_id || '/wallet/' || u.currency"

# Cash = books: every credited payment is in the books once, with its amount.
TOP_UPS = Stretch(
    "top_ups",
    500,
    by_key("top_ups", "top_up_id"),
    any_of(
        differing(
            "cash_is_booked",
            "top_ups",
            "top_up_id",
            expected="CASE WHEN u.state = 'posted' THEN u.amount ELSE 0 END",
            found=moved("top_up", "u.top_up_id", _WALLET),
            touches=(_WALLET,),
        ),
        differing(
            "cash_is_at_its_gateway",
            "top_ups",
            "top_up_id",
            expected="CASE WHEN u.state = 'posted' THEN -u.amount ELSE 0 END",
            found=moved("top_up", "u.top_up_id", _CLEARING),
            touches=(_WALLET,),
        ),
    ),
)

# What left for a supplier left its gateway's account, once and whole.
PAYOUTS = Stretch(
    "payouts",
    500,
    by_key("payouts", "payout_id"),
    any_of(
        differing(
            "payout_left_its_gateway",
            "payouts",
            "payout_id",
            expected="CASE WHEN u.paid_at IS NULL THEN 0 ELSE u.amount END",
            found=moved("payout_paid", "u.payout_id", _CLEARING),
            touches=(_SETTLED,),
        )
    ),
)

# What a buyer took out left its wallet with the approval and the bank when it was paid.
WITHDRAWALS = Stretch(
    "withdrawals",
    500,
    by_key("withdrawals", "withdrawal_id"),
    any_of(
        differing(
            "withdrawal_is_booked",
            "withdrawals",
            "withdrawal_id",
            expected="CASE WHEN u.state IN ('approved', 'sent', 'paid') THEN -u.amount ELSE 0 END",
            found=moved(
                "withdraw withdrawal_failed withdrawal_returned", "u.withdrawal_id", _WALLET
            ),
            touches=(_WALLET,),
        ),
        differing(
            "withdrawal_left_the_bank",
            "withdrawals",
            "withdrawal_id",
            expected="CASE WHEN u.state = 'paid' THEN u.amount ELSE 0 END",
            found=moved("withdrawal_paid withdrawal_returned", "u.withdrawal_id", _BANK),
            touches=(_WALLET,),
        ),
    ),
)
