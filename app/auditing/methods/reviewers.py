"""Questions 9 and 10: the habits of reviewers, and whether anything was waved through."""

from app.auditing.methods.reviews import ENTRIES
from app.auditing.questions import Method
from app.auditing.rules import Rule

PATTERN_LEAST = 20
"""Decisions before a share of them means anything."""
CONCENTRATION_PERCENT = 80
HASTY_SECONDS = 60

DECIDED = """
    FROM review_decisions d JOIN review_cases c ON c.id = d.case_id
    WHERE {within d.decided_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""

COUNT = "SELECT count(*)" + DECIDED

CONCENTRATED = (
    """
    SELECT of_supplier.supplier_id || '/' || of_supplier.reviewer_id AS subject,
        jsonb_build_object('supplier_id', of_supplier.supplier_id, 'reviewer_id',
            of_supplier.reviewer_id, 'approvals_count', of_supplier.approvals, 'cases_count',
            of_supplier.cases) AS facts
    FROM (
        SELECT c.supplier_id, d.reviewer_id, count(*) AS approvals,
            (SELECT count(*) FROM review_cases a
                WHERE a.supplier_id = c.supplier_id AND a.stage = 'APPROVED') AS cases
    """
    + DECIDED
    + """
        AND d.decision = 'approve' GROUP BY c.supplier_id, d.reviewer_id
    ) of_supplier
    WHERE approvals >= :least AND approvals * 100 > :share * cases
        AND (SELECT count(DISTINCT g.person_id) FROM role_grants g
            WHERE g.role = 'reviewer' AND g.withdrawn_at IS NULL) > 2
    """
)

ALWAYS = (
    """
    SELECT r.reviewer_id AS subject, jsonb_build_object('reviewer_id', r.reviewer_id,
        'decisions_count', r.decisions) AS facts
    FROM (SELECT d.reviewer_id, count(*) AS decisions,
            count(*) FILTER (WHERE d.decision = 'approve') AS approvals
    """
    + DECIDED
    + " GROUP BY d.reviewer_id) r WHERE r.decisions >= :least AND r.approvals = r.decisions"
)

HASTY = (
    """
    SELECT r.reviewer_id AS subject, jsonb_build_object('reviewer_id', r.reviewer_id,
        'decisions_count', r.decisions, 'median_seconds', r.median::bigint) AS facts
    FROM (SELECT d.reviewer_id, count(*) AS decisions, percentile_cont(0.5) WITHIN GROUP (
            ORDER BY extract(epoch FROM d.decided_at - k.declared_at)) AS median
    """
    + DECIDED.replace(
        "WHERE",
        "JOIN conflict_declarations k ON k.case_id = d.case_id AND k.reviewer_id = d.reviewer_id"
        " AND NOT k.is_conflicted WHERE",
    )
    + " GROUP BY d.reviewer_id) r WHERE r.decisions >= :least AND r.median < :hasty"
)


def _set(query: str) -> str:
    """The thresholds written into a query; they are numbers of this module."""
    return (
        query.replace(":least", str(PATTERN_LEAST))
        .replace(":share", str(CONCENTRATION_PERCENT))
        .replace(":hasty", str(HASTY_SECONDS))
    )


HABITS = Method(
    rules=(
        Rule(
            "nobody_judged_their_own",
            "No reviewer decided on a product of an organisation that they belong to.",
            "审核人未曾审核其所属机构的产品。",
            COUNT,
            """
            SELECT d.case_id || '/' || d.stage AS subject, jsonb_build_object(
                'case_id', d.case_id, 'reviewer_id', d.reviewer_id,
                'supplier_id', c.supplier_id) AS facts
            """
            + DECIDED
            + """
                AND EXISTS (SELECT FROM people p WHERE p.id = d.reviewer_id
                    AND p.organisation_id = c.supplier_id)
            """,
        ),
        Rule(
            "decisions_were_reviewers",
            "Whoever decided held the role of the stage at that moment.",
            "作出决定者当时确有该阶段的角色。",
            COUNT,
            """
            SELECT d.case_id || '/' || d.stage AS subject, jsonb_build_object(
                'case_id', d.case_id, 'reviewer_id', d.reviewer_id) AS facts
            """
            + DECIDED
            + """
                AND NOT EXISTS (SELECT FROM role_grants g WHERE g.person_id = d.reviewer_id
                    AND g.role = CASE d.stage WHEN 'INTAKE' THEN 'intake_officer'
                        ELSE 'reviewer' END AND g.granted_at <= d.decided_at
                    AND (g.withdrawn_at IS NULL OR g.withdrawn_at > d.decided_at))
            """,
        ),
        Rule(
            "no_reviewer_dominates_a_supplier",
            "With more than two reviewers, none of them approved over 80 % of a supplier's cases"
            " (from 20 approvals on).",
            "审核人多于两名时，无人批准某供方 80 % 以上的案件（自 20 次批准起）。",
            COUNT,
            _set(CONCENTRATED),
        ),
        Rule(
            "no_reviewer_approves_everything",
            "No reviewer approved each of 20 or more cases.",
            "无审核人对 20 件以上案件全部通过。",
            COUNT,
            _set(ALWAYS),
        ),
        Rule(
            "no_reviewer_is_hasty",
            "No reviewer's median time between declaration and decision is under a minute"
            " (from 20 decisions on).",
            "无审核人从声明到决定的中位时间少于一分钟（自 20 项决定起）。",
            COUNT,
            _set(HASTY),
        ),
    ),
    entries=ENTRIES,
)

APPROVED = """
    FROM review_cases c
    JOIN LATERAL (SELECT v.id AS evaluation_id, v.outcomes FROM rule_evaluations v
        WHERE v.case_id = c.id AND v.evaluated_at <= c.decided_at ORDER BY v.id DESC LIMIT 1) v
        ON true
    CROSS JOIN LATERAL jsonb_array_elements(v.outcomes) AS o
    WHERE c.stage = 'APPROVED'
        AND {within c.decided_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""

ITEM = """
    SELECT c.id || '/' || (o->>'rule_id') AS subject, jsonb_build_object('case_id', c.id,
        'listing_code', c.listing_code, 'evaluation_id', v.evaluation_id,
        'rule_id', o->>'rule_id', 'outcome', o->>'outcome',
        'first_reviewer_id', c.first_reviewer_id, 'second_reviewer_id', c.second_reviewer_id,
        'answers', (SELECT jsonb_agg(jsonb_build_object('reviewer_id', i.reviewer_id,
            'outcome', i.outcome, 'reason', i.reason)) FROM item_answers i
            WHERE i.case_id = c.id AND i.rule_id = o->>'rule_id')) AS facts
"""

WAIVERS = Method(
    rules=(
        Rule(
            "nothing_that_blocks_was_overridden",
            "No version was approved over a rule that blocks and failed.",
            "没有任何版本在阻断性规则未通过时获批。",
            "SELECT count(*)" + APPROVED,
            ITEM
            + APPROVED
            + " AND o->>'severity' = 'BLOCK' AND o->>'outcome' IN ('FAIL', 'ERROR')",
        ),
        Rule(
            "each_item_was_answered_by_both",
            "Each item left to people was passed by both approvers.",
            "每个留待人工判断的事项均由两名批准人通过。",
            "SELECT count(*)" + APPROVED + " AND o->>'outcome' = 'NEEDS_HUMAN'",
            ITEM
            + APPROVED
            + """
                AND o->>'outcome' = 'NEEDS_HUMAN' AND (SELECT count(*) FROM item_answers i
                    WHERE i.case_id = c.id AND i.rule_id = o->>'rule_id' AND i.outcome = 'PASS'
                    AND i.reviewer_id IN (c.first_reviewer_id, c.second_reviewer_id)) < 2
            """,
        ),
    ),
    entries=ENTRIES,
)
