"""Rules of leases: what calls may spend, and what the books say that they spent."""

from sqlalchemy import text

from ledger.journal.audit.rules.stretches import Stretch, by_key

# Leases, open and closed: within their grants, and spent as the books say.
LEASES = Stretch(
    "leases",
    # A lease of a busy licence has hundreds of journal transactions.
    100,
    by_key("wallet_leases", "lease_id"),
    text(
        """
        WITH taken AS (
            SELECT l.lease_id, l.amount, l.spent_amount, w.account_id, coalesce((
                SELECT -sum(p.amount) FROM journal_transactions t
                JOIN postings p USING (transaction_id)
                WHERE t.lease_id = l.lease_id AND p.account_id = w.account_id
            ), 0)::bigint AS booked
            FROM wallet_leases l JOIN wallets w USING (organisation_id, currency)
            WHERE l.lease_id > :after AND l.lease_id <= :through
        )
        SELECT 'lease_is_within_its_grant' AS rule, lease_id AS subject, amount AS expected,
            spent_amount AS found, ARRAY[account_id] AS account_ids
        FROM taken WHERE spent_amount NOT BETWEEN 0 AND amount
        UNION ALL
        SELECT 'lease_is_its_postings', lease_id, spent_amount, booked, ARRAY[account_id]
        FROM taken WHERE spent_amount <> booked
        """
    ),
)
