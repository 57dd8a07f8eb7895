"""Routes of the exchange's own people, for its operators."""

from typing import Any

from app.accounts import queries, services
from app.accounts.api.blueprint import blueprint
from app.accounts.models import Person
from app.accounts.ports import CredentialKit
from app.accounts.schemas import (
    AddStaffSchema,
    GrantStaffRoleSchema,
    PersonPageSchema,
    PersonSchema,
    StaffQuerySchema,
)
from app.core.paging import Page
from app.core.principals import STAFF_ROLES, Permission, Role
from app.web.access import requires
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent

_STAFF_ROLE = f"<any({','.join(sorted(STAFF_ROLES))}):role>"


@blueprint.route("/v1/staff", methods=["POST"])
@blueprint.arguments(AddStaffSchema)
@blueprint.response(201, PersonSchema)
@requires(Permission.MANAGE_STAFF)
@idempotent
def post_staff(command: dict[str, Any]) -> Person:
    """Add a person to the exchange."""
    with unit_of_work() as uow:
        person = services.add_person(
            uow, get(CredentialKit).passwords, current_principal(), **command
        )
        uow.commit()
    return person


@blueprint.route("/v1/staff", methods=["GET"])
@blueprint.arguments(StaffQuerySchema, location="query")
@blueprint.response(200, PersonPageSchema)
@requires(Permission.READ_EXCHANGE)
def get_staff(query: dict[str, Any]) -> Page[Person]:
    """List the exchange's people: who may decide is no secret among them."""
    with unit_of_work() as uow:
        return queries.list_people(uow, current_principal().organisation_id, **query)


@blueprint.route("/v1/staff/<person_id>/roles", methods=["POST"])
@blueprint.arguments(GrantStaffRoleSchema)
@blueprint.response(200, PersonSchema)
@requires(Permission.MANAGE_STAFF)
def post_staff_role(command: dict[str, Any], person_id: str) -> Person:
    """Give a colleague a role; a second time changes nothing."""
    with unit_of_work() as uow:
        person = services.grant_role(
            uow, current_principal(), person_id=person_id, role=Role(command["role"])
        )
        uow.commit()
    return person


@blueprint.route(f"/v1/staff/<person_id>/roles/{_STAFF_ROLE}", methods=["DELETE"])
@blueprint.response(200, PersonSchema)
@requires(Permission.MANAGE_STAFF)
def delete_staff_role(person_id: str, role: str) -> Person:
    """Take a role from a colleague; their access tokens stop working at once."""
    with unit_of_work() as uow:
        person = services.withdraw_role(
            uow, current_principal(), person_id=person_id, role=Role(role)
        )
        uow.commit()
    return person


@blueprint.route("/v1/staff/<person_id>/deactivation", methods=["POST"])
@blueprint.response(200, PersonSchema)
@requires(Permission.MANAGE_STAFF)
def post_staff_deactivation(person_id: str) -> Person:
    """End a colleague's access for good; a second time changes nothing."""
    with unit_of_work() as uow:
        person = services.deactivate_person(uow, current_principal(), person_id=person_id)
        uow.commit()
    return person
