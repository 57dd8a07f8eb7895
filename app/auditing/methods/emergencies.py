"""Question 14: suspensions with their second people, appeals and disputes decided by others."""

from app.auditing.methods.expiries import STANDING_ENTRIES
from app.auditing.questions import Method
from app.auditing.rules import Rule

LOGGED = """
    SELECT e.arrival, e.recorded_at, b.leaf->>'listing_code' AS listing_code,
        b.leaf->>'reason_code' AS reason_code, b.leaf->>'suspended_by' AS suspended_by,
        n.entry_type AS next_type, n.recorded_at AS next_at, n.leaf->>'proposed_by' AS proposed_by,
        coalesce(n.leaf->>'resumed_by', n.leaf->>'revoked_by') AS ended_by
    FROM log_entries e
    {leaf}
    JOIN listing_standings g ON g.listing_code = b.leaf->>'listing_code'
    LEFT JOIN LATERAL (
        SELECT f.entry_type, f.recorded_at, convert_from(f.body, 'UTF8')::jsonb AS leaf
        FROM log_entry_subjects s JOIN log_entries f USING (arrival)
        WHERE s.subject = b.leaf->>'listing_code' AND f.arrival > e.arrival
            AND f.entry_type IN ('resumed', 'listing_revoked', 'delisting_completed')
        ORDER BY f.arrival LIMIT 1
    ) n ON true
    WHERE e.entry_type = 'suspended' AND {within e.recorded_at} AND {listing g.listing_code}
        AND {party g.supplier_id}
"""
LOGGED_FACTS = """
    z.listing_code || '/' || z.arrival AS subject, jsonb_build_object(
        'listing_code', z.listing_code, 'suspended_at', z.recorded_at, 'suspended_by',
        z.suspended_by, 'reason_code', z.reason_code, 'ended_at', z.next_at,
        'proposed_by', z.proposed_by, 'ended_by', z.ended_by) AS facts
"""

# The machine's own suspensions follow from a date and need nobody behind them.
EMERGENCY = """
    FROM suspensions u WHERE u.ratify_until IS NOT NULL
        AND {within u.suspended_at} AND {listing u.listing_code} AND {party u.supplier_id}
"""

APPEALS = """
    FROM appeals a JOIN panels p ON p.id = a.panel_id
    WHERE {within a.filed_at} AND {listing a.listing_code} AND {party a.supplier_id}
"""
APPEAL_FACTS = """
    SELECT a.id AS subject, jsonb_build_object('appeal_id', a.id, 'subject_kind', a.subject_kind,
        'subject_id', a.subject_id, 'listing_code', a.listing_code, 'state', a.state,
        'filed_at', a.filed_at, 'due_at', a.due_at, 'decided_at', a.decided_at,
        'board', (SELECT jsonb_agg(t.member_id ORDER BY t.member_id) FROM panel_seats t
            WHERE t.panel_id = a.panel_id)) AS facts
"""
# Everybody who decided anything about the version or its listing before the appeal.
INVOLVED = """
    SELECT unnest(ARRAY[c.admitted_by, c.first_reviewer_id, c.second_reviewer_id]
        || c.excluded_ids) FROM review_cases c WHERE c.id = a.case_id
    UNION ALL SELECT d.reviewer_id FROM review_decisions d WHERE d.case_id = a.case_id
    UNION ALL SELECT t.member_id FROM panels q JOIN panel_seats t ON t.panel_id = q.id
        WHERE q.case_id = a.case_id AND q.id <> a.panel_id AND q.opened_at <= a.filed_at
    UNION ALL SELECT o.officer_id FROM listing_applications o WHERE o.case_id = a.case_id
    UNION ALL SELECT unnest(ARRAY[u.suspended_by, u.ratified_by]) FROM suspensions u
        WHERE u.listing_code = a.listing_code AND u.suspended_at <= a.filed_at
    UNION ALL SELECT r.proposed_by FROM revocations r
        WHERE r.listing_code = a.listing_code AND r.proposed_at <= a.filed_at
"""

REOPENED = """
    FROM appeals a JOIN panels p ON p.id = a.panel_id
    JOIN review_cases n ON n.version_id = a.version_id AND n.opened_at >= a.decided_at
    WHERE a.state = 'UPHELD' AND a.subject_kind = 'REJECTION'
        AND {within a.filed_at} AND {listing a.listing_code} AND {party a.supplier_id}
"""

DISPUTES = """
    FROM disputes d JOIN licences l ON l.id = d.licence_id
    WHERE {within d.opened_at} AND {listing l.listing_code} AND {party d.buyer_id d.supplier_id}
"""

