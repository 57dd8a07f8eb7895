"""Question 2: which version, rules, evidence, people and reasons stood behind a listing."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auditing.methods.votes import unlogged
from app.auditing.questions import Method
from app.auditing.rules import Finding, Rows, Rule, Scope
from app.core.canonical import digest_hex
from compliance.rules.evaluation import evaluate_dossier
from compliance.rules.rule_set import RuleSet, Stage

REPLAYS_MAX = 5_000
"""Evaluations that one answer runs again, newest first; narrow the question for older ones."""

EVALUATIONS = Rows(
    "rule_evaluations v JOIN review_cases c ON c.id = v.case_id",
    """
    {within v.evaluated_at} AND {listing c.listing_code} AND {party c.supplier_id}
    """,
)

DECISIONS = """
    FROM review_decisions d JOIN review_cases c ON c.id = d.case_id
    WHERE {within d.decided_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""

VOTES = """
    FROM panel_seats t JOIN panels p ON p.id = t.panel_id JOIN review_cases c ON c.id = p.case_id
    WHERE t.in_favour IS NOT NULL
        AND {within t.voted_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""

APPLICATIONS = """
    FROM listing_applications a JOIN review_cases c ON c.id = a.case_id
    WHERE a.decided_at IS NOT NULL
        AND {within a.decided_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""

ENTRIES = """
    SELECT e.arrival FROM log_entries e JOIN log_entry_subjects s USING (arrival)
    JOIN review_cases c ON s.subject = c.id
    WHERE e.entry_type IN ('rules_evaluated', 'review_decided', 'registered', 'version_rejected',
            'item_decided', 'panel_opened', 'panel_voted', 'listing_approved', 'listing_refused')
        AND {within e.recorded_at} AND {listing c.listing_code} AND {party c.supplier_id}
    UNION
    SELECT e.arrival FROM log_entries e JOIN log_entry_subjects s USING (arrival)
    JOIN review_cases c ON s.subject = c.version_id
    WHERE e.entry_type IN ('version_submitted', 'evidence')
        AND {within e.recorded_at} AND {listing c.listing_code} AND {party c.supplier_id}
"""
"""Also what was handed in, each document by its hash: whoever holds one can compare it."""


def _replay(session: Session, scope: Scope) -> Iterator[Finding]:
    """Each evaluation run again from its stored inputs, under the rule set of its day."""
    query = (
        "SELECT v.id, v.case_id, v.stage, v.rule_set_hash, v.input_hash, v.circumstances,"
        " v.outcomes, c.dossier, c.dossier_hash, r.document"
        + EVALUATIONS.joined("LEFT JOIN rule_sets r ON r.hash = v.rule_set_hash")
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
    query = scope.narrow(
        """
        SELECT jsonb_build_object('version_id', b.leaf->>'version', 'listed_at', e.recorded_at,
            'leaf_hash', encode(e.leaf_hash, 'hex'), 'case_id', c.id,
            'rule_set_hash', c.rule_set_hash, 'dossier_hash', c.dossier_hash,
            'evidence', c.dossier->'evidence',
            'supplement_round', c.supplement_round,
            'decisions', (SELECT jsonb_agg(jsonb_build_object(
                'stage', d.stage, 'reviewer_id', d.reviewer_id,
                'decision', d.decision, 'reason', d.reason, 'decided_at', d.decided_at)
                ORDER BY d.decided_at) FROM review_decisions d WHERE d.case_id = c.id),
            'panel', (SELECT jsonb_build_object('panel_id', p.id, 'state', p.state,
                'votes', (SELECT jsonb_agg(jsonb_build_object('member_id', t.member_id,
                    'in_favour', t.in_favour, 'reason', t.reason, 'voted_at', t.voted_at)
                    ORDER BY t.voted_at) FROM panel_seats t WHERE t.panel_id = p.id))
                FROM panels p WHERE p.kind = 'CASE' AND p.subject_id = c.id),
            'listing_decision', (SELECT jsonb_build_object('officer_id', a.officer_id,
                'reason', a.reason, 'decided_at', a.decided_at)
                FROM listing_applications a WHERE a.case_id = c.id AND a.state = 'LISTED'))
        FROM log_entries e
        JOIN log_entry_subjects s ON s.arrival = e.arrival AND s.subject = :listing_code
        {leaf}
        LEFT JOIN review_cases c ON c.version_id = b.leaf->>'version' AND c.stage = 'APPROVED'
        WHERE e.entry_type = 'listed' AND e.recorded_at <= :at
        ORDER BY e.arrival DESC, c.id DESC LIMIT 1
        """
    )
    asked = {"listing_code": scope.listing_code, "at": at}
    return {"standing": session.scalar(text(query), asked)}


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
                {leaf}
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
                {leaf}
                WHERE s.subject = d.case_id AND e.entry_type = 'review_decided'
                    AND b.leaf->>'reviewer' = d.reviewer_id AND b.leaf->>'stage' = d.stage
                    AND b.leaf->>'decision' = d.decision
                    AND b.leaf->>'reason_hash' = d.reason_hash)
            """,
        ),
        Rule(
            "vote_is_in_the_log",
            "Each vote of a panel stands in the log with its member, direction and hash of the"
            " reason, and each vote in the log is in its panel.",
            "合议组每张票均以其成员、方向与理由哈希记于日志，日志所载每张票亦在合议组中。",
            "SELECT count(*)" + VOTES,
            unlogged("case", "c.id", VOTES)
            + """
            UNION ALL
            SELECT 'log ' || (b.leaf->>'panel') || '/' || (b.leaf->>'member'), b.leaf
            FROM log_entries e
            {leaf}
            LEFT JOIN review_cases c ON c.id = b.leaf->>'case'
            WHERE e.entry_type = 'panel_voted' AND {within e.recorded_at}
                AND {listing c.listing_code} AND {party c.supplier_id}
                AND NOT EXISTS (SELECT FROM panel_seats t WHERE t.panel_id = b.leaf->>'panel'
                    AND t.member_id = b.leaf->>'member' AND t.in_favour IS NOT NULL)
            """,
        ),
        Rule(
            "listing_decision_is_in_the_log",
            "Each listing officer's decision stands in the log with its officer and hash of the"
            " reason.",
            "每项挂牌决定均以其挂牌官与理由哈希记于日志。",
            "SELECT count(*)" + APPLICATIONS,
            """
            SELECT a.id AS subject, jsonb_build_object('application_id', a.id, 'case_id', c.id,
                'officer_id', a.officer_id, 'state', a.state) AS facts
            """
            + APPLICATIONS
            + """
            AND NOT EXISTS (
                SELECT FROM log_entry_subjects s JOIN log_entries e USING (arrival)
                {leaf}
                WHERE s.subject = a.id AND e.entry_type = CASE a.state WHEN 'LISTED'
                        THEN 'listing_approved' ELSE 'listing_refused' END
                    AND b.leaf->>'officer' = a.officer_id
                    AND b.leaf->>'reason_hash' = a.reason_hash)
            """,
        ),
    ),
    entries=ENTRIES,
    figures=_standing_then,
)
