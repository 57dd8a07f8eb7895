"""Question 18: suppliers linked to the exchange, and reviewers linked to either."""

from app.auditing.methods.expiries import STANDING_ENTRIES
from app.auditing.methods.reviews import DECISIONS
from app.auditing.questions import Method
from app.auditing.rules import Rule

STANDINGS = """
    FROM listing_standings g JOIN organisations o ON o.id = g.supplier_id
    WHERE {within g.noted_at} AND {listing g.listing_code} AND {party g.supplier_id}
"""
OWNING = (
    "ARRAY['employed', 'interest', 'related', 'control', 'same_organisation', 'same_credit_code']"
)
"""Conflicts with a supplier as a whole; the others are about a product, or whose turn it is."""

UNLINKED = Method(
    rules=(
        Rule(
            "no_listing_is_the_exchanges_own",
            "No listing's supplier is the exchange, by its organisation or by its credit code.",
            "无挂牌的供方为交易所本身（按机构或统一社会信用代码）。",
            "SELECT count(*)" + STANDINGS,
            """
            SELECT g.listing_code AS subject, jsonb_build_object('listing_code', g.listing_code,
                'supplier_id', g.supplier_id) AS facts
            """
            + STANDINGS
            + """
                AND (o.is_exchange OR EXISTS (SELECT FROM organisations x
                    WHERE x.is_exchange AND x.uscc = o.uscc))
            """,
        ),
        Rule(
            "reviewers_are_the_exchanges_people",
            "Whoever decided in a review belongs to the exchange, and to no party.",
            "作出审核决定者均为交易所人员，不属任何一方。",
            "SELECT count(*)" + DECISIONS,
            """
            SELECT d.case_id || '/' || d.stage AS subject, jsonb_build_object('case_id',
                d.case_id, 'reviewer_id', d.reviewer_id, 'supplier_id', c.supplier_id) AS facts
            """
            + DECISIONS
            + """
                AND NOT EXISTS (SELECT FROM people p JOIN organisations o
                    ON o.id = p.organisation_id WHERE p.id = d.reviewer_id AND o.is_exchange)
            """,
        ),
        Rule(
            "nobody_decided_on_a_supplier_they_are_linked_to",
            "Who once declared a link to a supplier decided on none of its products afterwards.",
            "曾声明与某供方有关联者，其后未再审核该供方的任何产品。",
            "SELECT count(*)" + DECISIONS,
            """
            SELECT d.case_id || '/' || d.stage AS subject, jsonb_build_object('case_id',
                d.case_id, 'reviewer_id', d.reviewer_id, 'supplier_id', c.supplier_id,
                'decided_at', d.decided_at) AS facts
            """
            + DECISIONS
            + f"""
                AND EXISTS (SELECT FROM conflict_declarations k
                    JOIN review_cases a ON a.id = k.case_id
                    WHERE k.is_conflicted AND k.reviewer_id = d.reviewer_id
                        AND a.supplier_id = c.supplier_id AND k.declared_at <= d.decided_at
                        AND k.conflicts ?| {OWNING})
            """,
        ),
    ),
    entries=STANDING_ENTRIES,
)
