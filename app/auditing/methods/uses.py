"""Question 3 of declared uses: whether each was approved by as many, and by whom, as it takes."""

from app.auditing.methods.votes import carried, unlogged
from app.auditing.rules import Rows, Rule

USES = Rows(
    "scenarios n",
    """
    n.terms IS NOT NULL AND {within n.decided_at}
        AND {listing n.listing_code} AND {party n.buyer_id n.supplier_id}
    """,
)
"""What was approved once, whatever became of it; a use that somebody withdrew stays a decision."""

FACTS = """
    SELECT n.id AS subject, jsonb_build_object('scenario_id', n.id, 'listing_code', n.listing_code,
        'risk_score', n.risk_score, 'needs_two', n.needs_two, 'needs_panel', n.needs_panel,
        'first_approved_by', n.first_approved_by, 'decided_by', n.decided_by) AS facts
"""

CARRIED = carried(
    "SCENARIO",
    "n.id",
    involved="ARRAY[n.first_approved_by, n.submitted_by]",
    needs_two_thirds="p.needs_two_thirds",
    besides="p.id = n.decided_by",
)

APPROVERS = """
    CROSS JOIN LATERAL (
        SELECT n.first_approved_by AS id WHERE n.first_approved_by IS NOT NULL
        UNION SELECT n.decided_by WHERE NOT n.needs_panel
        UNION SELECT s.member_id FROM panel_seats s
            WHERE s.scenario_id = n.id AND s.panel_id = n.panel_id AND s.in_favour
    ) approver
"""
"""Everybody whose approval the use rests on."""

DECLARED = USES.joined(APPROVERS)

SUBMITTED = """
    FROM scenarios n JOIN log_entry_subjects s ON s.subject = n.id
    JOIN log_entries e ON e.arrival = s.arrival AND e.entry_type = 'scenario_submitted'
    {leaf}
    WHERE b.leaf ? 'depth' AND {within e.recorded_at}
        AND {listing n.listing_code} AND {party n.buyer_id n.supplier_id}
"""

VOTES = """
    FROM panel_seats t JOIN scenarios n ON n.id = t.scenario_id
    WHERE t.in_favour IS NOT NULL AND {within t.voted_at}
        AND {listing n.listing_code} AND {party n.buyer_id n.supplier_id}
"""

USE_RULES = (
    Rule(
        "use_was_approved_by_as_many_as_it_takes",
        "Each approved use was approved by one person, by two different ones where its risk takes"
        " two, or by a reviewer and the majority of a panel on which nobody involved before sat.",
        "每个获批场景均由一人、（高风险）两名不同人员，或一名审核人与无先前参与者的合议组多数批准。",
        "SELECT count(*)" + USES,
        FACTS
        + USES
        + f"""
            AND (n.decided_by IS NULL OR n.submitted_by IN (n.decided_by, n.first_approved_by)
                OR CASE WHEN n.needs_panel THEN n.first_approved_by IS NULL OR NOT {CARRIED}
                    ELSE n.needs_two AND n.first_approved_by IS NOT DISTINCT FROM n.decided_by
                        OR n.needs_two AND n.first_approved_by IS NULL END)
        """,
    ),
    Rule(
        "use_approvers_are_free_of_conflict",
        "Everybody whose approval a use rests on declared to have no conflict before, and is of"
        " neither party.",
        "场景批准所依据的每个人均事先声明无利益冲突，且不属于任何一方。",
        "SELECT count(*)" + DECLARED,
        """
        SELECT n.id || '/' || approver.id AS subject, jsonb_build_object('scenario_id', n.id,
            'approver_id', approver.id, 'decided_at', n.decided_at) AS facts
        """
        + DECLARED
        + """
            AND (EXISTS (SELECT FROM people p WHERE p.id = approver.id
                    AND p.organisation_id IN (n.buyer_id, n.supplier_id))
                OR EXISTS (SELECT FROM scenario_declarations k WHERE k.scenario_id = n.id
                    AND k.reviewer_id = approver.id AND k.is_conflicted)
                OR n.asks_declarations AND NOT EXISTS (SELECT FROM scenario_declarations k
                    WHERE k.scenario_id = n.id AND k.reviewer_id = approver.id
                        AND NOT k.is_conflicted AND k.declared_at <= n.decided_at))
        """,
    ),
    Rule(
        "use_is_decided_as_it_was_weighed",
        "How risky a use is, and how many it takes, is what the log says since it was submitted.",
        "场景的风险分值与所需批准人数与其提交时日志所载一致。",
        "SELECT count(*)" + SUBMITTED,
        FACTS
        + SUBMITTED
        + """
            AND (b.leaf->>'risk_score' IS DISTINCT FROM n.risk_score::text
                OR b.leaf->>'depth' IS DISTINCT FROM CASE WHEN n.needs_panel THEN 'PANEL'
                    WHEN n.needs_two THEN 'TWO' ELSE 'ONE' END)
        """,
    ),
    Rule(
        "vote_on_a_use_is_in_the_log",
        "Each vote of a panel over a use stands in the log with its member, direction and hash of"
        " the reason.",
        "场景合议组的每张票均以其成员、方向与理由哈希记于日志。",
        "SELECT count(*)" + VOTES,
        unlogged("scenario", "n.id", VOTES, besides="b.leaf->>'scenario' = t.scenario_id"),
    ),
)
