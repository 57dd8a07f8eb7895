"""The books' self-audit: every sum that must hold, recomputed from the rows."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

FINDINGS_MAX = 100


@dataclass(frozen=True)
class Imbalance:
    """A sum that does not hold: ``found`` where ``expected`` should be (10⁻⁸ units or a count)."""

    rule: str
    subject: str
    expected: int
    found: int


# posted wallet balance = balance_amount - spend of open leases: a call moves the postings at once
# and the wallet's row when its lease is settled.
_RULES = text(
    """
    SELECT 'transaction_sums_to_zero' AS rule, t.transaction_id || ' ' || p.currency AS subject,
        0::bigint AS expected, sum(p.amount)::bigint AS found
    FROM journal_transactions t JOIN postings p USING (transaction_id)
    GROUP BY t.transaction_id, p.currency HAVING sum(p.amount) <> 0
    UNION ALL
    SELECT 'transaction_has_its_postings', t.transaction_id::text, t.posting_count, count(p.line)
    FROM journal_transactions t LEFT JOIN postings p USING (transaction_id)
    GROUP BY t.transaction_id, t.posting_count HAVING count(p.line) <> t.posting_count
    UNION ALL
    SELECT 'wallet_is_not_negative', w.account_id, 0::bigint, w.balance_amount - w.pending_amount
    FROM wallets w
    WHERE w.balance_amount < 0 OR w.pending_amount < 0 OR w.pending_amount > w.balance_amount
    UNION ALL
    SELECT 'wallet_is_its_postings', w.account_id,
        w.balance_amount - coalesce(leased.spent, 0), coalesce(posted.amount, 0)
    FROM wallets w
    LEFT JOIN (SELECT account_id, sum(amount)::bigint AS amount FROM postings GROUP BY account_id)
        posted USING (account_id)
    LEFT JOIN (SELECT organisation_id, currency, sum(spent_amount)::bigint AS spent
        FROM wallet_leases WHERE closed_at IS NULL GROUP BY organisation_id, currency)
        leased USING (organisation_id, currency)
    WHERE w.balance_amount - coalesce(leased.spent, 0) <> coalesce(posted.amount, 0)
    UNION ALL
    SELECT 'pending_is_open_leases', w.account_id, coalesce(leased.amount, 0), w.pending_amount
    FROM wallets w
    LEFT JOIN (SELECT organisation_id, currency, sum(amount)::bigint AS amount
        FROM wallet_leases WHERE closed_at IS NULL GROUP BY organisation_id, currency)
        leased USING (organisation_id, currency)
    WHERE w.pending_amount <> coalesce(leased.amount, 0)
    UNION ALL
    SELECT 'lease_is_its_postings', l.lease_id, l.spent_amount, coalesce(posted.amount, 0)
    FROM wallet_leases l
    LEFT JOIN (SELECT t.lease_id, -sum(p.amount)::bigint AS amount
        FROM journal_transactions t JOIN postings p USING (transaction_id)
        JOIN wallets w USING (account_id) WHERE t.lease_id IS NOT NULL GROUP BY t.lease_id)
        posted USING (lease_id)
    WHERE l.spent_amount <> coalesce(posted.amount, 0)
    UNION ALL
    SELECT 'lease_is_not_overspent', l.lease_id, l.amount, l.spent_amount
    FROM wallet_leases l WHERE l.spent_amount > l.amount
    LIMIT :most
    """
)


def find_imbalances(session: Session) -> list[Imbalance]:
    """Every rule of the books that does not hold, at most 100; empty when all is well.

    Needs the exchange's reach: a narrower one sees only part of every sum.
    """
    rows = session.execute(_RULES, {"most": FINDINGS_MAX})
    return [Imbalance(row.rule, row.subject, row.expected, row.found) for row in rows]
