"""Routes of the auditor: questions, answers, proofs; the web layer notes each reading."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from app.auditing import answering, evidence, exporting, trails
from app.auditing.answering import Answer
from app.auditing.questions import Question
from app.auditing.rules import Place, Scope
from app.auditing.schemas import (
    AnswerQuerySchema,
    AuditAnswerSchema,
    AuditQuestionListSchema,
    ExportQuerySchema,
    ScopeSchema,
    TrailQuerySchema,
    TrailSchema,
)
from app.auditing.trails import Mark
from app.core.clock import iso_instant
from app.core.json_text import is_storable
from app.core.paging import InvalidCursor, decode_cursor, encode_cursor
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import get, unit_of_work
from app.web.limits import limit
from ledger.log.bundle_services import Bundle
from ledger.log.keys import LogKeys
from ledger.log.ports import EvidenceSources

blueprint = Blueprint("auditing", __name__, description="What an auditor asks, and the answers.")

BINARY = {"type": "string", "format": "binary"}
ZIP = "application/zip"
FINDINGS_IN_BUNDLE = 10_000
NEXT_LINK = {
    "description": "Where the next portion is (RFC 8288, rel=next); absent behind the last one.",
    "schema": {"type": "string"},
}


@blueprint.route("/v1/audit-questions", methods=["GET"])
@blueprint.response(200, AuditQuestionListSchema)
@requires(Permission.AUDIT)
def get_audit_questions() -> dict[str, Any]:
    """The twenty questions; which can be answered here now, and what is missing for the rest."""
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
    return _download(bundle, f"audit-question-{number}")


@blueprint.route("/v1/audit-trails", methods=["GET"])
@blueprint.arguments(TrailQuerySchema, location="query")
@blueprint.response(200, TrailSchema)
@requires(Permission.AUDIT)
@limit("120 per minute")
def get_audit_trail(query: dict[str, Any]) -> dict[str, Any]:
    """Everything recorded about a subject, from room to room, oldest first."""
    cursor = query.pop("cursor")
    with unit_of_work(Reach.EXCHANGE) as uow:
        trail = trails.follow(uow.session, after=_mark(cursor), **query)
    mark = trail.next_mark
    after = None if mark is None else [iso_instant(mark.at), mark.source, mark.kind, mark.key]
    return {
        **vars(trail),
        "id_count": len(trail.ids),
        "next_cursor": None if after is None else encode_cursor(json.dumps(after)),
    }


@blueprint.route("/v1/audit-exports", methods=["GET"])
@blueprint.arguments(ExportQuerySchema, location="query")
@blueprint.response(200, BINARY, content_type=ZIP, headers={"Link": NEXT_LINK})
@requires(Permission.AUDIT)
@limit("30 per minute")
def get_audit_export(query: dict[str, Any]) -> Response:
    """A portion of every record of an organisation in a period, with proofs, sealed.

    Most organisations need one; where another follows, `Link` names it and `portion.json` says so.
    """
    named = query.pop("portion")
    start = exporting.FIRST if named is None else exporting.read_start(named)
    with unit_of_work(Reach.EXCHANGE) as uow:
        portion = exporting.export_portion(
            uow,
            Scope(uow.now, **query),
            start,
            keys=get(LogKeys),
            anchors=get(EvidenceSources).anchors,
        )
    response = _download(portion.bundle, f"organisation-{start.number:05}")
    if portion.next_start is not None:
        following = urlencode({**request.args, "portion": portion.next_start.cursor})
        response.headers["Link"] = f'<{request.path}?{following}>; rel="next"'
    return response


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
    return None if cursor is None else Place(*_parts(cursor, 2))


def _mark(cursor: str | None) -> Mark | None:
    if cursor is None:
        return None
    at, source, kind, key = _parts(cursor, 4)
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        raise InvalidCursor from None
    if instant.tzinfo is None:
        raise InvalidCursor
    return Mark(instant, source, kind, key)


def _parts(cursor: str, count: int) -> list[str]:
    """The texts inside a cursor; raises `InvalidCursor`."""
    try:
        parts = json.loads(decode_cursor(cursor))
    except ValueError:
        raise InvalidCursor from None
    is_ours = isinstance(parts, list) and len(parts) == count
    if not is_ours or not all(isinstance(part, str) and is_storable(part) for part in parts):
        raise InvalidCursor
    return list(parts)


def _download(bundle: Bundle, name: str) -> Response:
    headers = {
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'attachment; filename="{name}-{bundle.hash[:12]}.zip"',
    }
    return Response(bundle.data, headers=headers, content_type=ZIP)
