"""Question 15: the quality grade of a listing against what it delivers."""

from app.auditing.questions import Method
from app.auditing.rules import Rows, Rule, read_figures
from compliance.sampling.reports import NO_GRADE

ACTING_DAYS = 14
"""How long a drift that was told may stand before somebody has acted on it."""
LIVE_DAYS = 30
LIVE_LEAST = 20
"""Calls before a share of them means anything."""
FAILING_PERCENT = 5
"""From this share of failed deliveries on a listing has to be acted on."""

REPORTS = """
    FROM quality_reports q WHERE {within q.reported_at} AND {listing q.listing_code}
        AND {party q.supplier_id}
"""
MOVED = """
    FROM quality_reports q CROSS JOIN LATERAL
        jsonb_array_elements(q.document->'value_shift'->'fields') WITH ORDINALITY f(field, place)
    WHERE jsonb_typeof(q.document->'value_shift') = 'object'
        AND (f.field->>'is_alarm')::boolean
"""
"""Each field of a report whose values moved farther than chance since the report before."""
SHIFTED = f"""
    FROM (SELECT q.id, q.listing_code, q.document->'value_shift'->>'against' AS former_id,
            jsonb_agg(f.field->>'field' ORDER BY f.place) AS moved
        {MOVED} AND {{within q.reported_at}} AND {{listing q.listing_code}}
            AND {{party q.supplier_id}}
        GROUP BY q.id) z
    WHERE true
"""
TOLD_SHIFTS = """
    FROM log_entries e
    {leaf}
    LEFT JOIN listing_standings g ON g.listing_code = b.leaf->>'listing_code'
    WHERE e.entry_type = 'quality_values_shifted' AND {within e.recorded_at}
        AND {listing g.listing_code} AND {party g.supplier_id}
"""
LISTED_NOW = Rows(
    "listing_standings g",
    """
    g.state = 'LISTED'
        AND {within g.noted_at} AND {listing g.listing_code} AND {party g.supplier_id}
    """,
)
LIVE = f"""
    SELECT g.listing_code, g.supplier_id,
        (SELECT count(*) FROM usage_events u WHERE u.listing_code = g.listing_code
            AND u.occurred_at > CAST(:now AS timestamptz) - interval '{LIVE_DAYS} days')
            AS answered,
        (SELECT coalesce(sum(f.calls_count), 0) FROM delivery_failures f
            WHERE f.listing_code = g.listing_code
            AND f.hour > CAST(:now AS timestamptz) - interval '{LIVE_DAYS} days')
            AS failed,
        (SELECT q.grade FROM quality_reports q WHERE q.version_id = g.version_id
            ORDER BY q.reported_at DESC LIMIT 1) AS grade
"""
ENTRIES = """
    SELECT e.arrival FROM log_entries e
    {leaf}
    JOIN listing_standings g ON g.listing_code = b.leaf->>'listing_code'
        OR g.version_id = b.leaf->>'version'
    WHERE e.entry_type IN ('quality', 'quality_values_shifted', 'quality_drifted',
        'quality_recovered', 'listed', 'suspended', 'resumed')
        AND {within e.recorded_at} AND {listing g.listing_code} AND {party g.supplier_id}
"""
FIGURES = (
    """
    SELECT coalesce(jsonb_agg(jsonb_build_object('listing_code', z.listing_code, 'grade', z.grade,
        'answered_count', z.answered, 'failed_count', z.failed) ORDER BY z.failed DESC,
        z.listing_code), '[]') AS listings
    FROM (SELECT * FROM (
    """
    + LIVE
    + LISTED_NOW
    + ") y ORDER BY y.failed DESC, y.listing_code LIMIT 100) z"
)

