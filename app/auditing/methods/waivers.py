"""Question 10: whether anything was waved through, by a reviewer, a panel or a listing officer."""

from app.auditing.methods.reviews import ENTRIES
from app.auditing.questions import Method
from app.auditing.rules import Rule
from compliance.review import policy

ROUNDS_SHIPPED = policy.read(policy.shipped()).supplement_rounds_max

# What the rules said last before the case was approved, and again when it was listed.
PASSED = """
    FROM review_cases c
    CROSS JOIN LATERAL (VALUES ('review', c.decided_at), ('listing', (SELECT a.decided_at
        FROM listing_applications a WHERE a.case_id = c.id AND a.state = 'LISTED')))
        AS at(stage, decided_at)
    JOIN LATERAL (SELECT v.id AS evaluation_id, v.outcomes FROM rule_evaluations v
        WHERE v.subject_id = c.id AND v.stage = at.stage AND v.evaluated_at <= at.decided_at
        ORDER BY v.id DESC LIMIT 1) v ON true
    CROSS JOIN LATERAL jsonb_array_elements(v.outcomes) AS o
    WHERE c.stage = 'APPROVED'
        AND {within at.decided_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""

# What a person had to answer before it was approved: asked for, or doubtful and not blocking.
JUDGED = (
    PASSED
    + """
        AND at.stage = 'review' AND (o->>'outcome' = 'NEEDS_HUMAN' OR (o->>'severity' <> 'INFO'
            AND (o->>'outcome' = 'WARN' OR (o->>'severity' = 'REVIEW'
                AND o->>'outcome' IN ('FAIL', 'ERROR')))))
    """
)

ITEM = """
    SELECT c.id || '/' || at.stage || '/' || (o->>'rule_id') AS subject, jsonb_build_object(
        'case_id', c.id, 'listing_code', c.listing_code, 'evaluation_id', v.evaluation_id,
        'rule_id', o->>'rule_id', 'outcome', o->>'outcome', 'needs_panel', c.needs_panel,
        'first_reviewer_id', c.first_reviewer_id, 'second_reviewer_id', c.second_reviewer_id,
        'approved_by', c.approved_by,
        'answers', (SELECT jsonb_agg(jsonb_build_object('reviewer_id', i.reviewer_id,
            'outcome', i.outcome, 'reason', i.reason)) FROM item_answers i
            WHERE i.case_id = c.id AND i.rule_id = o->>'rule_id')) AS facts
"""

# Both reviewers where both approved; where one of them did not, those who outvoted them.
ANSWERERS = """
    SELECT reviewer.id FROM unnest(ARRAY[c.first_reviewer_id, c.second_reviewer_id]) reviewer(id)
    WHERE NOT c.needs_panel OR ARRAY[c.first_reviewer_id, c.second_reviewer_id] <@ c.approved_by
    UNION
    SELECT s.member_id FROM panels p JOIN panel_seats s ON s.panel_id = p.id AND s.in_favour
    WHERE p.kind = 'CASE' AND p.subject_id = c.id
        AND (ARRAY[c.first_reviewer_id, c.second_reviewer_id] <@ c.approved_by) IS NOT TRUE
"""

# From a version that was approved before it, in which somebody passed it and nobody failed it.
CARRIED = """
    EXISTS (SELECT FROM carried_answers w JOIN review_cases b ON b.id = w.from_case_id
        WHERE w.case_id = c.id AND w.rule_id = o->>'rule_id' AND b.stage = 'APPROVED'
            AND b.product_id = c.product_id AND b.decided_at <= c.opened_at
            AND (SELECT count(DISTINCT i.reviewer_id) FROM item_answers i WHERE i.case_id = b.id
                AND i.rule_id = w.rule_id AND i.outcome <> 'FAIL'
                AND i.reviewer_id = ANY (b.approved_by)) >= 2
            AND NOT EXISTS (SELECT FROM item_answers i WHERE i.case_id = b.id
                AND i.rule_id = w.rule_id AND i.outcome = 'FAIL'))
    AND NOT EXISTS (SELECT FROM item_answers i WHERE i.case_id = c.id
        AND i.rule_id = o->>'rule_id' AND i.outcome = 'FAIL')
