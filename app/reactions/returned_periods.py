"""A rule of the books' audit over two rooms: a period gives back no more than its calls cost.

The journal knows what went back, metering whose calls it was; the rule is one statement over both.
"""

from sqlalchemy import text

from ledger.journal.audit.rules.stretches import Stretch

# Periods of a plan that counts over its term stand together. Only where a true-up gave something
# back can credits exceed what is left: a single credit is bounded by its call. That a template is
# not that of calls goes without saying, but the index of a licence's transactions asks for it.
RETURNED_PERIODS = Stretch(
    "returned_periods",
    100,
    text(
        "SELECT max(licence_id) FROM (SELECT licence_id FROM licence_parties"
        " WHERE licence_id > :after ORDER BY licence_id LIMIT :most) taken"
    ),
    text(
        """
        WITH trued AS (
            SELECT p.licence_id, w.account_id, line.amount,
                split_part(t.reference, ':', 2)::bigint AS period
            FROM licence_parties p
            JOIN journal_transactions t ON t.licence_id = p.licence_id
                AND t.template <> 'accrue_calls' AND t.template = 'true_up'
            JOIN wallets w ON w.organisation_id = p.buyer_id AND w.currency = p.currency
            JOIN postings line ON line.transaction_id = t.transaction_id
                AND line.account_id = w.account_id
            WHERE p.licence_id > :after AND p.licence_id <= :through
        ), terms AS (
            SELECT e.licence_id, coalesce(e.plan_terms->>'period', 'term') = 'term' AS is_one
            FROM entitlements e WHERE e.licence_id IN (SELECT licence_id FROM trued)
        ), given AS (
            SELECT licence_id, account_id, period, amount FROM trued
            UNION ALL
            SELECT i.licence_id, (SELECT min(account_id) FROM trued
                    WHERE trued.licence_id = i.licence_id), l.period, i.amount
            FROM credit_items i
            JOIN lanes a ON a.licence_id = i.licence_id
                AND a.number = split_part(i.reference, ':', 1)::bigint
            JOIN usage_events u ON u.lane_id = a.lane_id
                AND u.n = split_part(i.reference, ':', 2)::bigint
            JOIN leases l ON l.lease_id = u.lease_id
            WHERE i.kind = 'call' AND i.licence_id IN (SELECT licence_id FROM trued)
        ), sums AS (
            SELECT g.licence_id, g.account_id, terms.is_one,
                CASE WHEN terms.is_one THEN NULL ELSE g.period END AS period,
                sum(g.amount)::bigint AS given,
                bool_or((g.licence_id, g.period) IN (SELECT licence_id, period FROM trued))
                    AS has_true_up
            FROM given g JOIN terms USING (licence_id) GROUP BY 1, 2, 3, 4
        ), held AS (
            SELECT sums.*, coalesce((
                SELECT sum(c.charged_amount) FROM licence_periods c
                WHERE c.licence_id = sums.licence_id AND c.state = 'closed'
                    AND (sums.is_one OR c.period = sums.period)
            ), 0)::bigint AS charged
            FROM sums
        )
        SELECT 'period_gives_back_at_most_its_charge' AS rule,
            licence_id || coalesce(':' || period, '') AS subject, charged AS expected,
            given AS found, ARRAY[account_id] AS account_ids
        FROM held WHERE has_true_up AND given > charged
        """
    ),
)
