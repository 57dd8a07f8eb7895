"""Question 7: what was metered was charged, and what was charged went where agreed."""

from app.auditing.questions import Method
from app.auditing.rules import Rows, Rule

# A run of calls is booked under the reference lane:first-last, so its calls are known one by one.
RUNS = """
    SELECT t.transaction_id, t.licence_id, t.occurred_at,
        split_part(t.reference, ':', 1) AS lane_id,
        split_part(split_part(t.reference, ':', 2), '-', 1)::bigint AS first_n,
        split_part(split_part(t.reference, ':', 2), '-', 2)::bigint AS last_n
    FROM journal_transactions t WHERE t.template = 'accrue_calls'
"""
PARTIES = "{listing l.listing_code} AND {licence l.id} AND {party l.buyer_id l.supplier_id}"

BOOKED = f"""
    FROM ({RUNS}) r JOIN licences l ON l.id = r.licence_id
    WHERE {{within r.occurred_at}} AND {PARTIES}
"""

CALLS = """
    FROM usage_events u WHERE {within u.occurred_at} AND {listing u.listing_code}
        AND {licence u.licence_id} AND {party u.buyer_id u.supplier_id}
"""

CHARGES = Rows(
    """
    journal_transactions t LEFT JOIN orders o ON o.id = t.order_id
    JOIN licences l ON l.id = coalesce(t.licence_id, o.licence_id)
    """,
    f"""
    t.template IN ('accrue_calls', 'charge_order', 'charge_period', 'charge_minimum',
        'recognise')
        AND {{within t.occurred_at}} AND {PARTIES}
    """,
)

RUN_IS_ITS_CALLS = (
    """
    SELECT run.transaction_id::text AS subject, jsonb_build_object('transaction_id',
        run.transaction_id, 'licence_id', run.licence_id, 'metered_amount', run.metered::text,
        'charged_amount', run.charged::text, 'calls_due', run.due, 'calls_found', run.found)
        AS facts
    FROM (
        SELECT r.transaction_id, r.licence_id, r.last_n - r.first_n + 1 AS due,
            (SELECT count(*) FROM usage_events u WHERE u.lane_id = r.lane_id
                AND u.n BETWEEN r.first_n AND r.last_n) AS found,
            (SELECT coalesce(sum(u.amount), 0) FROM usage_events u WHERE u.lane_id = r.lane_id
                AND u.n BETWEEN r.first_n AND r.last_n) AS metered,
            (SELECT -coalesce(sum(p.amount), 0) FROM postings p
                WHERE p.transaction_id = r.transaction_id
                    AND p.account_id LIKE '%/wallet/%') AS charged
    """
    + BOOKED
    + ") run WHERE run.metered <> run.charged OR run.found <> run.due"
)

# A call and its charge are of one commit and one instant: the filters that choose calls choose
# their charges. Both sides are read once and hashed: NOT IN would look through all for each call.
CALL_IS_CHARGED = (
    """
    SELECT u.licence_id || '/' || u.lane || '/' || u.n AS subject, jsonb_build_object(
        'licence_id', u.licence_id, 'lane', u.lane, 'n', u.n, 'metered_amount', u.amount::text,
        'leaf_hash', encode(u.leaf_hash, 'hex')) AS facts
    """
    + CALLS
    + f"""
        AND u.amount > 0 AND NOT EXISTS (SELECT FROM (
            SELECT r.lane_id, generate_series(r.first_n, r.last_n) AS n {BOOKED}) charged
            WHERE charged.lane_id = u.lane_id AND charged.n = u.n)
    """
)

