"""Routes to have details of calls erased, by two of the exchange's operators."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates

from app.core.clock import Clock
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.paging import PeriodQuerySchema, page_schema
from app.web.schemas import Identifier, Integer, Schema, Text, Timestamp
from metering.erasure import requests as erasure_requests
from metering.erasure.details import REASONS
from metering.erasure.requests import Erasure, ErasureState

blueprint = Blueprint(
    "erasures", __name__, url_prefix="/v1", description="Erasing details of calls."
)


class ProposeErasureSchema(Schema):
    """Whose calls, before which instant, and why; the instant is not ahead of now."""

    licence_id = Identifier(required=True)
    until = Timestamp(required=True)
    reason_code = Text(required=True, validate=validate.OneOf(REASONS))

    @validates("until")
    def _not_ahead(self, value: Any, **_named: Any) -> None:
        if value > get(Clock).now():  # type: ignore[type-abstract]
            msg = "What is still to come cannot be erased."
            raise ValidationError(msg)


class ErasureQuerySchema(PeriodQuerySchema):
    """Which requests; the period is that of proposing."""

    licence_id = Identifier(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf([*ErasureState]))
    is_for_me = fields.Boolean(load_default=False)


class ErasureSchema(Schema):
    """A request and how far it has come; leaves, totals and proofs are never part of it."""

    id = fields.String(required=True, attribute="erasure_id")
    licence_id = fields.String(required=True)
    until_at = Timestamp(required=True)
    reason_code = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([*ErasureState]))
    calls_count = Integer(required=True)
    proposed_by = fields.String(required=True)
    proposed_at = Timestamp(required=True)
    approved_by = fields.String(required=True, allow_none=True)
    approved_at = Timestamp(required=True, allow_none=True)
    done_at = Timestamp(required=True, allow_none=True)
    declined_by = fields.String(required=True, allow_none=True)
    declined_at = Timestamp(required=True, allow_none=True)


@blueprint.route("/erasures", methods=["POST"])
@blueprint.arguments(ProposeErasureSchema)
@blueprint.response(201, ErasureSchema)
@requires(Permission.OPERATE)
@idempotent
def propose_erasure(command: dict[str, Any]) -> Erasure:
    """Propose that details of a licence's calls be erased; another operator has to agree."""
    with unit_of_work() as uow:
        erasure = erasure_requests.propose_erasure(uow, current_principal().id, **command)
        uow.commit()
        return erasure


@blueprint.route("/erasures/<string:erasure_id>/approval", methods=["POST"])
@blueprint.response(200, ErasureSchema)
@requires(Permission.OPERATE)
@idempotent
def approve_erasure(erasure_id: str) -> Erasure:
    """Agree to an erasure that somebody else proposed; it cannot be undone."""
    with unit_of_work() as uow:
        erasure = erasure_requests.approve_erasure(uow, current_principal().id, erasure_id)
        uow.commit()
        return erasure


@blueprint.route("/erasures/<string:erasure_id>/refusal", methods=["POST"])
@blueprint.response(200, ErasureSchema)
@requires(Permission.OPERATE)
@idempotent
def decline_erasure(erasure_id: str) -> Erasure:
    """Decline a proposed erasure, somebody else's or one's own; nothing of it is erased."""
    with unit_of_work() as uow:
        erasure = erasure_requests.decline_erasure(uow, current_principal().id, erasure_id)
        uow.commit()
        return erasure


@blueprint.route("/erasures", methods=["GET"])
@blueprint.arguments(ErasureQuerySchema, location="query")
@blueprint.response(200, page_schema(ErasureSchema))
@requires(Permission.READ_EXCHANGE)
def list_erasures(query: dict[str, Any]) -> Page[Erasure]:
    """Requests for erasure, newest first."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return erasure_requests.list_erasures(uow.session, **query)
