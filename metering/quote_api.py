"""Routes of what units will cost, and of what usage would have cost under another plan."""

from dataclasses import fields as dataclass_fields
from datetime import datetime
from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import get, own_organisation, unit_of_work
from metering import queries, quote_schemas
from metering.errors import PlanTermsUnreadable
from metering.models import DeliveryRoute, Entitlement
from metering.plans.calendar import Term
from metering.plans.queries import detail_of
from metering.plans.quotes import (
    PoolLeft,
    Quote,
    licence_warnings,
    quote_next,
    quote_periods,
    quote_warnings,
)
from metering.plans.replays import replay
from metering.plans.terms import PlanNotReadable, PlanTerms, read_plan
from metering.ports import ApprovedUses

blueprint = Blueprint("quotes", __name__, url_prefix="/v1", description="What usage costs.")


@blueprint.route("/quotes", methods=["POST"])
@blueprint.arguments(quote_schemas.QuoteRequestSchema)
@blueprint.response(200, quote_schemas.QuoteSchema)
@requires(Permission.READ_OWN)
def post_quote(command: dict[str, Any]) -> dict[str, Any]:
    """What units would cost, by the code that closes periods; stores nothing."""
    with unit_of_work() as uow:
        if command["licence_id"] is not None:
            return _quote_licence(uow, command)
        copy, plan = queries.get_plan(uow.session, command["plan_id"])
        period_units = command["period_units"] or [command["units"]]
        quote = quote_periods(plan, period_units, starts_at=uow.now)
        until_at = command["until_at"] or _last_use(uow, copy.listing_code)
        warnings = quote_warnings(plan, starts_at=uow.now, until_at=until_at)
    quoted = _quoted(quote, copy.plan_id, copy.plan_hash, plan.currency)
    return quoted | {"warnings": warnings}


def _last_use(uow: UnitOfWork, listing_code: str) -> datetime | None:
    own = own_organisation()
    if own is None:
        return None
    uses = get(ApprovedUses)  # type: ignore[type-abstract]
    return uses.last_end(uow.session, buyer_id=own, listing_code=listing_code, at=uow.now)


def _quote_licence(uow: UnitOfWork, command: dict[str, Any]) -> dict[str, Any]:
    held = queries.get_entitlement(uow.session, own_organisation(), command["licence_id"])
    pools = detail_of(uow.session, held, at=uow.now).pools
    left = [
        PoolLeft(
            pool.kind in {"trial", "free"},
            pool.unit_price,
            None if pool.granted_units is None else pool.granted_units - pool.spent_units,
        )
        for pool in pools
    ]
    quote = quote_next(left, command["units"])
    # Whose licence it is was asked with the caller's own reach; routes are the exchange's to read.
    uow.enter(Reach.EXCHANGE)
    route = uow.session.get_one(DeliveryRoute, held.version_id)
    warnings = licence_warnings(
        held.state,
        route.state,
        Term(held.starts_at, held.usable_until),
        at=uow.now,
        until_at=command["until_at"],
    )
    return _quoted(quote, held.plan_id, held.plan_hash, held.currency) | {"warnings": warnings}


def _quoted(quote: Quote, plan_id: str, plan_hash: str, currency: str) -> dict[str, Any]:
    shown = {field.name: getattr(quote, field.name) for field in dataclass_fields(quote)}
    return shown | {
        "plan_id": plan_id,
        "plan_hash": plan_hash,
        "total_amount": quote.total_amount,
        "currency": currency,
        "warnings": (),
    }


@blueprint.route("/plan-replays", methods=["POST"])
@blueprint.arguments(quote_schemas.PlanReplayRequestSchema)
@blueprint.response(200, quote_schemas.PlanReplaySchema)
@requires(Permission.READ_OWN)
def post_plan_replay(command: dict[str, Any]) -> dict[str, Any]:
    """What recorded usage would have cost under another plan; stores nothing.

    A buyer tries its licences, a supplier its listings. The same plan comes to what was charged.
    """
    with unit_of_work() as uow:
        plan = _plan_to_try(uow, command)
        page = _licences_to_try(uow, command)
        # Whose usage it is was decided above; leases and periods are the exchange's to read.
        uow.enter(Reach.EXCHANGE)
        span = {"from_at": command["from_at"], "until_at": command["until_at"]}
        periods = [each for held in page.items for each in replay(uow.session, held, plan, **span)]
    charged = sum(each.charged_amount for each in periods)
    replayed = sum(each.replayed_amount for each in periods)
    return {
        "items": periods,
        "charged_amount": charged,
        "replayed_amount": replayed,
        "difference_amount": replayed - charged,
        "currency": plan.currency,
        "next_cursor": page.next_cursor,
    }


def _plan_to_try(uow: UnitOfWork, command: dict[str, Any]) -> PlanTerms:
    if command["plan_id"] is not None:
        return queries.get_plan(uow.session, command["plan_id"])[1]
    try:
        return read_plan(command["plan"])
    except PlanNotReadable:
        raise PlanTermsUnreadable from None


def _licences_to_try(uow: UnitOfWork, command: dict[str, Any]) -> Page[Entitlement]:
    own, page = own_organisation(), {"cursor": command["cursor"], "limit": command["limit"]}
    if command["listing_code"] is not None:
        return queries.list_listing_entitlements(uow.session, own, command["listing_code"], **page)
    return Page([queries.get_entitlement(uow.session, own, command["licence_id"])], None)
