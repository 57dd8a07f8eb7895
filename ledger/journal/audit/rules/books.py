"""Rules of the books themselves: transactions sum to zero, wallets are their postings."""

from sqlalchemy import text

from ledger.journal.audit.rules.stretches import Stretch, by_key

# A journal transaction sums to zero in each currency and has the postings that it says it has.
TRANSACTIONS = Stretch(
    "transactions",
    20_000,
    text(
        "SELECT max(transaction_id)::text FROM (SELECT transaction_id FROM journal_transactions"
        " WHERE transaction_id > coalesce(CAST(nullif(:after, '') AS bigint), 0)"
        " ORDER BY transaction_id LIMIT :most) taken"
    ),
    text(
        """
        WITH taken AS (
            SELECT transaction_id, posting_count FROM journal_transactions
            WHERE transaction_id > coalesce(CAST(nullif(:after, '') AS bigint), 0)
                AND transaction_id <= CAST(:through AS bigint)
        ), lines AS (
            SELECT t.transaction_id, t.posting_count, p.currency, p.account_id, p.amount
            FROM taken t LEFT JOIN postings p USING (transaction_id)
        )
        SELECT 'transaction_sums_to_zero' AS rule, transaction_id || ' ' || currency AS subject,
            0::bigint AS expected, sum(amount)::bigint AS found,
            array_agg(DISTINCT account_id) AS account_ids
        FROM lines WHERE currency IS NOT NULL
        GROUP BY transaction_id, currency HAVING sum(amount) <> 0
        UNION ALL
        SELECT 'transaction_has_its_postings', transaction_id::text, posting_count,
            count(amount), array_remove(array_agg(DISTINCT account_id), NULL)
        FROM lines GROUP BY transaction_id, posting_count HAVING count(amount) <> posting_count
        """
    ),
)

# posted = balance - spend of open leases; the tally is what was posted up to a number.
WALLETS = Stretch(
    "wallets",
    200,
    by_key("wallets", "account_id"),
    text(
        """
        WITH taken AS (
            SELECT w.*, coalesce(l.amount, 0) AS leased, coalesce(l.spent, 0) AS spent,
                coalesce(y.amount, 0) + coalesce((
                    SELECT sum(p.amount) FROM postings p WHERE p.account_id = w.account_id
                        AND p.posting_id > coalesce(y.through_posting_id, 0)
                ), 0)::bigint AS posted
            FROM wallets w
            LEFT JOIN account_tallies y USING (account_id)
            LEFT JOIN LATERAL (
                SELECT sum(amount)::bigint AS amount, sum(spent_amount)::bigint AS spent
                FROM wallet_leases l WHERE l.organisation_id = w.organisation_id
                    AND l.currency = w.currency AND l.closed_at IS NULL
            ) l ON true
            WHERE w.account_id > :after AND w.account_id <= :through
        )
        SELECT 'wallet_is_within_its_credit' AS rule, account_id AS subject,
            -credit_limit_amount AS expected, balance_amount - pending_amount AS found,
            ARRAY[account_id] AS account_ids
        FROM taken WHERE pending_amount < 0
            OR balance_amount - pending_amount < -credit_limit_amount
        UNION ALL
        SELECT 'wallet_is_its_postings', account_id, balance_amount - spent, posted,
            ARRAY[account_id]
        FROM taken WHERE balance_amount - spent <> posted
        UNION ALL
        SELECT 'pending_is_open_leases', account_id, leased, pending_amount, ARRAY[account_id]
        FROM taken WHERE pending_amount <> leased
        """
    ),
)

# From the first posting on, without the tally's help: finds what was changed behind it.
WALLETS_FROM_SCRATCH = Stretch(
    "wallets_from_scratch",
    1,
    WALLETS.ends,
    text(
        """
        SELECT 'wallet_is_its_postings' AS rule, w.account_id AS subject,
            w.balance_amount - coalesce(leased.spent, 0) AS expected,
            coalesce(posted.amount, 0) AS found, ARRAY[w.account_id] AS account_ids
        FROM wallets w
        LEFT JOIN LATERAL (SELECT sum(p.amount)::bigint AS amount FROM postings p
            WHERE p.account_id = w.account_id) posted ON true
        LEFT JOIN LATERAL (SELECT sum(l.spent_amount)::bigint AS spent FROM wallet_leases l
            WHERE l.organisation_id = w.organisation_id AND l.currency = w.currency
                AND l.closed_at IS NULL) leased ON true
        WHERE w.account_id > :after AND w.account_id <= :through
            AND w.balance_amount - coalesce(leased.spent, 0) <> coalesce(posted.amount, 0)
        """
    ),
)