HELD = Method(
    rules=(
        Rule(
            "grade_is_the_measured_one",
            "Each quality report is the one whose hash and grade the log holds.",
            "每份质量报告的哈希与等级均与日志一致。",
            "SELECT count(*)" + REPORTS,
            """
            SELECT q.id AS subject, jsonb_build_object('report_id', q.id, 'listing_code',
                q.listing_code, 'version_id', q.version_id, 'grade', q.grade) AS facts
            """
            + REPORTS
            + f"""
                AND NOT EXISTS (SELECT FROM log_entry_subjects s JOIN log_entries e USING (arrival)
                    {{leaf}}
                    WHERE s.subject = q.id AND e.entry_type = 'quality'
                        AND b.leaf->>'report_hash' = q.document_hash
                        AND b.leaf->>'grade' = coalesce(q.grade, '{NO_GRADE}'))
            """,
        ),
        Rule(
            "shift_was_told",
            "Each quality report whose coded values moved farther than chance is told by the log,"
            " with the fields that moved and the report before.",
            "编码值分布变化超出偶然范围的质量报告均已记入日志，并载明变化字段与前次报告。",
            "SELECT count(*)" + SHIFTED,
            """
            SELECT z.id AS subject, jsonb_build_object('report_id', z.id, 'listing_code',
                z.listing_code, 'former_id', z.former_id, 'fields', z.moved) AS facts
            """
            + SHIFTED
            + """
                AND NOT EXISTS (SELECT FROM log_entry_subjects s JOIN log_entries e USING (arrival)
                    {leaf}
                    WHERE s.subject = z.id AND e.entry_type = 'quality_values_shifted'
                        AND b.leaf->>'former' = z.former_id AND b.leaf->'fields' = z.moved)
            """,
        ),
        Rule(
            "shift_has_its_report",
            "Each shift of coded values that the log tells is what the report of its name shows.",
            "日志所载每次编码值分布变化均与所指质量报告一致。",
            "SELECT count(*)" + TOLD_SHIFTS,
            """
            SELECT encode(e.leaf_hash, 'hex') AS subject, jsonb_build_object('report_id',
                b.leaf->>'report', 'listing_code', b.leaf->>'listing_code', 'fields',
                b.leaf->'fields') AS facts
            """
            + TOLD_SHIFTS
            + " AND NOT EXISTS (SELECT"
            + MOVED
            + """
                AND q.id = b.leaf->>'report' AND q.listing_code = b.leaf->>'listing_code'
                AND q.document->'value_shift'->>'against' = b.leaf->>'former'
                GROUP BY q.id
                HAVING jsonb_agg(f.field->>'field' ORDER BY f.place) = b.leaf->'fields')
            """,
        ),
        Rule(
            "grade_of_what_is_listed_is_in_date",
            "No listing is live on a quality report whose time is over.",
            "无挂牌以过期的质量报告在架。",
            "SELECT count(*)" + LISTED_NOW,
            """
            SELECT g.listing_code AS subject, jsonb_build_object('listing_code', g.listing_code,
                'version_id', g.version_id, 'valid_until', (SELECT max(q.valid_until)
                FROM quality_reports q WHERE q.version_id = g.version_id)) AS facts
            """
            + LISTED_NOW
            + """
                AND (SELECT max(q.valid_until) FROM quality_reports q
                    WHERE q.version_id = g.version_id) <= :now
            """,
        ),
        Rule(
            "drift_is_acted_on",
            f"No listing is live whose deliveries have been worse than its report or its promise"
            f" for more than {ACTING_DAYS} days.",
            f"无挂牌在交付劣于其报告或承诺超过 {ACTING_DAYS} 天后仍在架。",
            "SELECT count(*)" + LISTED_NOW,
            """
            SELECT g.listing_code AS subject, jsonb_build_object('listing_code', g.listing_code,
                'drifted_at', d.drifted_at, 'drifts', d.drifts, 'report_id', d.report_id) AS facts
            """
            + LISTED_NOW.joined("JOIN live_quality_standings d USING (listing_code)")
            + f"""
                AND d.drifted_at <= CAST(:now AS timestamptz) - interval '{ACTING_DAYS} days'
            """,
        ),
        Rule(
            "listing_that_fails_is_acted_on",
            f"No listing is live of which {FAILING_PERCENT} % or more of the last {LIVE_DAYS}"
            f" days' calls failed at the supplier (from {LIVE_LEAST} calls on).",
            f"最近 {LIVE_DAYS} 天内供方交付失败率达到 {FAILING_PERCENT} %"
            f"（自 {LIVE_LEAST} 次调用起）的挂牌均已处理，不再在架。",
            "SELECT count(*)" + LISTED_NOW,
            """
            SELECT z.listing_code AS subject, jsonb_build_object('listing_code', z.listing_code,
                'supplier_id', z.supplier_id, 'grade', z.grade, 'answered_count', z.answered,
                'failed_count', z.failed) AS facts
            FROM (
            """
            + LIVE
            + LISTED_NOW
            + f""") z WHERE z.answered + z.failed >= {LIVE_LEAST}
                AND z.failed * 100 >= {FAILING_PERCENT} * (z.answered + z.failed)
            """,
        ),
    ),
    entries=ENTRIES,
    figures=lambda session, scope: read_figures(session, FIGURES, scope),
)
