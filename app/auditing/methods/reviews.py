"""Questions 2, 3, 9 and 10: who approved what, on which evidence, by which rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auditing.questions import Method
from app.auditing.rules import Finding, Rule, Scope
from app.core.canonical import digest_hex
from compliance.evaluation import evaluate_dossier
from compliance.rule_set import RuleSet, Stage

REPLAYS_MAX = 5_000
"""Evaluations that one answer runs again, newest first; narrow the question for older ones."""

EVALUATIONS = """
    FROM rule_evaluations v JOIN review_cases c ON c.id = v.case_id
    WHERE {within v.evaluated_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""

DECISIONS = """
    FROM review_decisions d JOIN review_cases c ON c.id = d.case_id
    WHERE {within d.decided_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""

LISTED = """
    SELECT e.recorded_at AS listed_at, f.listing_code, f.version_id, f.dossier_hash, c.*
    FROM log_entries e
    CROSS JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb AS leaf) b
    CROSS JOIN LATERAL (SELECT b.leaf->>'listing_code' AS listing_code,
        b.leaf->>'version' AS version_id, b.leaf->>'dossier_hash' AS dossier_hash) f
    LEFT JOIN LATERAL (
        SELECT r.id AS case_id, r.supplier_id, r.first_reviewer_id, r.second_reviewer_id,
            r.first_approved_hash, r.second_approved_hash, r.decided_at
        FROM review_cases r WHERE r.version_id = f.version_id AND r.stage = 'APPROVED'
            AND r.dossier_hash = f.dossier_hash
        ORDER BY r.id DESC LIMIT 1
    ) c ON true
    WHERE e.entry_type = 'listed' AND {within e.recorded_at} AND {listing f.listing_code}
        AND {party c.supplier_id}
"""

LISTED_FACTS = """
    l.listing_code || '/' || l.version_id AS subject,
    jsonb_build_object('listing_code', l.listing_code, 'version_id', l.version_id,
        'listed_at', l.listed_at, 'case_id', l.case_id,
        'first_reviewer_id', l.first_reviewer_id, 'second_reviewer_id', l.second_reviewer_id)
