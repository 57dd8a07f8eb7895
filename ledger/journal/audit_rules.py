"""The rules of the live audit: each looks at a bounded stretch of the books in one statement.

One statement sees one instant, so that trade going on beside it cannot look like a breach.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from ledger.journal.chart import GATEWAY, NAMED_CLEARING

FINDINGS_MAX = 100
_NAMED = " ".join(f"WHEN '{name}' THEN '{kind}'" for name, kind in NAMED_CLEARING.items())
# Where a gateway's money rests (`chart.clearing_account`), of any table with gateway and currency.
_CLEARING = (
    f"'exchange/' || CASE u.gateway {_NAMED} ELSE '{GATEWAY}' || u.gateway END || '/' || u.currency"
)

_WALLET = "u.organisation_id || '/wallet/' || u.currency"


def _booked(template: str, reference: str, account: str) -> str:
    """The sum (``booked.amount``) of what a template with a reference moved on an account."""
    return f"""LEFT JOIN LATERAL (
            SELECT sum(p.amount)::bigint AS amount FROM journal_transactions t
            JOIN postings p USING (transaction_id)
            WHERE t.template = '{template}' AND t.reference = {reference}
                AND p.account_id = {account}
        ) booked ON true"""  # noqa: S608 -- constants


@dataclass(frozen=True)
class Finding:
    """A sum that does not hold (10⁻⁸ units or a count), and the accounts that it touches."""

    rule: str
    subject: str
    expected: int
    found: int
    account_ids: tuple[str, ...]


@dataclass(frozen=True)
class Stretch:
    """A rule over part of a table: ordered by ``key``, from behind ``:after``, ``:most`` rows."""

    name: str
    portion: int
    ends: TextClause
    findings: TextClause


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
        LIMIT 100
        """
    ),
)

# posted = balance - spend of open leases; the tally is what was posted up to a number.
WALLETS = Stretch(
    "wallets",
    200,
    text(
        "SELECT max(account_id) FROM (SELECT account_id FROM wallets WHERE account_id > :after"
        " ORDER BY account_id LIMIT :most) taken"
    ),
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
        LIMIT 100
        """
    ),
)

# Leases, open and closed: within their grants, and spent as the books say.
LEASES = Stretch(
    "leases",
    # A lease of a busy licence has hundreds of journal transactions.
    100,
    text(
        "SELECT max(lease_id) FROM (SELECT lease_id FROM wallet_leases WHERE lease_id > :after"
        " ORDER BY lease_id LIMIT :most) taken"
    ),
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
        LIMIT 100
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

# Cash = books: every credited payment is in the books once, with its amount.
TOP_UPS = Stretch(
    "top_ups",
    500,
    text(
        "SELECT max(top_up_id) FROM (SELECT top_up_id FROM top_ups WHERE top_up_id > :after"
        " ORDER BY top_up_id LIMIT :most) taken"
    ),
    text(
        f"""
        SELECT 'cash_is_booked' AS rule, u.top_up_id AS subject,
            CASE WHEN u.state = 'posted' THEN u.amount ELSE 0 END AS expected,
            coalesce(booked.amount, 0) AS found,
            ARRAY[u.organisation_id || '/wallet/' || u.currency] AS account_ids
        FROM top_ups u
        {_booked("top_up", "u.top_up_id", _WALLET)}
        WHERE u.top_up_id > :after AND u.top_up_id <= :through
            AND coalesce(booked.amount, 0)
                <> CASE WHEN u.state = 'posted' THEN u.amount ELSE 0 END
        UNION ALL
        SELECT 'cash_is_at_its_gateway', u.top_up_id,
            CASE WHEN u.state = 'posted' THEN -u.amount ELSE 0 END,
            coalesce(booked.amount, 0), ARRAY[u.organisation_id || '/wallet/' || u.currency]
        FROM top_ups u
        {_booked("top_up", "u.top_up_id", _CLEARING)}
        WHERE u.top_up_id > :after AND u.top_up_id <= :through
            AND coalesce(booked.amount, 0)
                <> CASE WHEN u.state = 'posted' THEN -u.amount ELSE 0 END
        LIMIT 100
        """  # noqa: S608 -- constants
    ),
)

# What left for a supplier left its gateway's account, once and whole.
PAYOUTS = Stretch(
    "payouts",
    500,
    text(
        "SELECT max(payout_id) FROM (SELECT payout_id FROM payouts WHERE payout_id > :after"
        " ORDER BY payout_id LIMIT :most) taken"
    ),
    text(
        f"""
        SELECT 'payout_left_its_gateway' AS rule, u.payout_id AS subject,
            CASE WHEN u.paid_at IS NULL THEN 0 ELSE u.amount END AS expected,
            coalesce(booked.amount, 0) AS found,
            ARRAY[u.supplier_id || '/settled/' || u.currency] AS account_ids
        FROM payouts u
        {_booked("payout_paid", "u.payout_id", _CLEARING)}
        WHERE u.payout_id > :after AND u.payout_id <= :through
            AND coalesce(booked.amount, 0)
                <> CASE WHEN u.paid_at IS NULL THEN 0 ELSE u.amount END
        LIMIT 100
        """  # noqa: S608 -- constants
    ),
)

# What waits to be earned is on the deferred account, order by order, and never below nothing.
DEFERRALS = Stretch(
    "deferrals",
    200,
    text(
        "SELECT max(order_id) FROM (SELECT order_id FROM deferrals WHERE order_id > :after"
        " ORDER BY order_id LIMIT :most) taken"
    ),
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
        LIMIT 100
        """
    ),
)

