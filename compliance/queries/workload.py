"""Who has how much before them, and how long each stage takes: from the instants that are kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.core.unit_of_work import UnitOfWork

PEOPLE_MAX = 500

# One row for each step that somebody, alone or together, has finished: from when it waited.
STEPS = """
    SELECT d.stage, d.reviewer_id AS person_id, d.decision, d.decided_at AS done_at,
        CASE d.stage WHEN 'INTAKE' THEN c.opened_at
            WHEN 'REVIEW' THEN coalesce(i.decided_at, c.opened_at)
            ELSE f.decided_at END AS waiting_since,
        k.declared_at AS taken_at
    FROM review_decisions d JOIN review_cases c ON c.id = d.case_id
    LEFT JOIN review_decisions i ON i.case_id = d.case_id AND i.stage = 'INTAKE'
    LEFT JOIN review_decisions f ON f.case_id = d.case_id AND f.stage = 'REVIEW'
    LEFT JOIN conflict_declarations k ON k.case_id = d.case_id AND k.reviewer_id = d.reviewer_id
        AND NOT k.is_conflicted
    UNION ALL
    SELECT 'LISTING', a.officer_id, lower(a.state), a.decided_at, a.applied_at, NULL
    FROM listing_applications a WHERE a.decided_at IS NOT NULL
    UNION ALL
    SELECT 'SCENARIO_REVIEW', s.first_approved_by, 'approve', s.first_approved_at, s.submitted_at,
        NULL FROM scenarios s WHERE s.first_approved_by IS NOT NULL
    UNION ALL
    SELECT CASE WHEN s.first_approved_by IS NULL THEN 'SCENARIO_REVIEW' ELSE 'SCENARIO_SECOND' END,
        s.decided_by, CASE WHEN s.terms IS NULL THEN 'refuse' ELSE 'approve' END, s.decided_at,
        coalesce(s.first_approved_at, s.submitted_at), NULL
    FROM scenarios s WHERE s.decided_by IS NOT NULL AND s.panel_id IS NULL
    UNION ALL
    SELECT 'PRICE_DECISION', r.decided_by, CASE r.state WHEN 'ACCEPTED' THEN 'accept' ELSE 'object'
        END, r.decided_at, coalesce(r.explained_at, r.raised_at), NULL
    FROM price_alarms r WHERE r.decided_by IS NOT NULL
    UNION ALL
    SELECT p.kind || '_PANEL', t.member_id, CASE WHEN t.in_favour THEN 'for' ELSE 'against' END,
        t.voted_at, p.opened_at, t.seated_at
    FROM panels p JOIN panel_seats t ON t.panel_id = p.id WHERE t.voted_at IS NOT NULL
"""

# A panel's turnaround is the panel's, not each member's.
TURNS = f"""
    SELECT stage, done_at, waiting_since FROM ({STEPS}) s WHERE stage NOT LIKE '%\\_PANEL'
    UNION ALL
    SELECT kind || '_PANEL', concluded_at, opened_at FROM panels WHERE concluded_at IS NOT NULL
    UNION ALL
    SELECT 'SUPPLEMENT', n.opened_at, c.decided_at FROM review_cases c
    JOIN review_cases n ON n.version_id = c.version_id AND n.round = c.round + 1
    WHERE c.stage = 'SUPPLEMENTED'
    UNION ALL
    SELECT 'SUBMISSION_TO_REGISTRATION', c.decided_at, (SELECT min(o.opened_at)
        FROM review_cases o WHERE o.version_id = c.version_id) FROM review_cases c
    WHERE c.stage = 'APPROVED'
    UNION ALL
    SELECT 'SCENARIO_SUBMISSION_TO_DECISION', s.decided_at, s.submitted_at FROM scenarios s
    WHERE s.decided_at IS NOT NULL
"""  # noqa: S608 -- our own texts

_SECONDS = "extract(epoch FROM done_at - waiting_since)"


def _percentile(share: str, seconds: str) -> str:
    within = f"percentile_cont({share}) WITHIN GROUP (ORDER BY {seconds})"
    return f"round({within})::bigint"


STAGES = f"""
    SELECT stage, count(*) AS done_count,
        {_percentile("0.5", _SECONDS)} AS median_seconds,
        {_percentile("0.9", _SECONDS)} AS p90_seconds,
        round(max({_SECONDS}))::bigint AS longest_seconds
    FROM ({TURNS}) t WHERE done_at >= :from_at AND done_at < :until_at
    GROUP BY stage ORDER BY stage
