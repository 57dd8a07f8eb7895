"""Routes of the public registry, and the holder's way out of it."""

from datetime import datetime
from typing import Any

from app.core.exchange_calendar import day_of
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import public, requires
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from listings import services
from listings.api.blueprint import blueprint
from listings.api.languages import LANGUAGE, Answer, asked_language, in_language
from listings.models import RegistryEntry
from listings.queries import catalogue, registry
from listings.queries.registry import RegistryQuery, Relative
from listings.registry.page import lapsed_origins, render_entry, render_labels
from listings.schemas.registry import (
    GiveUpRegistrationSchema,
    RegistryEntrySchema,
    RegistryPageSchema,
    RegistryQuerySchema,
    RegistryStateSchema,
)
from listings.vocabulary import Language, labelled


@blueprint.route("/registry", methods=["GET"], parameters=[LANGUAGE])
@blueprint.arguments(RegistryQuerySchema, location="query")
@blueprint.response(200, page_schema(RegistryEntrySchema))
@public("the registry is what the exchange shows to everybody")
def get_registry(asked: dict[str, Any]) -> Answer:
    """Search the registry: what is registered, to whom, and what became of it; newest first."""
    language = asked_language()
    query = RegistryQuery(
        words=asked["q"].strip(),
        state=asked.get("state"),
        holder_id=asked.get("holder"),
        product_kind=asked.get("kind"),
        sector=asked.get("sector"),
        right=asked.get("right"),
        cursor=asked["cursor"],
        limit=asked["limit"],
    )
    with unit_of_work(Reach.PUBLIC) as uow:
        page = registry.search_registry(uow.session, query, today=day_of(uow.now))
        items = [_entry(found, uow.now, language) for found in page.items]
    return in_language(language, {"items": items, "next_cursor": page.next_cursor})


@blueprint.route("/registry/<registration_id>", methods=["GET"], parameters=[LANGUAGE])
@blueprint.response(200, RegistryPageSchema)
@public("a registration's page is what the exchange shows to everybody")
def get_registry_entry(registration_id: str) -> Answer:
    """Show a registration: its record, where it comes from and what was made of it."""
    language = asked_language()
    with unit_of_work(Reach.PUBLIC) as uow:
        session, now = uow.session, uow.now
        found = registry.get_entry(session, registration_id)
        origins = [
            _relative(each, now, language)
            for each in registry.list_origins(session, found.registration_id)
        ]
        descendants = registry.list_descendants(session, found.registration_id)
        page = {
            **_entry(found, now, language),
            "record": found.record,
            "labels": render_labels(found.record, language),
            "cancel_reason": found.cancel_reason,
            "listing_code": catalogue.find_listing_code(session, found.product_id),
            "versions": [
                _version(each, now, language)
                for each in registry.list_entries_of_product(session, found.product_id)
            ],
            "origins": origins,
            "descendants": [_relative(each, now, language) for each in descendants],
            "lapsed_origins": lapsed_origins(origins),
            "transferred_from": registry.find_predecessor_id(session, found.registration_id),
            "transferred_to": registry.find_successor_id(session, found.registration_id),
        }
    return in_language(language, page)


@blueprint.route("/registry/<registration_id>/cancellation", methods=["POST"])
@blueprint.arguments(GiveUpRegistrationSchema)
@blueprint.response(201, RegistryStateSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_cancellation(command: dict[str, Any], registration_id: str) -> RegistryEntry:
    """Give one's own registration up for good; its product must be off sale."""
    with unit_of_work() as uow:
        found = services.give_registration_up(
            uow, current_principal(), registration_id=registration_id, **command
        )
        uow.commit()
    return found


def _entry(found: RegistryEntry, now: datetime, language: Language) -> dict[str, Any]:
    columns = {column.key: getattr(found, column.key) for column in found.__mapper__.column_attrs}
    return render_entry(columns, state=found.state_at(now), language=language)


def _version(found: RegistryEntry, now: datetime, language: Language) -> dict[str, Any]:
    return {
        "registration_id": found.registration_id,
        "version_number": found.version_number,
        "state": labelled("registry_states", found.state_at(now), language),
        "registered_at": found.registered_at,
    }


def _relative(relative: Relative, now: datetime, language: Language) -> dict[str, Any]:
    found = relative.entry
    return {
        "registration_id": found.registration_id,
        "name": found.record["name"],
        "holder": {"id": found.holder_id, "name": found.holder_name},
        "state": labelled("registry_states", found.state_at(now), language),
        "generations": relative.generations,
    }