"""

ENTRIES = """
    SELECT e.arrival FROM log_entries e JOIN log_entry_subjects s USING (arrival)
    JOIN review_cases c ON s.subject = c.id
    WHERE e.entry_type IN ('rules_evaluated', 'review_decided', 'registered', 'version_rejected')
        AND {within e.recorded_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""


def _replay(session: Session, scope: Scope) -> Iterator[Finding]:
    """Each evaluation run again from its stored inputs, under the rule set of its day."""
    query = (
        "SELECT v.id, v.case_id, v.stage, v.rule_set_hash, v.input_hash, v.circumstances,"
        " v.outcomes, c.dossier, c.dossier_hash, r.document"
        + EVALUATIONS.replace("WHERE", "LEFT JOIN rule_sets r ON r.hash = v.rule_set_hash WHERE")
        + " ORDER BY v.id DESC LIMIT :replays"
    )
    rules: dict[str, RuleSet | None] = {}
    parameters = {**scope.parameters, "replays": REPLAYS_MAX}
    for row in session.execute(text(scope.narrow(query)), parameters):
        if row.rule_set_hash not in rules:
            is_held = row.document is not None and digest_hex(row.document) == row.rule_set_hash
            rules[row.rule_set_hash] = RuleSet.read(row.document) if is_held else None
        fault = _replay_fault(row, rules[row.rule_set_hash])
        if fault:
            facts = {"evaluation_id": row.id, "case_id": row.case_id, "fault": fault}
            yield Finding("replay_is_the_same", row.id, facts)


def _replay_fault(row: Any, rules: RuleSet | None) -> str | None:
    if rules is None:
        return "the rule set is not the one of its hash"
    if digest_hex(row.dossier) != row.dossier_hash:
        return "the dossier is not the one of its hash"
    again = evaluate_dossier(rules, row.dossier, row.circumstances, Stage(row.stage))
    if again.input_hash != row.input_hash:
        return "the inputs are not the ones of their hash"
    if [each.document() for each in again.outcomes] != row.outcomes:
        return "the same rules over the same inputs give another result"
    return None


def _standing_then(session: Session, scope: Scope) -> Mapping[str, Any]:
    """For one listing: the version that was listed at ``until``, and what it rested on."""
    if scope.listing_code is None:
        return {}
    at = scope.until_at or scope.now
    query = text(
        """
        SELECT jsonb_build_object('version_id', b.leaf->>'version', 'listed_at', e.recorded_at,
            'leaf_hash', encode(e.leaf_hash, 'hex'), 'case_id', c.id,
            'rule_set_hash', c.rule_set_hash, 'dossier_hash', c.dossier_hash,
            'evidence', c.dossier->'evidence',
            'decisions', (SELECT jsonb_agg(jsonb_build_object(
                'stage', d.stage, 'reviewer_id', d.reviewer_id,
                'decision', d.decision, 'reason', d.reason, 'decided_at', d.decided_at)
                ORDER BY d.decided_at) FROM review_decisions d WHERE d.case_id = c.id))
        FROM log_entries e
        JOIN log_entry_subjects s ON s.arrival = e.arrival AND s.subject = :listing_code
        CROSS JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb AS leaf) b
        LEFT JOIN review_cases c ON c.version_id = b.leaf->>'version' AND c.stage = 'APPROVED'
        WHERE e.entry_type = 'listed' AND e.recorded_at <= :at
        ORDER BY e.arrival DESC, c.id DESC LIMIT 1
        """
    )
    return {"standing": session.scalar(query, {"listing_code": scope.listing_code, "at": at})}


APPLIED = Method(
    rules=(
        Rule(
            "replay_is_the_same",
            "Each evaluation, run again under the rule set of its day, gives the same result.",
            "每次评估按当日规则集重放，结果相同。",
            "SELECT count(*)" + EVALUATIONS,
            search=lambda session, scope: list(_replay(session, scope)),
        ),
        Rule(
            "evaluation_is_in_the_log",
            "Each evaluation stands in the log with its rule set, inputs and outcomes.",
            "每次评估均以其规则集、输入与结果记于日志。",
            "SELECT count(*)" + EVALUATIONS,
            """
            SELECT v.id AS subject, jsonb_build_object('evaluation_id', v.id,
                'case_id', v.case_id, 'listing_code', c.listing_code) AS facts
            """
            + EVALUATIONS
            + """
            AND NOT EXISTS (
                SELECT FROM log_entry_subjects s JOIN log_entries e USING (arrival)
                CROSS JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb AS leaf) b
                WHERE s.subject = v.case_id AND e.entry_type = 'rules_evaluated'
                    AND b.leaf->>'input_hash' = v.input_hash
                    AND b.leaf->>'rule_set_hash' = v.rule_set_hash
                    AND b.leaf->'outcomes' = (SELECT jsonb_object_agg(o->>'rule_id', o->'outcome')
                        FROM jsonb_array_elements(v.outcomes) o))
            """,
        ),
        Rule(
            "decision_is_in_the_log",
            "Each decision stands in the log with its reviewer, stage and hash of the reason.",
            "每项决定均以其审核人、阶段与理由哈希记于日志。",
            "SELECT count(*)" + DECISIONS,
            """
            SELECT d.case_id || '/' || d.stage AS subject, jsonb_build_object(
                'case_id', d.case_id, 'stage', d.stage, 'reviewer_id', d.reviewer_id,
                'decision', d.decision) AS facts
            """
            + DECISIONS
            + """
            AND NOT EXISTS (
                SELECT FROM log_entry_subjects s JOIN log_entries e USING (arrival)
                CROSS JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb AS leaf) b
                WHERE s.subject = d.case_id AND e.entry_type = 'review_decided'
                    AND b.leaf->>'reviewer' = d.reviewer_id AND b.leaf->>'stage' = d.stage
                    AND b.leaf->>'decision' = d.decision
                    AND b.leaf->>'reason_hash' = d.reason_hash)
            """,
        ),
    ),
    entries=ENTRIES,
    figures=_standing_then,
)

APPROVED = Method(
    rules=(
        Rule(
            "two_people_approved",
            "Each listed version was approved by two different people.",
            "每个挂牌版本均由两名不同人员批准。",
            f"SELECT count(*) FROM ({LISTED}) l",
            f"""
            SELECT {LISTED_FACTS} AS facts FROM ({LISTED}) l
            WHERE l.case_id IS NULL OR l.first_reviewer_id IS NULL
                OR l.second_reviewer_id IS NULL OR l.first_reviewer_id = l.second_reviewer_id
                OR (SELECT count(DISTINCT d.reviewer_id) FROM review_decisions d
                    WHERE d.case_id = l.case_id AND d.decision = 'approve'
                        AND d.dossier_hash = l.dossier_hash) < 2
            """,
        ),
        Rule(
            "approvers_are_free_of_conflict",
            "Each approver declared to have no conflict, and is not of the supplier's people.",
            "每名批准人均声明无利益冲突，且非供方人员。",
            f"SELECT 2 * count(*) FROM ({LISTED}) l",
            f"""
            SELECT {LISTED_FACTS} AS facts FROM ({LISTED}) l WHERE l.case_id IS NOT NULL
            AND EXISTS (
                SELECT FROM unnest(ARRAY[l.first_reviewer_id, l.second_reviewer_id]) AS reviewer(id)
                LEFT JOIN people p ON p.id = reviewer.id
                WHERE p.organisation_id IS NOT DISTINCT FROM l.supplier_id
                    OR EXISTS (SELECT FROM conflict_declarations k WHERE k.case_id = l.case_id
                        AND k.reviewer_id = reviewer.id AND k.is_conflicted)
                    OR NOT EXISTS (SELECT FROM conflict_declarations k
                        WHERE k.case_id = l.case_id AND k.reviewer_id = reviewer.id
                        AND NOT k.is_conflicted AND k.declared_at <= l.decided_at))
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
            "Both approvals bind to the very dossier that was listed.",
            "两次批准均绑定于所挂牌的同一卷宗。",
            f"SELECT count(*) FROM ({LISTED}) l",
            f"""
            SELECT {LISTED_FACTS} AS facts FROM ({LISTED}) l WHERE l.case_id IS NOT NULL
                AND (l.first_approved_hash IS DISTINCT FROM l.dossier_hash
                    OR l.second_approved_hash IS DISTINCT FROM l.dossier_hash)
            """,
        ),
    ),
    entries="""
    SELECT e.arrival FROM log_entries e
    CROSS JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb AS leaf) b
    LEFT JOIN review_cases c ON c.id = b.leaf->>'case'
    LEFT JOIN listing_standings g ON g.listing_code = b.leaf->>'listing_code'
    WHERE e.entry_type IN ('listed', 'registered', 'review_decided') AND {within e.recorded_at}
        AND {listing g.listing_code c.listing_code} AND {party g.supplier_id c.supplier_id}
    """,
)
