"""Routes of the auditor: questions, answers, proofs; each reading is itself recorded."""

import json
from typing import Any

from flask import Response

from app.auditing import answering, evidence
from app.auditing.answering import Answer
from app.auditing.questions import Question
from app.auditing.rules import Place, Scope
from app.auditing.schemas import (
    AnswerQuerySchema,
    AuditAnswerSchema,
    AuditQuestionListSchema,
    ScopeSchema,
)
from app.core.paging import InvalidCursor, decode_cursor, encode_cursor
from app.core.principals import Permission
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, unit_of_work
from app.web.limits import limit
from ledger.log.bundle_services import Bundle
from ledger.log.events import AuditorRead
from ledger.log.keys import LogKeys
from ledger.log.ports import EvidenceSources

blueprint = Blueprint("auditing", __name__, description="What an auditor asks, and the answers.")

BINARY = {"type": "string", "format": "binary"}
ZIP = "application/zip"
FINDINGS_IN_BUNDLE = 10_000


@blueprint.route("/v1/audit-questions", methods=["GET"])
@blueprint.response(200, AuditQuestionListSchema)
@requires(Permission.AUDIT)
def get_audit_questions() -> dict[str, Any]:
    """The twenty questions; which can be answered here now, and what is missing for the rest."""
    with unit_of_work(Reach.EXCHANGE) as uow:
        _note_reading(uow, "audit-questions")
        uow.commit()
    return {"items": [_shown(each) for each in answering.list_questions(get(LogKeys))]}


@blueprint.route("/v1/audit-questions/<int:number>/answer", methods=["GET"])
@blueprint.arguments(AnswerQuerySchema, location="query")
@blueprint.response(200, AuditAnswerSchema)
@requires(Permission.AUDIT)
@limit("60 per minute")
def get_audit_answer(query: dict[str, Any], number: int) -> dict[str, Any]:
    """One question answered now: verdict, what was examined, and a page of findings."""
    cursor, most = query.pop("cursor"), query.pop("limit")
    question = answering.get_question(get(LogKeys), number)
    with unit_of_work(Reach.EXCHANGE) as uow:
        answer = answering.answer_question(
            uow.session, question, Scope(uow.now, **query), after=_place(cursor), limit=most
        )
        _note_reading(uow, f"audit-questions/{number}")
        uow.commit()
    return {**vars(answer), "rules": answer.rules, "next_cursor": _cursor(answer)}


@blueprint.route("/v1/audit-questions/<int:number>/bundle", methods=["GET"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.response(200, BINARY, content_type=ZIP)
@requires(Permission.AUDIT)
@limit("12 per minute")
def get_audit_bundle(query: dict[str, Any], number: int) -> Response:
    """The answer with its log entries and their proofs under one checkpoint, sealed."""
    keys, sources = get(LogKeys), get(EvidenceSources)
    question = answering.get_question(keys, number)
    with unit_of_work(Reach.EXCHANGE) as uow:
        answer = answering.answer_question(
            uow.session, question, Scope(uow.now, **query), after=None, limit=FINDINGS_IN_BUNDLE
        )
        bundle = evidence.bundle_answer(uow, answer, keys=keys, anchors=sources.anchors)
        _note_reading(uow, f"audit-questions/{number}/bundle")
        uow.commit()
    return _download(bundle, f"audit-question-{number}")


def _note_reading(uow: UnitOfWork, subject: str) -> None:
    principal = current_principal()
    uow.record(AuditorRead(occurred_at=uow.now, principal_id=principal.id, subject=subject))


def _shown(question: Question) -> dict[str, Any]:
    method = question.method
    return {
        "wording": question.wording,
        "standing": question.standing,
        "filters": sorted(method.filters) if method else [],
        "rules": list(method.rules) if method else [],
    }


def _cursor(answer: Answer) -> str | None:
    place = answer.next_place
    if place is None:
        return None
    return encode_cursor(json.dumps([place.rule, place.subject]))


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    try:
        rule, subject = json.loads(decode_cursor(cursor))
    except ValueError:
        raise InvalidCursor from None
    if not isinstance(rule, str) or not isinstance(subject, str):
        raise InvalidCursor
    return Place(rule, subject)


def _download(bundle: Bundle, name: str) -> Response:
    headers = {
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'attachment; filename="{name}-{bundle.hash[:12]}.zip"',
    }
    return Response(bundle.data, headers=headers, content_type=ZIP)
