"""Verbs about people: adding, granting and withdrawing roles, deactivating, passwords."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.accounts.email_addresses import normalise_email
from app.accounts.errors import (
    EmailTaken,
    LastOfRole,
    OwnRoles,
    PeopleLimitReached,
    PersonDeactivatedAlready,
    PersonNotFound,
    RoleNotHeld,
)
from app.accounts.events import PersonAdded, PersonDeactivated, RoleGranted, RoleWithdrawn
from app.accounts.models import Organisation, Person, RoleGrant
from app.accounts.password_rules import check_password, normalise_password
from app.accounts.ports import Passwords
from app.accounts.role_rules import check_roles
from app.accounts.services.session_ends import end_sessions
from app.accounts.sign_in_errors import PasswordRefused
from app.core.ids import OrganisationId, PersonId
from app.core.principals import Principal, Role
from app.core.unit_of_work import UnitOfWork

PEOPLE_MAX = 500
"""Active people of one organisation."""
_INDISPENSABLE = (Role.OWNER, Role.OPERATOR)


def add_person(
    uow: UnitOfWork,
    passwords: Passwords,
    principal: Principal,
    *,
    email: str,
    name: str,
    password: str,
    roles: Iterable[Role],
) -> Person:
    """A new person of the principal's own organisation.

    Raises `EmailTaken`, `WeakPassword`, `RoleNotForOrganisation`, `RolesConflict`,
    `PeopleLimitReached`.
    """
    organisation = lock_organisation(uow, principal.organisation_id)
    _check_room_for_one_more(uow, organisation)
    person = make_person(
        uow,
        passwords,
        organisation,
        email=email,
        name=name,
        password=password,
        roles=check_roles(roles, organisation.kind),
        granted_by=principal.id,
    )
    for role in sorted(person.roles):
        _record_grant(uow, person, role, granted_by=principal.id)
    return person


def make_person(
    uow: UnitOfWork,
    passwords: Passwords,
    organisation: Organisation,
    *,
    email: str,
    name: str,
    password: str,
    roles: frozenset[Role],
    granted_by: str | None = None,
) -> Person:
    """Store a person with roles that were checked; the first of an organisation grants their own.

    Raises `EmailTaken`, `WeakPassword`.
    """
    address, secret = normalise_email(email), normalise_password(password)
    check_password(secret, email=address, organisation_name=organisation.name)
    person = Person(
        id=uow.ids.new("psn"),
        organisation_id=organisation.id,
        email=address,
        name=name,
        password_hash=passwords.hash(secret),
        token_version=1,
        added_at=uow.now,
    )
    person.grants = [_grant(person, role, granted_by or person.id, uow.now) for role in roles]
    _insert(uow, person)
    uow.record(
        PersonAdded(
            occurred_at=uow.now,
            person_id=PersonId(person.id),
            organisation_id=OrganisationId(organisation.id),
            roles=tuple(sorted(roles)),
        )
    )
    return person


def grant_role(uow: UnitOfWork, principal: Principal, *, person_id: str, role: Role) -> Person:
    """Give a colleague a role; a role that is held already stays as it is.

    Raises `PersonNotFound`, `PersonDeactivatedAlready`, `OwnRoles`, `RoleNotForOrganisation`,
    `RolesConflict`.
    """
    organisation = lock_organisation(uow, principal.organisation_id)
    person = _active_colleague(uow, principal, person_id)
    check_roles(person.roles | {role}, organisation.kind)
    if role not in person.roles:
        person.grants.append(_grant(person, role, principal.id, uow.now))
        _record_grant(uow, person, role, granted_by=principal.id)
    return person


def demand_role(uow: UnitOfWork, *, person_id: str, role: Role) -> None:
    """Raises `PersonNotFound`, or `RoleNotHeld` unless the person is active and holds the role."""
    person = uow.session.get(Person, person_id)
    if person is None:
        raise PersonNotFound(person_id)
    if not person.is_active or role not in person.roles:
        raise RoleNotHeld(role)


def withdraw_role(uow: UnitOfWork, principal: Principal, *, person_id: str, role: Role) -> Person:
    """Take a role from a colleague; their access tokens stop working at once.

    Raises `PersonNotFound`, `PersonDeactivatedAlready`, `OwnRoles`, `RoleNotHeld`, `LastOfRole`.
    """
    lock_organisation(uow, principal.organisation_id)
    person = _active_colleague(uow, principal, person_id)
    grant = next((g for g in person.grants if g.is_in_force and g.role == role), None)
    if grant is None:
        raise RoleNotHeld(role)
    _check_somebody_else_holds(uow, person, [role])
    grant.withdrawn_at, grant.withdrawn_by = uow.now, principal.id
    person.void_access_tokens()
    uow.record(
        RoleWithdrawn(
            occurred_at=uow.now,
            person_id=PersonId(person.id),
            organisation_id=OrganisationId(person.organisation_id),
            role=role,
            withdrawn_by=PersonId(principal.id),
        )
    )
    return person


def deactivate_person(uow: UnitOfWork, principal: Principal, *, person_id: str) -> Person:
    """End a colleague's access for good: tokens, sessions, sign-in; twice is as good as once.

    Raises `PersonNotFound`, `OwnRoles`, `LastOfRole`.
    """
    lock_organisation(uow, principal.organisation_id)
    person = _colleague(uow, principal, person_id)
    if not person.is_active:
        return person
    _check_somebody_else_holds(uow, person, person.roles)
    person.deactivated_at = uow.now
    person.void_access_tokens()
    end_sessions(uow, person.id, reason="person_deactivated")
    uow.record(
        PersonDeactivated(
            occurred_at=uow.now,
            person_id=PersonId(person.id),
            organisation_id=OrganisationId(person.organisation_id),
            deactivated_by=PersonId(principal.id),
        )
    )
    return person


def change_password(
    uow: UnitOfWork,
    passwords: Passwords,
    principal: Principal,
    *,
    present_password: str,
    new_password: str,
    session_id: str,
) -> None:
    """Replace one's own password and end one's other sessions.

    Raises `PasswordRefused`, `WeakPassword`.
    """
    person = uow.session.get_one(Person, principal.id, with_for_update=True)
    organisation = uow.session.get_one(Organisation, person.organisation_id)
    if not passwords.matches(person.password_hash, normalise_password(present_password)):
        raise PasswordRefused
    secret = normalise_password(new_password)
    check_password(secret, email=person.email, organisation_name=organisation.name)
    person.password_hash = passwords.hash(secret)
    end_sessions(uow, person.id, reason="password_changed", keep=session_id)


def lock_organisation(uow: UnitOfWork, organisation_id: str) -> Organisation:
    """The organisation, locked: rules about all of its people hold under concurrency."""
    return uow.session.get_one(Organisation, organisation_id, with_for_update=True)


def _insert(uow: UnitOfWork, person: Person) -> None:
    try:
        with uow.session.begin_nested():
            uow.session.add(person)
    except IntegrityError as error:
        # The index decides, not a look beforehand: other organisations' rows are out of reach,
        # and two requests at once must not both win.
        if "uq_people_email" in str(error.orig):
            raise EmailTaken from None
        raise


def _grant(person: Person, role: Role, granted_by: str, at: datetime) -> RoleGrant:
    return RoleGrant(
        organisation_id=person.organisation_id, role=role, granted_by=granted_by, granted_at=at
    )


def _record_grant(uow: UnitOfWork, person: Person, role: Role, *, granted_by: str) -> None:
    uow.record(
        RoleGranted(
            occurred_at=uow.now,
            person_id=PersonId(person.id),
            organisation_id=OrganisationId(person.organisation_id),
            role=role,
            granted_by=PersonId(granted_by),
        )
    )


def _check_room_for_one_more(uow: UnitOfWork, organisation: Organisation) -> None:
    active = select(func.count()).where(
        Person.organisation_id == organisation.id, Person.deactivated_at.is_(None)
    )
    if uow.session.scalars(active).one() >= PEOPLE_MAX:
        raise PeopleLimitReached(PEOPLE_MAX)


def _colleague(uow: UnitOfWork, principal: Principal, person_id: str) -> Person:
    if person_id == principal.id:
        raise OwnRoles
    statement = select(Person).where(
        Person.id == person_id, Person.organisation_id == principal.organisation_id
    )
    person = uow.session.scalars(statement.with_for_update()).one_or_none()
    if person is None:
        raise PersonNotFound(person_id)
    return person


def _active_colleague(uow: UnitOfWork, principal: Principal, person_id: str) -> Person:
    person = _colleague(uow, principal, person_id)
    if not person.is_active:
        raise PersonDeactivatedAlready(person_id)
    return person


def has_other_holder(uow: UnitOfWork, person: Person, role: str) -> bool:
    """Whether another active person of the organisation holds the role."""
    others = (
        select(func.count())
        .select_from(RoleGrant)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.organisation_id == person.organisation_id,
            RoleGrant.role == role,
            RoleGrant.withdrawn_at.is_(None),
            Person.deactivated_at.is_(None),
            Person.id != person.id,
        )
    )
    return uow.session.scalars(others).one() > 0


def _check_somebody_else_holds(uow: UnitOfWork, person: Person, roles: Iterable[str]) -> None:
    for role in (role for role in roles if role in _INDISPENSABLE):
        if not has_other_holder(uow, person, role):
            raise LastOfRole(role)
