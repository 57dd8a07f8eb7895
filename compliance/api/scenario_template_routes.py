"""Routes of the templates of declared uses: found by purpose or listing, and declared from."""

from typing import Any

from marshmallow import ValidationError

from app.core.errors import InvalidFields
from app.core.principals import Permission
from app.web.access import public, requires
from app.web.blueprints import pointers
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from compliance import queries, services
from compliance.api.blueprint import as_document, blueprint
from compliance.models.licences import Scenario
from compliance.schemas.scenario_templates import (
    FillTemplateSchema,
    ProductTemplateListSchema,
    ScenarioTemplateQuerySchema,
    UseTemplateListSchema,
    UseTemplateSchema,
)
from compliance.schemas.scenarios import ScenarioSchema, SubmitScenarioSchema

WHY = "what a product may be used for, and how a use is declared, is part of the catalogue"


@blueprint.route("/scenario-templates", methods=["GET"])
@blueprint.arguments(ScenarioTemplateQuerySchema, location="query")
@blueprint.response(200, UseTemplateListSchema)
@public(WHY)
def get_scenario_templates(query: dict[str, Any]) -> dict[str, Any]:
    """Every template, at or below a purpose, or such as a listing permits; in both languages."""
    with unit_of_work() as uow:
        return queries.list_scenario_templates(uow, **query)


@blueprint.route("/scenario-templates/<template_id>", methods=["GET"])
@blueprint.response(200, UseTemplateSchema)
@public(WHY)
def get_scenario_template(template_id: str) -> Any:
    """One template."""
    return queries.get_scenario_template(template_id)


@blueprint.route("/listings/<listing_code>/scenario-templates", methods=["GET"])
@blueprint.response(200, ProductTemplateListSchema)
@public(WHY)
def get_templates_of_listing(listing_code: str) -> dict[str, Any]:
    """The uses that a listing is made for and was reviewed with, each with templates that fit."""
    with unit_of_work() as uow:
        return queries.list_product_templates(uow, listing_code)


@blueprint.route("/scenario-templates/<template_id>/scenarios", methods=["POST"])
@blueprint.arguments(FillTemplateSchema())
@blueprint.response(201, ScenarioSchema)
@requires(Permission.BUY)
@idempotent
def post_scenario_from_template(command: dict[str, Any], template_id: str) -> Scenario:
    """Declare a use from a template: send what differs, and what no template can know."""
    language = command.pop("language")
    given, listing_code = as_document(command), command["listing_code"]
    with unit_of_work() as uow:
        use = queries.fill_template(uow, template_id, given, language=language)
        reference = queries.template_reference(template_id)
        scenario = services.submit_scenario(
            uow,
            current_principal(),
            listing_code=listing_code,
            content=_whole(use) | {"template": reference},
        )
        uow.commit()
        return scenario


def _whole(use: dict[str, Any]) -> dict[str, Any]:
    try:
        command: dict[str, Any] = SubmitScenarioSchema().load(use)
    except ValidationError as error:
        raise InvalidFields(pointers(error.messages)) from error
    command.pop("listing_code")
    return as_document(command)
