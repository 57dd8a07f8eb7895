"""Asks the upstream and turns its answer into what the buyer gets and owes; a failure is free."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from app.core.json_text import load_json
from metering.errors import (
    AnswerBeyondQuota,
    AnswerBreaksSchema,
    InputRefusedUpstream,
    UpstreamTooSlow,
    UpstreamUnusable,
)
from metering.meters import Reservation
from metering.outcomes import (
    SCHEMA_MISMATCH,
    Outcome,
    OutcomeKind,
    classify_body,
    classify_status,
)
from metering.ports import Upstream, UpstreamFailed, UpstreamTimedOut
from metering.rating import Charge, count_units, rate_usage
from metering.views import LicenceView, RouteView

EMPTY: dict[str, Any] = {}
NOT_JSON = "the answer is not JSON"
NOT_ROWS = "the rows are missing or too many"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the upstream said, classified and checked, before any licence narrows it."""

    status: int
    outcome: Outcome
    document: Any


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the buyer gets and what it costs."""

    status: int
    outcome: str
    body: bytes
    charge: Charge


def fetch(upstream: Upstream, route: RouteView, parameters: Mapping[str, Any]) -> Fetched:
    """One answer of the upstream.

    Raises `UpstreamTooSlow`, `UpstreamUnusable`, `InputRefusedUpstream` or `AnswerBreaksSchema`;
    none of them is charged.
    """
    try:
        answer = upstream.send(route.target, parameters)
    except UpstreamTimedOut:
        raise UpstreamTooSlow from None
    except UpstreamFailed:
        raise UpstreamUnusable from None
    outcome = classify_status(answer.status)
    if outcome is None:
        return _read(route, answer.body)
    if outcome.kind is OutcomeKind.MISS:
        # The words of a supplier's "not found" page were never reviewed; none are passed on.
        return Fetched(HTTPStatus.NOT_FOUND, outcome, EMPTY)
    if outcome.kind is OutcomeKind.CLIENT_ERROR:
        raise InputRefusedUpstream(answer.status)
    raise UpstreamUnusable


def _read(route: RouteView, body: bytes) -> Fetched:
    try:
        document = load_json(body)
    except ValueError:
        raise AnswerBreaksSchema(NOT_JSON) from None
    outcome = classify_body(route.rule, document)
    if outcome == SCHEMA_MISMATCH:
        raise AnswerBreaksSchema(NOT_ROWS)
    if document in (None, "", [], {}):
        return Fetched(HTTPStatus.OK, outcome, EMPTY if document != [] else [])
    mismatch = route.answer_schema.mismatch(document, is_hit=outcome.kind is not OutcomeKind.MISS)
    if mismatch is not None:
        raise AnswerBreaksSchema(mismatch)
    return Fetched(HTTPStatus.OK, outcome, document)


def shape(
    fetched: Fetched,
    licence: LicenceView,
    asked_fields: frozenset[str] | None,
    reservation: Reservation,
) -> Delivered:
    """The answer as the licence allows it, with its charge; raises `AnswerBeyondQuota`."""
    units = count_units(licence.plan.unit, fetched.outcome)
    if units > reservation.units:
        raise AnswerBeyondQuota(units, reservation.units)
    charge = rate_usage(licence.plan, units, free_units_left=reservation.free_units)
    document = fetched.document
    if document:
        allowed = licence.fields if asked_fields is None else asked_fields
        document = licence.route.answer_schema.project(document, allowed)
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Delivered(int(fetched.status), fetched.outcome.kind.value, body, charge)
