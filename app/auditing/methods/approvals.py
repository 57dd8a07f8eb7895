"""Question 3: by whom each listed version and each use was approved, and who listed it."""

from app.auditing.methods.intervals import HELD
from app.auditing.methods.uses import USE_RULES
from app.auditing.methods.verifications import ENTRIES as VERIFICATIONS
from app.auditing.methods.verifications import SUPPLIER_RULES
from app.auditing.methods.votes import carried
from app.auditing.questions import Method
from app.auditing.rules import Rule

LISTED = """
    SELECT e.recorded_at AS listed_at, f.listing_code, f.version_id, f.dossier_hash, c.*
    FROM log_entries e
    {leaf}
    CROSS JOIN LATERAL (SELECT b.leaf->>'listing_code' AS listing_code,
        b.leaf->>'version' AS version_id, b.leaf->>'dossier_hash' AS dossier_hash) f
    LEFT JOIN LATERAL (
        SELECT r.id AS case_id, r.supplier_id, r.admitted_by, r.first_reviewer_id,
            r.second_reviewer_id, r.first_approved_hash, r.second_approved_hash, r.decided_at,
            r.needs_panel, r.panel_approved_hash, r.approved_by, r.excluded_ids,
            r.dossier->>'grade' = 'IMPORTANT' OR r.dossier->>'pi_level' = 'SENSITIVE' AS is_grave
        FROM review_cases r WHERE r.version_id = f.version_id AND r.stage = 'APPROVED'
            AND r.dossier_hash = f.dossier_hash
        ORDER BY r.id DESC LIMIT 1
    ) c ON true
    WHERE e.entry_type = 'listed' AND {within e.recorded_at} AND {listing f.listing_code}
        AND {party c.supplier_id}
"""

FACTS = """
    l.listing_code || '/' || l.version_id AS subject,
    jsonb_build_object('listing_code', l.listing_code, 'version_id', l.version_id,
        'listed_at', l.listed_at, 'case_id', l.case_id, 'needs_panel', l.needs_panel,
        'first_reviewer_id', l.first_reviewer_id, 'second_reviewer_id', l.second_reviewer_id,
        'approved_by', l.approved_by)
"""

COUNT = f"SELECT count(*) FROM ({LISTED}) l"
BREACH = f"SELECT {FACTS} AS facts FROM ({LISTED}) l WHERE "

# The reviewers, and whoever voted for it: each of them declared to be free of conflicts.
APPROVERS = """
    unnest(array_remove(l.approved_by || ARRAY[l.first_reviewer_id, l.second_reviewer_id], NULL))
        AS approver(id)
"""

CARRIED = carried(
    "CASE",
    "l.case_id",
    involved="""(l.excluded_ids
        || ARRAY[l.admitted_by, l.first_reviewer_id, l.second_reviewer_id])""",
    needs_two_thirds="coalesce(l.is_grave, false)",
    besides="v.voters <@ l.approved_by",
)

# Before there were listing applications, approval was listing.
SINCE_APPLICATIONS = """
    l.listed_at >= (SELECT min(recorded_at) FROM log_entries
        WHERE entry_type = 'listing_applied_for')
"""