"""  # noqa: S608 -- our own texts

WAITING = """
    SELECT stage, count(*) AS waiting_count,
        count(*) FILTER (WHERE holder_id IS NULL) AS free_count,
        count(*) FILTER (WHERE due_at <= :now) AS overdue_count, min(since) AS oldest_since_at
    FROM (
        SELECT c.stage, c.stage_since_at AS since, c.due_at, CASE c.stage
            WHEN 'REVIEW' THEN c.first_reviewer_id WHEN 'SECOND' THEN c.second_reviewer_id
            END AS holder_id
        FROM review_cases c WHERE c.stage IN ('INTAKE', 'REVIEW', 'SECOND', 'SUPPLEMENT')
        UNION ALL
        SELECT p.kind || '_PANEL', p.opened_at, p.due_at, NULL FROM panels p
        WHERE p.state = 'OPEN'
        UNION ALL
        SELECT 'LISTING', a.applied_at, a.due_at, NULL FROM listing_applications a
        WHERE a.state = 'LISTING_REVIEW'
        UNION ALL
        SELECT CASE s.state WHEN 'SECOND' THEN 'SCENARIO_SECOND' ELSE 'SCENARIO_REVIEW' END,
            s.stage_since_at, s.due_at, NULL FROM scenarios s
        WHERE s.state IN ('SUBMITTED', 'SECOND')
        UNION ALL
        SELECT 'PRICE_DECISION', coalesce(r.explained_at, r.due_at), r.decision_due_at, NULL
        FROM price_alarms r
        WHERE r.state IN ('OPEN', 'EXPLAINED') AND r.decision_due_at IS NOT NULL
    ) w GROUP BY stage ORDER BY stage
"""

_HELD = "extract(epoch FROM done_at - coalesce(taken_at, waiting_since))"
PEOPLE = f"""
    SELECT coalesce(d.person_id, h.person_id) AS person_id, coalesce(d.stage, h.stage) AS stage,
        coalesce(d.done_count, 0) AS done_count, coalesce(d.decisions, '{{}}') AS decisions,
        d.median_seconds, d.p90_seconds, coalesce(h.held_count, 0) AS held_count,
        coalesce(h.overdue_count, 0) AS overdue_count
    FROM (
        SELECT person_id, stage, sum(times)::bigint AS done_count,
            jsonb_object_agg(decision, times) AS decisions,
            min(median_seconds) AS median_seconds, min(p90_seconds) AS p90_seconds
        FROM (
            SELECT s.person_id, s.stage, s.decision, count(*) AS times,
                min(a.median_seconds) AS median_seconds, min(a.p90_seconds) AS p90_seconds
            FROM ({STEPS}) s JOIN (
                SELECT person_id, stage, {_percentile("0.5", _HELD)} AS median_seconds,
                    {_percentile("0.9", _HELD)} AS p90_seconds
                FROM ({STEPS}) q WHERE done_at >= :from_at AND done_at < :until_at
                GROUP BY person_id, stage
            ) a USING (person_id, stage)
            WHERE s.done_at >= :from_at AND s.done_at < :until_at
            GROUP BY s.person_id, s.stage, s.decision
        ) by_decision GROUP BY person_id, stage
    ) d FULL JOIN (
        SELECT person_id, stage, count(*) AS held_count,
            count(*) FILTER (WHERE due_at <= :now) AS overdue_count
        FROM (
            SELECT first_reviewer_id AS person_id, stage, due_at FROM review_cases
            WHERE stage = 'REVIEW' AND first_reviewer_id IS NOT NULL
            UNION ALL
            SELECT second_reviewer_id, stage, due_at FROM review_cases
            WHERE stage = 'SECOND' AND second_reviewer_id IS NOT NULL
            UNION ALL
            SELECT t.member_id, p.kind || '_PANEL', p.due_at
            FROM panels p JOIN panel_seats t ON t.panel_id = p.id
            WHERE p.state = 'OPEN' AND t.voted_at IS NULL
        ) held GROUP BY person_id, stage
    ) h USING (person_id, stage)
    ORDER BY 1, 2 LIMIT {PEOPLE_MAX}
"""  # noqa: S608 -- our own texts


# What waits for reviewers, and how many have said that they know about it.
COVERAGE = """
    SELECT speciality, count(*) AS waiting_count,
        count(*) FILTER (WHERE c.due_at <= :now) AS overdue_count,
        (SELECT count(*) FROM reviewer_specialities r WHERE r.specialities @> ARRAY[speciality])
            AS reviewer_count
    FROM review_cases c CROSS JOIN LATERAL unnest(c.specialities) AS speciality
    WHERE c.stage IN ('INTAKE', 'REVIEW', 'SECOND')
    GROUP BY speciality ORDER BY speciality
"""


@dataclass(frozen=True)
class Workload:
    """The figures of a period, with what waits at the instant of asking."""

    from_at: datetime
    until_at: datetime
    turnarounds: list[dict[str, Any]]
    waiting: list[dict[str, Any]]
    people: list[dict[str, Any]]
    specialities: list[dict[str, Any]]


def workload(uow: UnitOfWork, *, from_at: datetime, until_at: datetime) -> Workload:
    """What was finished in the period, and what waits now; seconds are rounded.

    A person's time runs from their declaration to their decision, a stage's from when the case
    or the declared use came there. Needs the exchange's reach.
    """
    parameters = {"from_at": from_at, "until_at": until_at, "now": uow.now}
    found = {
        name: [dict(row._mapping) for row in uow.session.execute(text(query), parameters)]  # noqa: SLF001 -- the documented way
        for name, query in (
            ("turnarounds", STAGES),
            ("waiting", WAITING),
            ("people", PEOPLE),
            ("specialities", COVERAGE),
        )
    }
    return Workload(from_at, until_at, **found)
