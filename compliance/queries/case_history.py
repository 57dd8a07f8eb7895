"""Everything that happened in a version's review, as a line of time over all its cases."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.core.paging import LIMIT_MAX, Page, decode_cursor, encode_cursor
from app.core.unit_of_work import UnitOfWork
from compliance.models.reviews import ReviewCase

# What somebody said in reasons stands with the decisions; here is who did what, and when.
EVENTS = """
    SELECT c.opened_at AS at, 'opened' AS kind, c.id AS subject_id, NULL AS person_id,
        jsonb_build_object('round', c.round, 'supplement_round', c.supplement_round,
            'risk_level', c.risk_level, 'change_class', c.change_class) AS facts
    FROM review_cases c WHERE c.version_id = :version_id
    UNION ALL
    SELECT v.evaluated_at, 'rules evaluated', v.id, NULL, jsonb_build_object('stage', v.stage,
        'rule_set_hash', v.rule_set_hash, 'failed', (SELECT coalesce(jsonb_agg(o->'rule_id'), '[]')
            FROM jsonb_array_elements(v.outcomes) o WHERE o->>'outcome' IN ('FAIL', 'ERROR')))
    FROM rule_evaluations v JOIN review_cases c ON c.id = v.subject_id
        AND c.version_id = :version_id
    UNION ALL
    SELECT k.declared_at, CASE WHEN k.is_conflicted THEN 'conflict declared'
            ELSE 'no conflict declared' END, k.case_id, k.reviewer_id,
        jsonb_build_object('conflicts', k.conflicts)
    FROM conflict_declarations k JOIN review_cases c ON c.id = k.case_id
        AND c.version_id = :version_id
    UNION ALL
    SELECT d.decided_at, 'decided', d.case_id, d.reviewer_id,
        jsonb_build_object('stage', d.stage, 'decision', d.decision)
    FROM review_decisions d JOIN review_cases c ON c.id = d.case_id AND c.version_id = :version_id
    UNION ALL
    SELECT p.opened_at, 'panel called', p.id, NULL,
        jsonb_build_object('kind', p.kind, 'size', p.size)
    FROM panels p JOIN review_cases c ON c.id = p.case_id AND c.version_id = :version_id
    UNION ALL
    SELECT t.voted_at, 'voted', t.panel_id, t.member_id,
        jsonb_build_object('vote', CASE WHEN t.in_favour THEN 'for' ELSE 'against' END)
    FROM panel_seats t JOIN panels p ON p.id = t.panel_id
    JOIN review_cases c ON c.id = p.case_id AND c.version_id = :version_id
    WHERE t.voted_at IS NOT NULL
    UNION ALL
    SELECT p.concluded_at, 'panel concluded', p.id, NULL, jsonb_build_object('state', p.state,
        'in_favour_count', p.in_favour_count, 'against_count', p.against_count)
    FROM panels p JOIN review_cases c ON c.id = p.case_id AND c.version_id = :version_id
    WHERE p.concluded_at IS NOT NULL
    UNION ALL
    SELECT c.decided_at, 'concluded', c.id, NULL, jsonb_build_object('stage', c.stage)
    FROM review_cases c WHERE c.version_id = :version_id AND c.decided_at IS NOT NULL
    UNION ALL
    SELECT c.escalated_at, 'escalated', c.id, NULL,
        jsonb_build_object('stage', c.stage, 'due_at', c.due_at)
    FROM review_cases c WHERE c.version_id = :version_id AND c.escalated_at IS NOT NULL
    UNION ALL
    SELECT r.registered_at, 'registered', r.id, NULL,
        jsonb_build_object('publicity_ends_at', r.publicity_ends_at)
    FROM registrations r WHERE r.version_id = :version_id
    UNION ALL
    SELECT r.final_at, 'registration final', r.id, NULL, '{}'
    FROM registrations r WHERE r.version_id = :version_id AND r.final_at IS NOT NULL
    UNION ALL
    SELECT b.raised_at, 'objection raised', b.id, NULL, '{}'
    FROM objections b JOIN registrations r ON r.id = b.registration_id
        AND r.version_id = :version_id
    UNION ALL
    SELECT b.decided_at, 'objection resolved', b.id, b.decided_by,
        jsonb_build_object('state', b.state)
    FROM objections b JOIN registrations r ON r.id = b.registration_id
        AND r.version_id = :version_id WHERE b.decided_at IS NOT NULL
    UNION ALL
    SELECT a.applied_at, 'listing applied for', a.id, NULL, '{}'
    FROM listing_applications a WHERE a.version_id = :version_id
    UNION ALL
    SELECT a.decided_at, 'listing decided', a.id, a.officer_id,
        jsonb_build_object('state', a.state)
    FROM listing_applications a WHERE a.version_id = :version_id AND a.decided_at IS NOT NULL
    UNION ALL
    SELECT l.filed_at, 'appealed', l.id, NULL,
        jsonb_build_object('subject_kind', l.subject_kind, 'ground', l.ground)
    FROM appeals l WHERE l.version_id = :version_id
    UNION ALL
    SELECT l.decided_at, 'appeal decided', l.id, NULL, jsonb_build_object('state', l.state)
    FROM appeals l WHERE l.version_id = :version_id AND l.decided_at IS NOT NULL
"""

PAGE = f"""
    SELECT * FROM (
        SELECT e.at, e.kind, e.subject_id, e.person_id, e.facts,
            to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/' || e.kind
                || '/' || e.subject_id || '/' || coalesce(e.person_id, '') AS key
        FROM ({EVENTS}) e
    ) k WHERE k.key COLLATE "C" > :after ORDER BY k.key COLLATE "C" LIMIT :most
"""  # noqa: S608 -- our own texts


@dataclass(frozen=True)
class HistoryEvent:
    """One thing that happened: when, what, to what, by whom if a person did it."""

    at: datetime
    kind: str
    subject_id: str
    person_id: str | None
    facts: Mapping[str, Any]


def history_of(
    uow: UnitOfWork, case: ReviewCase, *, cursor: str | None = None, limit: int = LIMIT_MAX
) -> Page[HistoryEvent]:
    """The version's events from the first on, one page; raises `InvalidCursor`."""
    most = min(limit, LIMIT_MAX)
    after = decode_cursor(cursor) if cursor else ""
    parameters = {"version_id": case.version_id, "after": after, "most": most + 1}
    rows = uow.session.execute(text(PAGE), parameters).all()
    kept = rows[:most]
    items = [HistoryEvent(r.at, r.kind, r.subject_id, r.person_id, r.facts) for r in kept]
    return Page(items, encode_cursor(kept[-1].key) if len(rows) > most else None)
