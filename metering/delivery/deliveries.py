"""Asks the upstream and turns its answer into what the buyer gets and owes; a failure is free."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from app.core.json_text import load_json
from metering.answers.outcomes import Outcome, OutcomeKind, classify_body, classify_status, weigh
from metering.delivery.errors import (
    AnswerBreaksSchema,
    FailureKind,
    InputRefusedUpstream,
    UpstreamTooSlow,
    UpstreamUnusable,
)
from metering.errors import AnswerBeyondQuota
from metering.leases.meters import Reservation
from metering.plans.rating import Charge, count_units, rate_usage
from metering.ports import Target, UpstreamAnswer, UpstreamFailed, UpstreamTimedOut
from metering.views import LicenceView, RouteView

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
EMPTY: dict[str, Any] = {}
Ask = Callable[[Target, Mapping[str, Any]], Awaitable[UpstreamAnswer]]
NOT_JSON = "the answer is not JSON"


class Fetched(NamedTuple):
    """What the upstream said, classified and checked, before any licence narrows it."""

    status: int
    outcome: Outcome
    document: Any
    event_at: datetime | None = None
    """When what it tells of happened, where the listing has a field for that."""


class Delivered(NamedTuple):
    """What the buyer gets and what it costs."""

    status: int
    outcome: str
    body: bytes
    charge: Charge


async def fetch(ask: Ask, route: RouteView, parameters: Mapping[str, Any]) -> Fetched:
    """One answer of the upstream.

    Raises `UpstreamTooSlow`, `UpstreamUnusable`, `InputRefusedUpstream` or `AnswerBreaksSchema`;
    none of them is charged.
    """
    try:
        answer = await ask(route.target, parameters)
    except UpstreamTimedOut:
        raise UpstreamTooSlow from None
    except UpstreamFailed as failed:
        raise UpstreamUnusable(FailureKind(failed.reason)) from None
    outcome = classify_status(answer.status)
    if outcome is None:
        return _read(route, answer.status, answer.body)
    if outcome.kind is OutcomeKind.MISS:
        # The words of a supplier's "not found" page were never reviewed; none are passed on.
        return Fetched(HTTPStatus.NOT_FOUND, outcome, EMPTY)
    if outcome.kind is OutcomeKind.CLIENT_ERROR:
        raise InputRefusedUpstream(answer.status)
    raise UpstreamUnusable(status_failure(answer.status), str(answer.status))


def status_failure(status: int) -> FailureKind:
    """What a status that is no answer says of the supplier's system."""
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return FailureKind.CREDENTIAL_REFUSED
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    return FailureKind.REDIRECTED if is_redirect else FailureKind.ERROR_STATUS


def _read(route: RouteView, status: int, body: bytes) -> Fetched:
    try:
        document = load_json(body)
    except ValueError:
        raise AnswerBreaksSchema(NOT_JSON, FailureKind.NOT_JSON) from None
    outcome = classify_body(route.rule, document)
    if outcome.kind is OutcomeKind.SCHEMA_MISMATCH:
        raise AnswerBreaksSchema(outcome.reason)
    if outcome.kind is OutcomeKind.UPSTREAM_ERROR:
        raise UpstreamUnusable(FailureKind.DECLARED)
    if outcome.kind is OutcomeKind.CLIENT_ERROR:
        raise InputRefusedUpstream(status)
    if document in (None, "", [], {}):
        return Fetched(HTTPStatus.OK, outcome, EMPTY if document != [] else [])
    mismatch = route.answer_schema.mismatch(document, is_hit=outcome.kind is not OutcomeKind.MISS)
    if mismatch is not None:
        raise AnswerBreaksSchema(mismatch)
    return Fetched(HTTPStatus.OK, outcome, document, route.answer_schema.event_at(document))


def shape(
    fetched: Fetched,
    licence: LicenceView,
    asked_fields: frozenset[str] | None,
    reservation: Reservation,
) -> Delivered:
    """The answer as the licence allows it, with its charge.

    Raises `AnswerBeyondQuota`, and `AnswerBreaksSchema` for more bytes than the listing's maximum.
    """
    body = _narrowed(fetched.document, licence, asked_fields)
    outcome = weigh(licence.route.rule, fetched.outcome, len(body))
    if not outcome.is_answer:
        raise AnswerBreaksSchema(outcome.reason)
    units = count_units(licence.plan.unit, outcome)
    if units > reservation.units:
        raise AnswerBeyondQuota(units, reservation.units)
    charge = rate_usage(units, free_units_left=reservation.free_units, steps=reservation.steps)
    return Delivered(int(fetched.status), outcome.kind.value, body, charge)


def _narrowed(document: Any, licence: LicenceView, asked_fields: frozenset[str] | None) -> bytes:
    if document and licence.route.files is None:
        allowed = licence.fields if asked_fields is None else asked_fields
        document = licence.route.answer_schema.project(document, allowed)
    return _ENCODE(document).encode()