EMERGENCIES = Method(
    rules=(
        Rule(
            "another_person_ended_the_suspension",
            "Whoever proposed to resume a suspended listing, resumed or revoked it was not who"
            " suspended it, and two people resumed it.",
            "提议恢复、恢复或撤销被暂停挂牌者，并非暂停者本人；恢复须两人。",
            f"SELECT count(*) FROM ({LOGGED}) z",
            f"""
            SELECT {LOGGED_FACTS} FROM ({LOGGED}) z
            WHERE z.suspended_by IN (z.ended_by, z.proposed_by) OR (z.next_type = 'resumed'
                AND z.ended_by = z.proposed_by
                AND NOT EXISTS (SELECT FROM appeals a WHERE a.id = z.ended_by
                    AND a.state = 'UPHELD' AND a.listing_code = z.listing_code))
            """,
        ),
        Rule(
            "suspension_is_in_force_as_logged",
            "A listing that the log says is suspended is not live.",
            "日志所载被暂停的挂牌并未在架。",
            f"SELECT count(*) FROM ({LOGGED}) z",
            f"""
            SELECT {LOGGED_FACTS} FROM ({LOGGED}) z
            JOIN listing_standings g USING (listing_code)
            WHERE z.next_at IS NULL AND g.state = 'LISTED'
            """,
        ),
        Rule(
            "emergency_was_ratified_in_time",
            "Each suspension by one person was ratified by a second in its hours, as the log says,"
            " or had ended before they were over.",
            "每次单人紧急暂停均在时限内由第二人追认（以日志为准），或在时限前已结束。",
            "SELECT count(*)" + EMERGENCY,
            """
            SELECT u.id AS subject, jsonb_build_object('suspension_id', u.id, 'listing_code',
                u.listing_code, 'suspended_by', u.suspended_by, 'suspended_at', u.suspended_at,
                'ratify_until', u.ratify_until, 'ratified_by', u.ratified_by,
                'ratified_at', u.ratified_at, 'escalated_at', u.escalated_at) AS facts
            """
            + EMERGENCY
            + """
                AND u.ratify_until <= CASE WHEN u.ratified_by IS NULL
                    THEN coalesce(u.ended_at, :now) ELSE 'infinity'::timestamptz END
                AND NOT EXISTS (
                    SELECT FROM log_entry_subjects s JOIN log_entries e USING (arrival)
                    {leaf}
                    WHERE s.subject = u.id AND e.entry_type = 'suspension_ratified'
                        AND b.leaf->>'ratified_by' = u.ratified_by
                        AND b.leaf->>'ratified_by' <> u.suspended_by
                        AND e.recorded_at <= u.ratify_until)
            """,
        ),
        Rule(
            "appeal_was_decided_by_others",
            "Nobody on an appeal's board had decided anything about the version or its listing.",
            "申诉委员会成员此前均未就该版本或其挂牌作出任何决定。",
            "SELECT count(*)" + APPEALS,
            APPEAL_FACTS
            + APPEALS
            + f"""
                AND EXISTS (SELECT FROM panel_seats t WHERE t.panel_id = a.panel_id
                    AND t.member_id IN (SELECT id FROM ({INVOLVED}) involved(id)
                        WHERE id IS NOT NULL))
            """,
        ),
        Rule(
            "appeal_was_decided_in_time",
            "Each appeal was decided by the end of its days.",
            "每项申诉均在时限内作出决定。",
            "SELECT count(*)" + APPEALS,
            APPEAL_FACTS + APPEALS + " AND coalesce(a.decided_at, :now) > a.due_at",
        ),
        Rule(
            "appealed_case_came_before_others",
            "What an appeal brought back was admitted, reviewed and voted on by people who had not"
            " decided on it before.",
            "申诉成立后重审的案件，由此前未参与决定的人员受理、审核与表决。",
            "SELECT count(*)" + REOPENED,
            """
            SELECT a.id || '/' || n.id AS subject, jsonb_build_object('appeal_id', a.id,
                'case_id', n.id, 'admitted_by', n.admitted_by, 'first_reviewer_id',
                n.first_reviewer_id, 'second_reviewer_id', n.second_reviewer_id) AS facts
            """
            + REOPENED
            + """
                AND (array_remove(n.approved_by || ARRAY[n.admitted_by, n.first_reviewer_id,
                        n.second_reviewer_id], NULL) && p.excluded_ids
                    OR EXISTS (SELECT FROM panels q JOIN panel_seats t ON t.panel_id = q.id
                        WHERE q.kind = 'CASE' AND q.subject_id = n.id
                            AND t.member_id = ANY (p.excluded_ids)))
            """,
        ),
        Rule(
            "dispute_was_decided_by_a_third",
            "Who decided a dispute neither opened nor answered it.",
            "裁决争议者既非提出者亦非答复者。",
            "SELECT count(*)" + DISPUTES,
            """
            SELECT d.dispute_id AS subject, jsonb_build_object('dispute_id', d.dispute_id,
                'opened_by', d.opened_by, 'answered_by', d.answered_by,
                'decided_by', d.decided_by) AS facts
            """
            + DISPUTES
            + " AND d.decided_by IN (d.opened_by, d.answered_by)",
        ),
    ),
    entries=STANDING_ENTRIES
    + """
    UNION
    SELECT e.arrival FROM log_entries e
    {leaf}
    LEFT JOIN appeals a ON a.id = b.leaf->>'appeal'
    LEFT JOIN suspensions u ON u.id = b.leaf->>'suspension'
    WHERE e.entry_type IN ('suspension_ratified', 'resumption_proposed', 'appeal_filed',
            'appeal_decided') AND {within e.recorded_at}
        AND {listing a.listing_code u.listing_code} AND {party a.supplier_id u.supplier_id}
    """,
)