APPROVED = Method(
    rules=(
        Rule(
            "two_people_approved",
            "Each listed version was approved by two different people: by both its reviewers, or"
            " by those of a panel who voted for it.",
            "每个挂牌版本均由两名不同人员批准：两名审核人，或合议组中投赞成票者。",
            COUNT,
            BREACH
            + """
                l.case_id IS NULL
                OR (SELECT count(DISTINCT approver) FROM unnest(l.approved_by) approver) < 2
                OR (NOT l.needs_panel AND (l.first_reviewer_id IS NULL
                    OR l.second_reviewer_id IS NULL OR l.first_reviewer_id = l.second_reviewer_id
                    OR (SELECT count(DISTINCT d.reviewer_id) FROM review_decisions d
                        WHERE d.case_id = l.case_id AND d.decision = 'approve'
                            AND d.stage IN ('REVIEW', 'SECOND')
                            AND d.dossier_hash = l.dossier_hash) < 2))
            """,
        ),
        Rule(
            "panel_carried_it",
            "Where a panel decided, an odd number of votes met its quorum and its majority, and"
            " nobody who had admitted or reviewed the version sat there.",
            "由合议组决定的，票数为奇数且达到法定人数与多数，受理或审核过该版本者未参与。",
            COUNT + " WHERE l.needs_panel",
            BREACH + "l.needs_panel AND NOT " + CARRIED,
        ),
        Rule(
            "approvers_are_free_of_conflict",
            "Each approver declared to have no conflict, and is not of the supplier's people.",
            "每名批准人均声明无利益冲突，且非供方人员。",
            f"SELECT count(*) FROM ({LISTED}) l CROSS JOIN {APPROVERS}",
            BREACH
            + f"""
                l.case_id IS NOT NULL AND EXISTS (
                SELECT FROM {APPROVERS} LEFT JOIN people p ON p.id = approver.id
                WHERE p.organisation_id IS NOT DISTINCT FROM l.supplier_id
                    OR EXISTS (SELECT FROM conflict_declarations k WHERE k.case_id = l.case_id
                        AND k.reviewer_id = approver.id AND k.is_conflicted)
                    OR NOT EXISTS (SELECT FROM conflict_declarations k
                        WHERE k.case_id = l.case_id AND k.reviewer_id = approver.id
                        AND NOT k.is_conflicted AND k.declared_at <= l.decided_at))
            """,
        ),
        Rule(
            "a_third_person_listed_it",
            "Each version was listed by somebody without a conflict who had neither reviewed it nor"
            " voted for it, on a registration that was final.",
            "每个版本均由未参与审核与表决且无利益冲突的第三人，在登记生效后挂牌。",
            COUNT + " WHERE " + SINCE_APPLICATIONS,
            BREACH
            + SINCE_APPLICATIONS
            + """
                AND l.case_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM listing_applications a
                JOIN registrations r ON r.id = a.registration_id AND r.case_id = l.case_id
                    AND r.dossier_hash = l.dossier_hash AND r.final_at <= a.decided_at
                WHERE a.case_id = l.case_id AND a.state = 'LISTED' AND a.officer_id <> ALL (
                        array_remove(l.approved_by || ARRAY[l.first_reviewer_id,
                            l.second_reviewer_id], NULL))
                    AND EXISTS (SELECT FROM conflict_declarations k WHERE k.case_id = l.case_id
                        AND k.reviewer_id = a.officer_id AND NOT k.is_conflicted)
                    AND NOT EXISTS (SELECT FROM conflict_declarations k
                        WHERE k.case_id = l.case_id AND k.reviewer_id = a.officer_id
                            AND k.is_conflicted))
            """,
        ),
        Rule(
            "evidence_is_in_date",
            "A listing that is live now has all its mandatory evidence in date.",
            "现挂牌产品的强制证据均在有效期内。",
            """SELECT count(*) FROM listing_standings g WHERE g.state = 'LISTED'
                AND {within g.noted_at} AND {listing g.listing_code} AND {party g.supplier_id}""",
            """
            SELECT g.listing_code AS subject, jsonb_build_object('listing_code', g.listing_code,
                'version_id', g.version_id, 'evidence_lapses_at', g.evidence_lapses_at) AS facts
            FROM listing_standings g WHERE g.state = 'LISTED' AND g.evidence_lapses_at <= :now
                AND {within g.noted_at} AND {listing g.listing_code} AND {party g.supplier_id}
            """,
        ),
        Rule(
            "what_was_approved_is_listed",
            "Both approvals, or the panel's, bind to the very dossier that was listed.",
            "两次批准（或合议组的批准）均绑定于所挂牌的同一卷宗。",
            COUNT,
            BREACH
            + """
                l.case_id IS NOT NULL AND CASE WHEN l.needs_panel
                THEN l.panel_approved_hash IS DISTINCT FROM l.dossier_hash
                ELSE l.first_approved_hash IS DISTINCT FROM l.dossier_hash
                    OR l.second_approved_hash IS DISTINCT FROM l.dossier_hash END
            """,
        ),
        *HELD,
        *SUPPLIER_RULES,
        *USE_RULES,
    ),
    entries="""
    SELECT e.arrival FROM log_entries e
    {leaf}
    LEFT JOIN review_cases c ON c.id = b.leaf->>'case'
    LEFT JOIN scenarios n ON n.id = b.leaf->>'scenario' AND e.entry_type <> 'call'
    LEFT JOIN listing_standings g ON g.listing_code = b.leaf->>'listing_code'
    WHERE e.entry_type IN ('listed', 'registered', 'review_decided', 'panel_voted',
            'listing_approved', 'scenario_submitted', 'scenario_first_approved',
            'scenario_approved') AND {within e.recorded_at}
        AND {listing g.listing_code c.listing_code n.listing_code}
        AND {party g.supplier_id c.supplier_id n.supplier_id n.buyer_id}
    UNION
    """
    + VERIFICATIONS,
)
