"""Question 3 of suppliers: whether each was verified at every instant at which it was listed.

Judged over the log alone, so by what was known then: of each interval in which a version was live,
its first instant, and each at which the supplier's standing could have ended.
"""

from app.auditing.methods.intervals import COUNT, INTERVALS, TICK
from app.auditing.rules import Rule

DECISIONS = """
    SELECT e.arrival, e.leaf_hash, e.recorded_at,
        e.entry_type = 'organisation_verified' AS verifies,
        (b.leaf->>'valid_until')::timestamptz AS valid_until
    FROM log_entry_subjects s JOIN log_entries e USING (arrival) {leaf}
    WHERE s.subject = i.supplier_id AND b.leaf->>'organisation' = i.supplier_id
        AND e.entry_type IN ('organisation_verified', 'organisation_refused')
"""
"""What reviewers found of the supplier, ever."""

MOMENTS = f"""
    SELECT i.starts_at AS at, interval '0' AS grace
    UNION ALL
    SELECT d.ended_at + {{tick}}, {{tick}} FROM (
        SELECT CASE WHEN k.verifies THEN k.valid_until ELSE k.recorded_at END AS ended_at
        FROM ({DECISIONS}) k
    ) d WHERE d.ended_at >= i.starts_at AND d.ended_at + {{tick}} <= i.ends_at
"""
"""Nobody may be listed unverified; who is listed already has as long as the machine looks away."""

UNVERIFIED = f"""
    SELECT DISTINCT ON (i.subject) i.subject, jsonb_build_object('listing_code', i.listing_code,
        'version_id', i.version_id, 'supplier_id', i.supplier_id, 'listed_from', i.starts_at,
        'listed_until', i.ends_at, 'unverified_at', m.at - m.grace,
        'decision', encode(held.leaf_hash, 'hex'), 'verified_until', held.valid_until) AS facts
    FROM ({INTERVALS}) i
    CROSS JOIN LATERAL ({MOMENTS}) m
    LEFT JOIN LATERAL (
        SELECT k.* FROM ({DECISIONS}) k WHERE k.recorded_at <= m.at ORDER BY k.arrival DESC LIMIT 1
    ) held ON true
    WHERE NOT coalesce(held.verifies AND held.valid_until > m.at - m.grace, false)
    ORDER BY i.subject, m.at
""".replace("{tick}", f"interval '{int(TICK.total_seconds())} seconds'")

ENTRIES = """
    SELECT e.arrival FROM log_entries e
    {leaf}
    JOIN listing_standings g ON g.supplier_id = b.leaf->>'organisation'
    WHERE e.entry_type IN ('organisation_verified', 'organisation_refused')
        AND {listing g.listing_code} AND {party g.supplier_id}
"""
"""Of any time: what a listing rests on was decided before it."""

SUPPLIER_RULES = (
    Rule(
        "supplier_was_verified_while_listed",
        "Each listing went live while its supplier was verified, by the log's newest decision of"
        " then, and none stayed live more than two minutes after that verification had ended.",
        "每次挂牌时，供方依日志当时最新决定均处于已认证状态；认证结束后无挂牌在架超过两分钟。",
        COUNT,
        UNVERIFIED,
    ),
)