# What a charge leaves: a fee that is earned over time waits as deferred, a minimum is owed.
_BOOKED = """
    SELECT
        -coalesce(sum(p.amount) FILTER (WHERE k.kind = payer.kind), 0) AS charged,
        coalesce(sum(p.amount) FILTER (WHERE k.kind = 'payable'), 0) AS suppliers,
        coalesce(sum(p.amount) FILTER (WHERE p.account_id LIKE 'exchange/commission/%'), 0)
            AS commission,
        coalesce(sum(p.amount) FILTER (WHERE p.account_id LIKE 'exchange/tax/%'), 0) AS tax,
        coalesce(sum(abs(p.amount)) FILTER (
            WHERE k.kind NOT IN (payer.kind, 'payable', 'commission', 'tax')), 0) AS elsewhere
    FROM postings p
    CROSS JOIN LATERAL (SELECT split_part(p.account_id, '/', 2) AS kind) k
    CROSS JOIN LATERAL (SELECT CASE t.template WHEN 'recognise' THEN 'deferred'
        WHEN 'charge_minimum' THEN 'receivable' ELSE 'wallet' END AS kind) payer
    WHERE p.transaction_id = t.transaction_id
"""
PAID = CHARGES.joined(f"CROSS JOIN LATERAL ({_BOOKED}) paid")

PARTS = (
    """
    SELECT t.transaction_id::text AS subject, jsonb_build_object('transaction_id',
        t.transaction_id, 'charged_amount', paid.charged::text, 'suppliers_amount',
        paid.suppliers::text, 'commission_amount', paid.commission::text, 'tax_amount',
        paid.tax::text, 'elsewhere_amount', paid.elsewhere::text) AS facts
    """
    + PAID
    + """
        AND (paid.charged <> paid.suppliers + paid.commission + paid.tax OR paid.elsewhere <> 0)
    """
)

# Shares are rounded to 10⁻⁸ along a lane's running total: off by less than one unit a booking.
SPLIT = (
    """
    SELECT share.licence_id || '/' || share.part AS subject, jsonb_build_object('licence_id',
        share.licence_id, 'part', share.part, 'agreed_basis_points', share.basis_points,
        'charged_amount', share.charged::text, 'part_amount', share.booked::text) AS facts
    FROM (
        SELECT l.id AS licence_id, agreed.part, agreed.basis_points, count(*) AS bookings,
            sum(paid.charged) AS charged, sum(CASE agreed.part WHEN 'commission'
                THEN paid.commission ELSE paid.tax END) AS booked
    """
    + PAID.joined("""
        CROSS JOIN LATERAL (SELECT key AS part, value::bigint AS basis_points
            FROM jsonb_each_text(l.split) WHERE key IN ('commission', 'tax')) agreed
    """)
    + """
        GROUP BY l.id, agreed.part, agreed.basis_points
    ) share
    WHERE abs(share.booked * 10000 - share.charged * share.basis_points)
        > 10000 * share.bookings
    """
)

ORDERS = Rows(
    "orders o LEFT JOIN licences l ON l.id = o.licence_id",
    """
    o.state <> 'CANCELLED' AND {within o.placed_at} AND {listing o.listing_code}
        AND {licence o.licence_id} AND {party o.buyer_id o.supplier_id}
    """,
)

ORDER_IS_CHARGED = (
    """
    SELECT o.id AS subject, jsonb_build_object('order_id', o.id, 'due_amount', o.due_amount::text,
        'charged_amount', coalesce(paid.amount, 0)::text) AS facts
    """
    + ORDERS.joined(
        """
        LEFT JOIN LATERAL (SELECT -sum(p.amount) AS amount FROM journal_transactions t
            JOIN postings p USING (transaction_id)
            WHERE t.order_id = o.id AND t.template IN ('charge_order', 'defer_order')
                AND p.account_id LIKE '%/wallet/%') paid ON true
        """
    )
    + " AND o.licence_id IS NOT NULL AND coalesce(paid.amount, 0) <> o.due_amount"
)

PERIODS = Rows(
    "licence_periods r JOIN licences l ON l.id = r.licence_id",
    """
    r.opened_at IS NOT NULL AND {within r.opened_at} AND {listing l.listing_code}
        AND {licence l.id} AND {party l.buyer_id l.supplier_id}
    """,
)

