"""Routes of the people of a supplier or buyer, and of oneself."""

from typing import Any

from app.accounts import queries, services
from app.accounts.api.blueprint import blueprint
from app.accounts.api.signed_in import current_person
from app.accounts.models import Person
from app.accounts.ports import CredentialKit
from app.accounts.schemas import (
    AddMemberSchema,
    ChangePasswordSchema,
    GrantMemberRoleSchema,
    PeopleQuerySchema,
    PersonPageSchema,
    PersonSchema,
)
from app.core.paging import Page
from app.core.principals import MEMBER_ROLES, Permission, Role
from app.web.access import requires
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.staff_reads import unnoted

_MEMBER_ROLE = f"<any({','.join(sorted(MEMBER_ROLES))}):role>"


@blueprint.route("/v1/people", methods=["POST"])
@blueprint.arguments(AddMemberSchema)
@blueprint.response(201, PersonSchema)
@requires(Permission.MANAGE_ORGANISATION)
@idempotent
def post_person(command: dict[str, Any]) -> Person:
    """Add a person to one's own organisation."""
    with unit_of_work() as uow:
        person = services.add_person(
            uow, get(CredentialKit).passwords, current_principal(), **command
        )
        uow.commit()
    return person


@blueprint.route("/v1/people", methods=["GET"])
@blueprint.arguments(PeopleQuerySchema, location="query")
@blueprint.response(200, PersonPageSchema)
@requires(Permission.MANAGE_ORGANISATION)
def get_people(query: dict[str, Any]) -> Page[Person]:
    """List the people of one's own organisation."""
    with unit_of_work() as uow:
        return queries.list_people(uow, current_principal().organisation_id, **query)


@blueprint.route("/v1/people/me", methods=["GET"])
@blueprint.response(200, PersonSchema)
@requires(Permission.READ_OWN)
@unnoted("one's own account")
def get_me() -> Person:
    """Show who is signed in."""
    principal = current_principal()
    with unit_of_work() as uow:
        return queries.get_person(uow, principal.organisation_id, principal.id)


@blueprint.route("/v1/people/me/password", methods=["PUT"])
@blueprint.arguments(ChangePasswordSchema)
@blueprint.response(204)
@requires(Permission.READ_OWN)
@limit("5 per minute")
def put_password(command: dict[str, Any]) -> None:
    """Change one's own password; one's other sessions end."""
    person = current_person()
    with unit_of_work() as uow:
        services.change_password(
            uow, get(CredentialKit).passwords, person, session_id=person.session_id, **command
        )
        uow.commit()


@blueprint.route("/v1/people/<person_id>/roles", methods=["POST"])
@blueprint.arguments(GrantMemberRoleSchema)
@blueprint.response(200, PersonSchema)
@requires(Permission.MANAGE_ORGANISATION)
def post_role(command: dict[str, Any], person_id: str) -> Person:
    """Give a colleague a role; a second time changes nothing."""
    with unit_of_work() as uow:
        person = services.grant_role(
            uow, current_principal(), person_id=person_id, role=Role(command["role"])
        )
        uow.commit()
    return person


@blueprint.route(f"/v1/people/<person_id>/roles/{_MEMBER_ROLE}", methods=["DELETE"])
@blueprint.response(200, PersonSchema)
@requires(Permission.MANAGE_ORGANISATION)
def delete_role(person_id: str, role: str) -> Person:
    """Take a role from a colleague; their access tokens stop working at once."""
    with unit_of_work() as uow:
        person = services.withdraw_role(
            uow, current_principal(), person_id=person_id, role=Role(role)
        )
        uow.commit()
    return person


@blueprint.route("/v1/people/<person_id>/deactivation", methods=["POST"])
@blueprint.response(200, PersonSchema)
@requires(Permission.MANAGE_ORGANISATION)
def post_deactivation(person_id: str) -> Person:
    """End a colleague's access for good; a second time changes nothing."""
    with unit_of_work() as uow:
        person = services.deactivate_person(uow, current_principal(), person_id=person_id)
        uow.commit()
    return person
