"""Routes of custom offers: proposed by the supplier, decided by the buyer."""

from datetime import datetime
from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from listings import services
from listings.api.blueprint import blueprint
from listings.api.languages import LANGUAGE, Answer, asked_language, in_language
from listings.catalogue.page import render_terms
from listings.models import CustomOffer, Order
from listings.ports import ExchangePolicy
from listings.queries import custom_offers
from listings.schemas.custom_offers import (
    AcceptCustomOfferSchema,
    CustomOfferQuerySchema,
    CustomOfferSchema,
    DeclineSchema,
    ProposeCustomOfferSchema,
)
from listings.schemas.orders import OrderSchema
from listings.vocabulary import Language

_ONE = "/custom-offers/<custom_offer_id>"


@blueprint.route("/custom-offers", methods=["POST"], parameters=[LANGUAGE])
@blueprint.arguments(ProposeCustomOfferSchema)
@blueprint.response(201, CustomOfferSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_custom_offer(command: dict[str, Any]) -> Answer:
    """Propose a plan for one's own listing to one buyer; nobody else sees it."""
    with unit_of_work() as uow:
        offer = services.propose_custom_offer(uow, current_principal(), **command)
        uow.commit()
        return answer_with(offer, uow.now)


@blueprint.route("/custom-offers", methods=["GET"], parameters=[LANGUAGE])
@blueprint.arguments(CustomOfferQuerySchema, location="query")
@blueprint.response(200, page_schema(CustomOfferSchema))
@requires(Permission.READ_OWN)
def get_custom_offers(query: dict[str, Any]) -> Answer:
    """List the custom offers that one's organisation made or received, newest first."""
    language = asked_language()
    organisation_id = current_principal().organisation_id
    with unit_of_work() as uow:
        page: Page[CustomOffer] = custom_offers.list_custom_offers(
            uow.session, organisation_id=organisation_id, at=uow.now, **query
        )
        items = [_shown(offer, uow.now, language) for offer in page.items]
    return in_language(language, {"items": items, "next_cursor": page.next_cursor})


@blueprint.route(_ONE, methods=["GET"], parameters=[LANGUAGE])
@blueprint.response(200, CustomOfferSchema)
@requires(Permission.READ_OWN)
def get_custom_offer(custom_offer_id: str) -> Answer:
    """Show a custom offer to either party."""
    organisation_id = current_principal().organisation_id
    with unit_of_work() as uow:
        offer = custom_offers.get_custom_offer(
            uow.session, custom_offer_id, organisation_id=organisation_id
        )
        return answer_with(offer, uow.now)


@blueprint.route(f"{_ONE}/acceptance", methods=["POST"])
@blueprint.arguments(AcceptCustomOfferSchema)
@blueprint.response(201, OrderSchema)
@requires(Permission.BUY)
@idempotent
def post_acceptance(command: dict[str, Any], custom_offer_id: str) -> Order:
    """Order on the proposed plan; the answer names agreement and licence."""
    with unit_of_work() as uow:
        order = services.accept_custom_offer(
            uow,
            current_principal(),
            get(ExchangePolicy),
            custom_offer_id=custom_offer_id,
            **command,
        )
        uow.commit()
    return order


@blueprint.route(f"{_ONE}/refusal", methods=["POST"], parameters=[LANGUAGE])
@blueprint.arguments(DeclineSchema)
@blueprint.response(201, CustomOfferSchema)
@requires(Permission.BUY)
@idempotent
def post_refusal(command: dict[str, Any], custom_offer_id: str) -> Answer:
    """Decline a custom offer that one received."""
    with unit_of_work() as uow:
        offer = services.decline_custom_offer(
            uow, current_principal(), custom_offer_id=custom_offer_id, **command
        )
        uow.commit()
        return answer_with(offer, uow.now)


@blueprint.route(f"{_ONE}/withdrawal", methods=["POST"], parameters=[LANGUAGE])
@blueprint.response(201, CustomOfferSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_offer_withdrawal(custom_offer_id: str) -> Answer:
    """Take back a custom offer that one made."""
    with unit_of_work() as uow:
        offer = services.withdraw_custom_offer(
            uow, current_principal(), custom_offer_id=custom_offer_id
        )
        uow.commit()
        return answer_with(offer, uow.now)


def answer_with(offer: CustomOffer, at: datetime) -> Answer:
    """The answer that shows an offer, in the language that is asked for."""
    language = asked_language()
    return in_language(language, _shown(offer, at, language))


def _shown(offer: CustomOffer, at: datetime, language: Language) -> dict[str, Any]:
    names = set(CustomOfferSchema().fields) - {"state", "plan"}
    plan = {"plan_id": offer.plan_id, "plan_hash": offer.plan_hash}
    return {
        **{name: getattr(offer, name) for name in names},
        "state": offer.state_at(at),
        "plan": {**plan, **render_terms(offer.terms, language)},
    }
