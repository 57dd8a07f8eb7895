"""Routes of scenarios: declared by buyers, decided by reviewers of neither party."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from compliance import queries, services
from compliance.api.blueprint import as_document, blueprint, own_only
from compliance.models.licences import Scenario
from compliance.schemas.scenarios import (
    DecideScenarioSchema,
    NarrowScenarioSchema,
    ScenarioQuerySchema,
    ScenarioSchema,
    SubmitScenarioSchema,
)


@blueprint.route("/scenarios", methods=["POST"])
@blueprint.arguments(SubmitScenarioSchema)
@blueprint.response(201, ScenarioSchema)
@requires(Permission.BUY)
@idempotent
def post_scenario(command: dict[str, Any]) -> Scenario:
    """Declare a use of a listing; a reviewer decides before anything can be ordered."""
    listing_code = command.pop("listing_code")
    with unit_of_work() as uow:
        scenario = services.submit_scenario(
            uow, current_principal(), listing_code=listing_code, content=as_document(command)
        )
        uow.commit()
        return scenario


@blueprint.route("/scenarios", methods=["GET"])
@blueprint.arguments(ScenarioQuerySchema, location="query")
@blueprint.response(200, page_schema(ScenarioSchema))
@requires(Permission.READ_OWN)
def get_scenarios(query: dict[str, Any]) -> Page[Scenario]:
    """One's own scenarios; the exchange's staff see all, newest or next due first."""
    principal = current_principal()
    reviewer = principal if query.pop("is_for_me") else None
    with unit_of_work() as uow:
        return queries.list_scenarios(uow, buyer_id=own_only(principal), reviewer=reviewer, **query)


@blueprint.route("/scenarios/<scenario_id>", methods=["GET"])
@blueprint.response(200, ScenarioSchema)
@requires(Permission.READ_OWN)
def get_scenario(scenario_id: str) -> Scenario:
    """One scenario."""
    with unit_of_work() as uow:
        return queries.get_scenario(uow, scenario_id, buyer_id=own_only(current_principal()))


@blueprint.route("/scenarios/<scenario_id>/decision", methods=["POST"])
@blueprint.arguments(DecideScenarioSchema)
@blueprint.response(201, ScenarioSchema)
@requires(Permission.REVIEW)
@idempotent
def post_scenario_decision(command: dict[str, Any], scenario_id: str) -> Scenario:
    """Declare one's conflicts and, without any, approve a scenario, perhaps narrower, or refuse."""
    narrowed = as_document(command.pop("narrowed", {}))
    with unit_of_work() as uow:
        scenario = services.decide_scenario(
            uow, current_principal(), scenario_id=scenario_id, narrowed=narrowed, **command
        )
        uow.commit()
        return scenario


@blueprint.route("/scenarios/<scenario_id>/narrowing", methods=["POST"])
@blueprint.arguments(NarrowScenarioSchema)
@blueprint.response(201, ScenarioSchema)
@requires(Permission.REVIEW)
@idempotent
def post_narrowing(command: dict[str, Any], scenario_id: str) -> Scenario:
    """Take away from an approved use; its licences are narrowed at once."""
    narrowed = as_document(command.pop("narrowed"))
    with unit_of_work() as uow:
        scenario = services.narrow_scenario(
            uow, current_principal(), scenario_id=scenario_id, narrowed=narrowed, **command
        )
        uow.commit()
        return scenario


@blueprint.route("/scenarios/<scenario_id>/withdrawal", methods=["POST"])
@blueprint.response(201, ScenarioSchema)
@requires(Permission.BUY)
@idempotent
def post_withdrawal(scenario_id: str) -> Scenario:
    """Give a use up; its licences end at once."""
    with unit_of_work() as uow:
        scenario = services.withdraw_scenario(uow, current_principal(), scenario_id=scenario_id)
        uow.commit()
        return scenario