# A settlement moved what it says, and only that.
SETTLEMENTS = Stretch(
    "settlements",
    200,
    text(
        "SELECT max(settlement_id) FROM (SELECT settlement_id FROM settlements"
        " WHERE settlement_id > :after ORDER BY settlement_id LIMIT :most) taken"
    ),
    text(
        """
        SELECT 'settlement_is_booked' AS rule, s.settlement_id AS subject,
            s.settled_amount AS expected, coalesce(booked.amount, 0) AS found,
            ARRAY[s.supplier_id || '/payable/' || s.currency,
                s.supplier_id || '/settled/' || s.currency] AS account_ids
        FROM settlements s
        LEFT JOIN LATERAL (
            SELECT sum(p.amount)::bigint AS amount FROM journal_transactions t
            JOIN postings p USING (transaction_id)
            WHERE t.template = 'settle' AND t.reference = s.settlement_id
                AND p.account_id = s.supplier_id || '/settled/' || s.currency
        ) booked ON true
        WHERE s.settlement_id > :after AND s.settlement_id <= :through
            AND coalesce(booked.amount, 0) <> s.settled_amount
        LIMIT 100
        """
    ),
)

# What was given up is an expense, debt by debt, less what came in for it since.
WRITE_OFFS = Stretch(
    "write_offs",
    200,
    text(
        "SELECT max(write_off_id) FROM (SELECT write_off_id FROM write_offs"
        " WHERE write_off_id > :after ORDER BY write_off_id LIMIT :most) taken"
    ),
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
        LIMIT 100
        """
    ),
)

STRETCHES: Sequence[Stretch] = (
    TRANSACTIONS,
    WALLETS,
    WALLETS_FROM_SCRATCH,
    LEASES,
    TOP_UPS,
    PAYOUTS,
    DEFERRALS,
    SETTLEMENTS,
    WRITE_OFFS,
)


def next_end(session: Session, stretch: Stretch, after: str) -> str | None:
    """The last key of the stretch behind ``after``; None at the end of the table."""
    arguments = {"after": after, "most": stretch.portion}
    end: str | None = session.scalar(stretch.ends, arguments)
    return end


def find_in(session: Session, stretch: Stretch, *, after: str, through: str) -> list[Finding]:
    """What does not hold behind ``after`` up to ``through``, at most 100; needs full reach."""
    rows = session.execute(stretch.findings, {"after": after, "through": through})
    return [
        Finding(row.rule, row.subject, int(row.expected), int(row.found), tuple(row.account_ids))
        for row in rows
    ]
