"""Rules of money whose owner is not known: recorded, assigned, sent back, each by its amount."""

from sqlalchemy import text

from ledger.journal.audit.rules.stretches import BANK, WALLET, Check, Stretch, moved, row_by_row
from ledger.journal.books.chart import BANK_TRANSFER

_SUSPENSE = "'exchange/suspense/' || u.currency"
_ARRIVED = f"'{BANK_TRANSFER}:' || u.bank_reference"
_WHO_HAS_IT = f"""(SELECT a.organisation_id || '/wallet/' || a.currency FROM suspense_assignments a
    WHERE a.state = 'approved' AND a.reference = {_ARRIVED})"""  # noqa: S608 -- constants

# A line of the bank's statement is in the books once, at the bank and in suspense.
ARRIVALS = row_by_row(
    "bank_arrivals",
    "bank_reference",
    500,
    Check(
        "arrival_is_booked",
        expected="u.amount",
        found=moved("provider_unexplained", _ARRIVED, _SUSPENSE),
        touches=(_SUSPENSE, _WHO_HAS_IT),
    ),
    Check(
        "arrival_is_at_the_bank",
        expected="-u.amount",
        found=moved("provider_unexplained", _ARRIVED, BANK),
        touches=(_SUSPENSE, _WHO_HAS_IT),
    ),
)

# What two people said is somebody's is in that wallet, and is all that arrived. A reference that
# was declined for somebody may have been approved for the same afterwards.
ASSIGNMENTS = row_by_row(
    "suspense_assignments",
    "assignment_id",
    500,
    Check(
        "assignment_is_booked",
        expected="""coalesce((SELECT sum(a.amount) FROM suspense_assignments a
                WHERE a.reference = u.reference AND a.organisation_id = u.organisation_id
                    AND a.state = 'approved'), 0)""",
        found=moved("assign_suspense", "u.reference", WALLET),
        touches=(_SUSPENSE, WALLET),
    ),
    Check(
        "assignment_is_what_arrived",
        expected=moved("provider_unexplained", "u.reference", _SUSPENSE),
        found="u.amount",
        touches=(_SUSPENSE, f"CASE WHEN u.state = 'approved' THEN {WALLET} END"),
    ),
)

# What goes back to its sender left suspense with the approval, and the bank when it was paid.
RETURNS = row_by_row(
    "suspense_returns",
    "return_id",
    500,
    Check(
        "suspense_return_is_booked",
        expected="CASE WHEN u.state IN ('approved', 'returned') THEN -u.amount ELSE 0 END",
        found=moved("return_suspense suspense_return_failed", "u.return_id", _SUSPENSE),
        touches=(_SUSPENSE,),
    ),
    Check(
        "suspense_return_left_the_bank",
        expected="CASE WHEN u.state = 'returned' THEN u.amount ELSE 0 END",
        found=moved("suspense_return_paid suspense_return_back", "u.return_id", BANK),
        touches=(_SUSPENSE,),
    ),
    Check(
        "suspense_return_is_what_arrived",
        expected=moved("provider_unexplained", "u.reference", _SUSPENSE),
        found="u.amount",
        touches=(_SUSPENSE,),
    ),
)

# Nothing leaves suspense in the books alone: two people decided it, once, one way.
DECISIONS = Stretch(
    "suspense_decisions",
    500,
    text(
        "SELECT max(reference) FROM (SELECT reference FROM journal_transactions"
        " WHERE template IN ('assign_suspense', 'return_suspense') AND reference > :after"
        " ORDER BY reference LIMIT :most) taken"
    ),
    text(
        """
        WITH taken AS (
            SELECT t.transaction_id, t.template, t.reference, CASE t.template
                WHEN 'assign_suspense' THEN (SELECT count(*) FROM suspense_assignments a
                    WHERE a.reference = t.reference AND a.state = 'approved')
                ELSE (SELECT count(*) FROM suspense_returns r WHERE r.return_id = t.reference
                    AND r.state IN ('approved', 'returned', 'failed')) END AS decided
            FROM journal_transactions t
            WHERE t.template IN ('assign_suspense', 'return_suspense')
                AND t.reference > :after AND t.reference <= :through
        )
        SELECT 'suspense_was_decided' AS rule, template || ' ' || reference AS subject,
            1::bigint AS expected, decided AS found, (SELECT array_agg(DISTINCT p.account_id)
                FROM postings p WHERE p.transaction_id = taken.transaction_id) AS account_ids
        FROM taken WHERE decided <> 1
        """
    ),
)