"""

CASES = """
    FROM review_cases c WHERE c.stage <> 'PRECHECK'
        AND {within c.opened_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""
DECIDED = CASES.replace("c.stage <> 'PRECHECK'", "c.stage IN ('APPROVED', 'REJECTED')")
CASE_FACTS = """
    SELECT c.id AS subject, jsonb_build_object('case_id', c.id, 'listing_code', c.listing_code,
        'stage', c.stage, 'risk_level', c.risk_level, 'needs_panel', c.needs_panel,
        'supplement_round', c.supplement_round, 'round', c.round) AS facts
"""

WAIVERS = Method(
    rules=(
        Rule(
            "nothing_that_blocks_was_overridden",
            "No version was approved, by reviewers or panel, or listed over a rule that blocks and"
            " failed.",
            "没有任何版本在阻断性规则未通过时（由审核人或合议组）获批或挂牌。",
            "SELECT count(*)" + PASSED,
            ITEM + PASSED + " AND o->>'severity' = 'BLOCK' AND o->>'outcome' IN ('FAIL', 'ERROR')",
        ),
        Rule(
            "each_item_was_answered_by_both",
            "Each item left to people was passed by both reviewers, or by each member of the panel"
            " that outvoted one of them, there or in the version that it was carried from.",
            "每个留待人工判断的事项均由两名审核人通过，或由推翻其意见的合议组每名赞成者通过（或沿用此前版本的回答）。",
            "SELECT count(*)" + JUDGED,
            ITEM
            + JUDGED
            + f"""
                AND NOT ({CARRIED})
                AND EXISTS (SELECT FROM ({ANSWERERS}) answerer(id) WHERE NOT EXISTS (
                    SELECT FROM item_answers i WHERE i.case_id = c.id AND i.outcome <> 'FAIL'
                        AND i.rule_id = o->>'rule_id' AND i.reviewer_id = answerer.id))
            """,
        ),
        Rule(
            "panel_sat_where_it_had_to",
            "Whatever one reviewer rejected, and whatever is of high risk, was decided by a panel"
            " that came to the same end.",
            "凡被一名审核人否决或属高风险者，均由合议组作出与结果一致的决定。",
            "SELECT count(*)" + DECIDED,
            CASE_FACTS
            + DECIDED
            + """
                AND (c.needs_panel OR (c.risk_level = 'HIGH'
                        AND c.change_class IS DISTINCT FROM 'EDITORIAL'
                        AND c.change_class IS DISTINCT FROM 'COMMERCIAL') OR c.stage = 'REJECTED'
                    OR EXISTS (SELECT FROM review_decisions d WHERE d.case_id = c.id
                        AND d.decision = 'reject'))
                AND c.admitted_by IS NOT NULL AND NOT EXISTS (
                    SELECT FROM panels p WHERE p.kind = 'CASE' AND p.subject_id = c.id
                        AND p.state = CASE c.stage WHEN 'APPROVED' THEN 'CARRIED'
                            ELSE 'FAILED' END)
            """,
        ),
        Rule(
            "supplements_were_counted",
            "No case came back more often than the policy of its day allowed, and each time a case"
            " before it had asked for the supplement.",
            "没有案件的补正次数超过当日政策，且每次补正均由前一案件提出。",
            "SELECT count(*)" + CASES,
            CASE_FACTS
            + CASES
            + f"""
                AND (c.supplement_round > coalesce((SELECT (h.document->'parameters'
                        ->'supplement_rounds_max'->>'value')::bigint FROM review_policies h
                        WHERE h.effective_from <= c.opened_at
                        ORDER BY h.effective_from DESC LIMIT 1), {ROUNDS_SHIPPED})
                    OR c.supplement_round <> (SELECT count(*) FROM review_cases f
                        WHERE f.version_id = c.version_id AND f.round < c.round
                            AND f.stage = 'SUPPLEMENTED'))
            """,
        ),
    ),
    entries=ENTRIES,
)