PERIOD_IS_CHARGED = (
    """
    SELECT r.licence_id || '/' || r.period AS subject, jsonb_build_object('licence_id',
        r.licence_id, 'period', r.period, 'fee_amount', r.fee_amount::text, 'charged_amount',
        coalesce(paid.amount, 0)::text) AS facts
    """
    + PERIODS.joined(
        """
        LEFT JOIN LATERAL (SELECT -sum(p.amount) AS amount FROM journal_transactions t
            JOIN postings p USING (transaction_id)
            WHERE t.template = 'charge_period' AND t.reference = r.licence_id || ':' || r.period
                AND p.account_id LIKE '%/wallet/%') paid ON true
        """
    )
    + " AND coalesce(paid.amount, 0) <> r.fee_amount"
)

# A settlement covers a supplier, not a listing: filters of a trade mean the suppliers of it.
SETTLED = Rows(
    "settlements s",
    """
    {within s.settled_at} AND {party s.supplier_id}
        AND EXISTS (SELECT FROM licences l WHERE l.supplier_id = s.supplier_id
            AND {listing l.listing_code} AND {licence l.id})
    """,
)

SETTLED_IS_BOOKED = (
    """
    SELECT s.settlement_id AS subject, jsonb_build_object('settlement_id', s.settlement_id,
        'supplier_id', s.supplier_id, 'settled_amount', s.settled_amount::text,
        'booked_amount', coalesce(moved.amount, 0)::text) AS facts
    """
    + SETTLED.joined(
        """
        LEFT JOIN LATERAL (SELECT sum(p.amount) AS amount FROM journal_transactions t
            JOIN postings p USING (transaction_id)
            WHERE t.template = 'settle' AND t.reference = s.settlement_id
                AND p.account_id = s.supplier_id || '/settled/' || s.currency) moved ON true
        """
    )
    + """
        AND (coalesce(moved.amount, 0) <> s.settled_amount
            OR s.opening_amount + s.period_amount <> s.settled_amount + s.carried_amount)
    """
)

ENTRIES = """
    SELECT e.arrival FROM log_entries e JOIN licences l ON l.id = e.licence_id
    WHERE e.entry_type IN ('call', 'lane_opened', 'invoice', 'credit', 'licence_granted')
        AND {within e.recorded_at} AND {listing l.listing_code}
        AND {licence l.id} AND {party l.buyer_id l.supplier_id}
"""

SUMS = Method(
    rules=(
        Rule(
            "charge_is_its_calls",
            "Each charge for calls is the sum of exactly the metered calls that it names.",
            "每笔调用收费恰为其所列已计量调用之和。",
            "SELECT count(*)" + BOOKED,
            RUN_IS_ITS_CALLS,
        ),
        Rule(
            "metered_call_is_charged",
            "Each metered call that costs something is in one charge.",
            "每次有价调用均计入一笔收费。",
            "SELECT count(*)" + CALLS,
            CALL_IS_CHARGED,
        ),
        Rule(
            "charge_is_its_parts",
            "Each charge is what suppliers, commission and tax received of it, to 10⁻⁸.",
            "每笔收费等于供方、佣金与税所得之和，精确至 10⁻⁸。",
            "SELECT count(*)" + CHARGES,
            PARTS,
        ),
        Rule(
            "parts_are_as_agreed",
            "Commission and tax of a licence are the agreed basis points of its charges.",
            "许可的佣金与税为其收费的约定基点。",
            "SELECT count(*)" + CHARGES,
            SPLIT,
        ),
        Rule(
            "order_is_charged_once",
            "Each order was charged exactly what was due on placing it.",
            "每份订单恰按应付额收费一次。",
            "SELECT count(*)" + ORDERS,
            ORDER_IS_CHARGED,
        ),
        Rule(
            "period_is_charged_once",
            "Each period that was opened was charged exactly its fee.",
            "每个已开启的计费周期恰按其费用收费一次。",
            "SELECT count(*)" + PERIODS,
            PERIOD_IS_CHARGED,
        ),
        Rule(
            "settlement_is_booked",
            "Each settlement moved what it says: opening + period = settled + carried.",
            "每次结算所转即其所载：期初＋本期＝结算＋结转。",
            "SELECT count(*)" + SETTLED,
            SETTLED_IS_BOOKED,
        ),
    ),
    entries=ENTRIES,
)
