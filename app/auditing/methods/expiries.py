"""Questions 4 and 17: what outlived its ground, and what nobody uses."""

from app.auditing.questions import Method
from app.auditing.rules import Rule

TICK_SECONDS = 120
"""The worker looks for what has lapsed each minute; later than two looks is a breach."""
IDLE_DAYS = 180

LISTED_NOW = """
    FROM listing_standings g WHERE g.state = 'LISTED'
        AND {within g.noted_at} AND {listing g.listing_code} AND {party g.supplier_id}
"""
LICENCES = """
    FROM licences l JOIN scenarios n ON n.id = l.scenario_id
    WHERE {within l.issued_at} AND {listing l.listing_code}
        AND {licence l.id} AND {party l.buyer_id l.supplier_id}
"""
CARRYING = """
    FROM lapses l JOIN listing_standings g ON g.listing_code = l.subject_id
    WHERE g.state = 'LISTED' AND l.consequence = 'SUSPEND'
        AND {within g.noted_at} AND {listing g.listing_code} AND {party g.supplier_id}
"""
STANDING_ENTRIES = """
    SELECT e.arrival FROM log_entries e
    {leaf}
    JOIN listing_standings g ON g.listing_code = b.leaf->>'listing_code'
    WHERE e.entry_type IN ('listed', 'suspended', 'resumed', 'delisted', 'listing_revoked')
        AND {within e.recorded_at} AND {listing g.listing_code} AND {party g.supplier_id}
"""


def _late(query: str) -> str:
    return query.replace(":tick", f"interval '{TICK_SECONDS} seconds'")


OUTLIVED = Method(
    rules=(
        Rule(
            "no_listing_outlives_its_evidence",
            "No listing is, or was until its suspension, live two minutes after its evidence"
            " lapsed.",
            "没有挂牌在证据失效两分钟后仍在架（或曾在架至被暂停）。",
            """SELECT count(*) FROM listing_standings g WHERE {within g.noted_at}
                AND {listing g.listing_code} AND {party g.supplier_id}""",
            _late(
                """
                SELECT g.listing_code AS subject, jsonb_build_object('listing_code',
                    g.listing_code, 'state', g.state, 'evidence_lapses_at', g.evidence_lapses_at,
                    'live_seconds', trunc(extract(epoch FROM
                        CASE WHEN g.state = 'LISTED' THEN :now ELSE g.changed_at END
                        - g.evidence_lapses_at))::bigint) AS facts
                FROM listing_standings g
                WHERE {within g.noted_at} AND {listing g.listing_code} AND {party g.supplier_id}
                    AND CASE WHEN g.state = 'LISTED' THEN :now
                        WHEN g.reason_code = 'EVIDENCE_EXPIRED' THEN g.changed_at
                        END > g.evidence_lapses_at + :tick
                """
            ),
        ),
        Rule(
            "no_listing_outlives_what_carries_it",
            "No listing is live two minutes after anything that carries it ended by itself: a"
            " document, a right, a link of its chain, an assessment, an approval.",
            "没有挂牌在其任一依据（文件、权利、授权链环节、评估、批准）失效两分钟后仍在架。",
            "SELECT count(*)" + CARRYING,
            _late(
                """
                SELECT g.listing_code || '/' || l.id AS subject, jsonb_build_object(
                    'listing_code', g.listing_code, 'kind', l.kind, 'name', l.name,
                    'lapses_at', l.lapses_at, 'effective_at', l.effective_at, 'live_seconds',
                    trunc(extract(epoch FROM :now - l.effective_at))::bigint) AS facts
                """
                + CARRYING
                + " AND l.effective_at + :tick <= :now"
            ),
        ),
        Rule(
            "no_listing_outlives_its_supplier",
            "No listing is live two minutes after its supplier's verification lapsed.",
            "没有挂牌在供方认证失效两分钟后仍在架。",
            "SELECT count(*)" + LISTED_NOW,
            _late(
                """
                SELECT g.listing_code AS subject, jsonb_build_object('listing_code',
                    g.listing_code, 'supplier_id', g.supplier_id, 'verified_until',
                    (SELECT max(p.verified_until) FROM compliance_parties p
                        WHERE p.organisation_id = g.supplier_id)) AS facts
                """
                + LISTED_NOW
                + """
                    AND NOT EXISTS (SELECT FROM compliance_parties p WHERE
                        p.organisation_id = g.supplier_id AND p.verified_until + :tick > :now)
                """
            ),
        ),
        Rule(
            "no_licence_outlives_its_approval",
            "No licence is active two minutes after its term, or its scenario's, ended.",
            "没有许可在其期限或场景期限结束两分钟后仍有效。",
            "SELECT count(*)" + LICENCES,
            _late(
                """
                SELECT l.id AS subject, jsonb_build_object('licence_id', l.id,
                    'scenario_id', n.id, 'scenario_state', n.state,
                    'licence_ends_at', l.ends_at, 'scenario_valid_until', n.valid_until) AS facts
                """
                + LICENCES
                + """
                    AND l.state = 'ACTIVE' AND (l.ends_at + :tick <= :now
                        OR n.valid_until + :tick <= :now
                        OR (n.state = 'WITHDRAWN' AND n.withdrawn_at + :tick <= :now))
                """
            ),
        ),
    ),
    entries=STANDING_ENTRIES,
)


def _idle(query: str) -> str:
    return query.replace(":idle", f"interval '{IDLE_DAYS} days'")


SCENARIOS = """
    FROM scenarios n WHERE n.state = 'ACTIVE' AND {within n.decided_at}
        AND {listing n.listing_code} AND {party n.buyer_id n.supplier_id}
"""

IDLE = Method(
    rules=(
        Rule(
            "listing_trades",
            "Each listing that has been live for 180 days had an order in the last 180.",
            "在架满 180 天的挂牌，最近 180 天内均有订单。",
            "SELECT count(*)" + LISTED_NOW,
            _idle(
                """
                SELECT g.listing_code AS subject, jsonb_build_object('listing_code',
                    g.listing_code, 'listed_at', g.noted_at, 'last_order_at',
                    (SELECT max(o.placed_at) FROM orders o
                        WHERE o.listing_code = g.listing_code)) AS facts
                """
                + LISTED_NOW
                + """
                    AND g.noted_at <= CAST(:now AS timestamptz) - :idle AND NOT EXISTS (
                    SELECT FROM orders o WHERE o.listing_code = g.listing_code
                        AND o.placed_at > CAST(:now AS timestamptz) - :idle)
                """
            ),
        ),
        Rule(
            "scenario_is_used",
            "Each scenario that was approved 180 days ago has an order.",
            "获批满 180 天的场景均有订单。",
            "SELECT count(*)" + SCENARIOS,
            _idle(
                """
                SELECT n.id AS subject, jsonb_build_object('scenario_id', n.id,
                    'buyer_id', n.buyer_id, 'listing_code', n.listing_code,
                    'approved_at', n.decided_at) AS facts
                """
                + SCENARIOS
                + """
                    AND n.decided_at <= CAST(:now AS timestamptz) - :idle
                    AND NOT EXISTS (SELECT FROM orders o WHERE o.scenario_id = n.id)
                """
            ),
        ),
    ),
    entries=STANDING_ENTRIES,
)
