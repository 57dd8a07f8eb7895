"""Answers one question: counts, breaches, a verdict, and the log entries that it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auditing.errors import AuditFilterNotApplicable, AuditQuestionNotFound
from app.auditing.methods import (
    approvals,
    calls,
    changes,
    duties,
    emergencies,
    expiries,
    exports,
    grades,
    history,
    links,
    money,
    persons,
    prices,
    readings,
    reviewers,
    reviews,
    waivers,
)
from app.auditing.questions import WORDINGS, Method, Question
from app.auditing.rules import Finding, Place, Rule, Scope, count_examined, find_breaches
from ledger.log.keys import LogKeys

ENTRIES_MAX = 1_000
"""Log entries of one answer that are named and proved, newest first; all of them are counted."""


class Verdict(StrEnum):
    """What an answer comes to; where nothing was there to be examined, nothing passed."""

    PASS = "PASS"  # noqa: S105 -- no password
    FAIL = "FAIL"
    NOT_ANSWERABLE = "NOT_ANSWERABLE"


@dataclass(frozen=True)
class Answer:
    """The answer to one question over one scope, with one page of its findings."""

    question: Question
    scope: Scope
    verdict: Verdict
    examined: Mapping[str, int]
    finding_count: int
    findings: list[Finding]
    next_place: Place | None
    figures: Mapping[str, Any]
    entry_count: int
    leaf_hashes: list[str]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that decided."""
        return tuple(self.question.method.rules) if self.question.method else ()


def list_questions(keys: LogKeys) -> list[Question]:
    """The twenty questions in their order, each with what answers it here now."""
    methods: dict[int, Method] = {
        1: history.build(keys),
        2: reviews.APPLIED,
        3: approvals.APPROVED,
        4: expiries.OUTLIVED,
        5: calls.PERMITTED,
        6: calls.CUT_OFF,
        7: money.SUMS,
        8: persons.CONSENTED,
        9: reviewers.HABITS,
        10: waivers.WAIVERS,
        11: changes.REVIEWED,
        12: prices.PRICES,
        13: readings.READERS,
        14: emergencies.EMERGENCIES,
        15: grades.HELD,
        16: readings.PRIVACY,
        17: expiries.IDLE,
        18: links.UNLINKED,
        19: exports.COMPLETE,
        20: duties.SEPARATION,
    }
    return [Question(wording, methods.get(wording.number)) for wording in WORDINGS]


def get_question(keys: LogKeys, number: int) -> Question:
    """One question; raises `AuditQuestionNotFound`."""
    for question in list_questions(keys):
        if question.wording.number == number:
            return question
    raise AuditQuestionNotFound(number)


def answer_question(
    session: Session, question: Question, scope: Scope, *, after: Place | None, limit: int
) -> Answer:
    """Ask every rule of the question. Needs the exchange's reach.

    Raises `AuditFilterNotApplicable`.
    """
    method = question.method
    if method is None:
        nothing: dict[str, Any] = {}
        return Answer(question, scope, Verdict.NOT_ANSWERABLE, nothing, 0, [], None, nothing, 0, [])
    _refuse_foreign_filters(question, method, scope)
    found = find_breaches(session, method.rules, scope, after=after, limit=limit)
    entry_count, leaf_hashes = _entries(session, method, scope)
    last = found.page[-1] if found.has_more else None
    examined = count_examined(session, method.rules, scope)
    return Answer(
        question=question,
        scope=scope,
        verdict=_judge(found.count, sum(examined.values())),
        examined=examined,
        finding_count=found.count,
        findings=found.page,
        next_place=Place(last.rule, last.subject) if last else None,
        figures=method.figures(session, scope) if method.figures else {},
        entry_count=entry_count,
        leaf_hashes=leaf_hashes,
    )


def _judge(finding_count: int, examined_count: int) -> Verdict:
    if finding_count:
        return Verdict.FAIL
    return Verdict.PASS if examined_count else Verdict.NOT_ANSWERABLE


def _refuse_foreign_filters(question: Question, method: Method, scope: Scope) -> None:
    refused = sorted(set(scope.given) - method.filters)
    if refused:
        raise AuditFilterNotApplicable(question.wording.number, refused, sorted(method.filters))


def _entries(session: Session, method: Method, scope: Scope) -> tuple[int, list[str]]:
    """How many entries the answer rests on, and the newest of them by leaf hash."""
    query = text(
        f"WITH rests_on AS ({scope.narrow(method.entries)})"  # noqa: S608 -- our own texts
        " SELECT (SELECT count(DISTINCT arrival) FROM rests_on) AS total,"
        " array(SELECT encode(e.leaf_hash, 'hex') FROM log_entries e"
        " WHERE e.arrival IN (SELECT arrival FROM rests_on)"
        " ORDER BY e.arrival DESC LIMIT :most) AS leaf_hashes"
    )
    row = session.execute(query, {**scope.parameters, "most": ENTRIES_MAX}).one()
    return int(row.total), list(row.leaf_hashes)
