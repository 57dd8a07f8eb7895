"""Rules of what is owed: earned over time, settled with suppliers, given up of debtors."""

from sqlalchemy import text

from ledger.journal.audit.rules.stretches import SETTLED, Check, Stretch, by_key, moved, row_by_row

# What waits to be earned is on the deferred account, order by order, and never below nothing.
DEFERRALS = Stretch(
    "deferrals",
    200,
    by_key("deferrals", "order_id"),
    text(
        """
        SELECT 'deferred_is_booked' AS rule, d.order_id AS subject,
            d.price_amount - d.recognised_amount - d.refunded_amount AS expected,
            coalesce(booked.amount, 0) AS found,
            ARRAY[d.supplier_id || '/payable/' || d.currency] AS account_ids
        FROM deferrals d
        LEFT JOIN LATERAL (
            SELECT sum(p.amount)::bigint AS amount FROM journal_transactions t
            JOIN postings p USING (transaction_id)
            WHERE t.order_id = d.order_id AND p.account_id = 'exchange/deferred/' || d.currency
        ) booked ON true
        WHERE d.order_id > :after AND d.order_id <= :through AND (
            coalesce(booked.amount, 0) < 0 OR coalesce(booked.amount, 0)
                <> d.price_amount - d.recognised_amount - d.refunded_amount)
        """
    ),
)

# A settlement moved what it says, and only that.
SETTLEMENTS = row_by_row(
    "settlements",
    "settlement_id",
    200,
    Check(
        "settlement_is_booked",
        expected="u.settled_amount",
        found=moved("settle", "u.settlement_id", SETTLED),
        touches=("u.supplier_id || '/payable/' || u.currency", SETTLED),
    ),
)

# What was given up is an expense, debt by debt, less what came in for it since.
WRITE_OFFS = Stretch(
    "write_offs",
    200,
    by_key("write_offs", "write_off_id"),
    text(
        """
        WITH taken AS (
            SELECT w.write_off_id, w.organisation_id || '/wallet/' || w.currency AS account_id,
                CASE WHEN w.state IN ('written_off', 'recovered') THEN w.amount ELSE 0 END
                    AS amount, w.recovered_amount,
                coalesce((SELECT sum(i.amount) FROM write_off_items i
                    WHERE i.write_off_id = w.write_off_id), 0)::bigint AS items,
                coalesce((SELECT sum(i.recovered_amount) FROM write_off_items i
                    WHERE i.write_off_id = w.write_off_id), 0)::bigint AS recovered_items,
                coalesce((SELECT sum(p.amount) FROM journal_transactions t
                    JOIN postings p USING (transaction_id)
                    WHERE p.account_id = 'exchange/bad_debt/' || w.currency
                        AND (t.template = 'write_off' AND t.reference = w.write_off_id
                            OR t.template = 'recover_write_off'
                                AND split_part(t.reference, ':', 1) = w.write_off_id)
                ), 0)::bigint AS booked
            FROM write_offs w WHERE w.write_off_id > :after AND w.write_off_id <= :through
        )
        SELECT 'write_off_is_booked' AS rule, write_off_id AS subject,
            recovered_amount - amount AS expected, booked AS found, ARRAY[account_id] AS account_ids
        FROM taken WHERE booked <> recovered_amount - amount
        UNION ALL
        SELECT 'write_off_is_its_debts', write_off_id, amount - recovered_amount,
            items - recovered_items, ARRAY[account_id]
        FROM taken WHERE items <> amount OR recovered_items <> recovered_amount
        """
    ),
)
