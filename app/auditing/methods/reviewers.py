"""Question 9: who judged whose products, and the habits of those who did."""

from app.auditing.methods.reviews import ENTRIES
from app.auditing.questions import Method
from app.auditing.rules import Rows, Rule

PATTERN_LEAST = 20
"""Decisions before a share of them means anything."""
CONCENTRATION_PERCENT = 80
HASTY_SECONDS = 60

JUDGED = """
    FROM (
        SELECT case_id, stage, reviewer_id, decided_at, CASE stage WHEN 'INTAKE'
            THEN 'intake_officer' ELSE 'reviewer' END AS role FROM review_decisions
        UNION ALL
        SELECT p.case_id, p.kind || ' ' || p.id, t.member_id, t.voted_at, CASE p.kind
            WHEN 'APPEAL' THEN 'appeal_member' ELSE 'panel_member' END
        FROM panels p JOIN panel_seats t ON t.panel_id = p.id AND t.voted_at IS NOT NULL
        UNION ALL
        SELECT case_id, 'LISTING ' || id, officer_id, decided_at, 'listing_officer'
        FROM listing_applications WHERE decided_at IS NOT NULL
    ) d JOIN review_cases c ON c.id = d.case_id
    WHERE {within d.decided_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""
"""Everybody's judgement on a version: the intake, reviewers, panels, boards, listing officers."""

# Whether somebody approves too much or too fast is asked of those who review; the intake only
# looks whether a submission is complete.
DECIDED = Rows(
    "review_decisions d JOIN review_cases c ON c.id = d.case_id",
    """
    d.stage IN ('REVIEW', 'SECOND')
        AND {within d.decided_at} AND {listing c.listing_code} AND {party c.supplier_id}
    """,
)

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
    + DECIDED.joined(
        "JOIN conflict_declarations k ON k.case_id = d.case_id AND k.reviewer_id = d.reviewer_id"
        " AND NOT k.is_conflicted"
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
            "Nobody decided or voted on a product of an organisation that they belong to.",
            "无人就其所属机构的产品作出决定或表决。",
            "SELECT count(*)" + JUDGED,
            """
            SELECT d.case_id || '/' || d.stage AS subject, jsonb_build_object(
                'case_id', d.case_id, 'reviewer_id', d.reviewer_id,
                'supplier_id', c.supplier_id) AS facts
            """
            + JUDGED
            + """
                AND EXISTS (SELECT FROM people p WHERE p.id = d.reviewer_id
                    AND p.organisation_id = c.supplier_id)
            """,
        ),
        Rule(
            "decisions_were_reviewers",
            "Whoever decided or voted held the role of the stage at that moment.",
            "作出决定者当时确有该阶段的角色。",
            "SELECT count(*)" + JUDGED,
            """
            SELECT d.case_id || '/' || d.stage AS subject, jsonb_build_object(
                'case_id', d.case_id, 'reviewer_id', d.reviewer_id, 'role', d.role) AS facts
            """
            + JUDGED
            + """
                AND NOT EXISTS (SELECT FROM role_grants g WHERE g.person_id = d.reviewer_id
                    AND g.role = d.role AND g.granted_at <= d.decided_at
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
