"""Routes of demands: posted by buyers, read by all who are signed in, answered by suppliers."""

from datetime import datetime
from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from listings import services
from listings.api.blueprint import blueprint
from listings.api.custom_offer_routes import answer_with
from listings.api.languages import LANGUAGE, Answer, asked_language, in_language
from listings.models import Demand
from listings.queries import demands
from listings.schemas.custom_offers import CustomOfferSchema
from listings.schemas.demands import (
    AnswerDemandSchema,
    DemandQuerySchema,
    DemandSchema,
    ExtendDemandSchema,
    PostDemandSchema,
)
from listings.vocabulary import Language, labelled, labelled_all

_ONE = "/demands/<demand_id>"
_CODED = {
    "update_frequency": "update_frequencies",
    "delivery_mode": "delivery_modes",
    "unit": "units",
    "purpose": "purposes",
}


@blueprint.route("/demands", methods=["POST"], parameters=[LANGUAGE])
@blueprint.arguments(PostDemandSchema)
@blueprint.response(201, DemandSchema)
@requires(Permission.BUY)
@idempotent
def post_demand(form: dict[str, Any]) -> Answer:
    """Say what one's organisation looks for; suppliers answer with custom offers."""
    with unit_of_work() as uow:
        demand = services.post_demand(uow, current_principal(), form)
        uow.commit()
        return _answer(demand, uow.now)


@blueprint.route("/demands", methods=["GET"], parameters=[LANGUAGE])
@blueprint.arguments(DemandQuerySchema, location="query")
@blueprint.response(200, page_schema(DemandSchema))
@requires(Permission.READ_OWN)
def get_demands(query: dict[str, Any]) -> Answer:
    """List what buyers look for: the newest first, or what closes soonest."""
    language = asked_language()
    organisation_id = current_principal().organisation_id
    with unit_of_work() as uow:
        page: Page[Demand] = demands.list_demands(
            uow.session, organisation_id=organisation_id, at=uow.now, **query
        )
        items = [_shown(demand, uow.now, language) for demand in page.items]
    return in_language(language, {"items": items, "next_cursor": page.next_cursor})


@blueprint.route(_ONE, methods=["GET"], parameters=[LANGUAGE])
@blueprint.response(200, DemandSchema)
@requires(Permission.READ_OWN)
def get_demand(demand_id: str) -> Answer:
    """Show a demand; a closed one to its buyer and to whoever answered it."""
    organisation_id = current_principal().organisation_id
    with unit_of_work() as uow:
        demand = demands.get_demand(uow.session, demand_id, organisation_id=organisation_id)
        return _answer(demand, uow.now)


@blueprint.route(_ONE, methods=["PUT"], parameters=[LANGUAGE])
@blueprint.arguments(PostDemandSchema)
@blueprint.response(200, DemandSchema)
@requires(Permission.BUY)
def put_demand(form: dict[str, Any], demand_id: str) -> Answer:
    """Replace what one's open demand says, as long as nobody has answered it."""
    with unit_of_work() as uow:
        demand = services.edit_demand(uow, current_principal(), demand_id=demand_id, form=form)
        uow.commit()
        return _answer(demand, uow.now)


@blueprint.route(f"{_ONE}/extension", methods=["POST"], parameters=[LANGUAGE])
@blueprint.arguments(ExtendDemandSchema)
@blueprint.response(201, DemandSchema)
@requires(Permission.BUY)
@idempotent
def post_extension(command: dict[str, Any], demand_id: str) -> Answer:
    """Take offers on one's open demand for longer."""
    with unit_of_work() as uow:
        demand = services.extend_demand(uow, current_principal(), demand_id=demand_id, **command)
        uow.commit()
        return _answer(demand, uow.now)


@blueprint.route(f"{_ONE}/closure", methods=["POST"], parameters=[LANGUAGE])
@blueprint.response(201, DemandSchema)
@requires(Permission.BUY)
@idempotent
def post_closure(demand_id: str) -> Answer:
    """Take no more offers on one's demand; those that are there can still be accepted."""
    with unit_of_work() as uow:
        demand = services.close_demand(uow, current_principal(), demand_id=demand_id)
        uow.commit()
        return _answer(demand, uow.now)


@blueprint.route(f"{_ONE}/custom-offers", methods=["POST"], parameters=[LANGUAGE])
@blueprint.arguments(AnswerDemandSchema)
@blueprint.response(201, CustomOfferSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_demand_answer(command: dict[str, Any], demand_id: str) -> Answer:
    """Answer a demand with a plan for one's own listing; nobody but its buyer sees it."""
    with unit_of_work() as uow:
        offer = services.answer_demand(uow, current_principal(), demand_id=demand_id, **command)
        uow.commit()
        return answer_with(offer, uow.now)


def _answer(demand: Demand, at: datetime) -> Answer:
    language = asked_language()
    return in_language(language, _shown(demand, at, language))


def _shown(demand: Demand, at: datetime, language: Language) -> dict[str, Any]:
    columns = {name: getattr(demand, name) for name in DemandSchema().fields if name in _COLUMNS}
    content = demand.content
    coded = {
        name: labelled(vocabulary, content[name], language) if content[name] else None
        for name, vocabulary in _CODED.items()
    }
    return {
        **columns,
        **content,
        **coded,
        "state": demand.state_at(at),
        "is_mine": demand.is_of(current_principal().organisation_id),
        "topic": labelled("topics", demand.topic, language),
        "sectors": labelled_all("sectors", demand.sectors, language),
    }


_COLUMNS = frozenset(Demand.__mapper__.columns.keys())
