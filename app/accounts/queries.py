"""Reads of this room; each filters by organisation itself, whatever row-level security does."""

from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import selectinload

from app.accounts.access_models import AccessReset, ApiKey, CollectorKey
from app.accounts.errors import OrganisationNotFound, PersonNotFound
from app.accounts.models import Organisation, Person, RoleGrant
from app.core.paging import Page, between, containing, matching, paginate
from app.core.unit_of_work import UnitOfWork


def get_organisation(uow: UnitOfWork, organisation_id: str) -> Organisation:
    """An organisation with its evidence and decisions; raises `OrganisationNotFound`."""
    statement = (
        select(Organisation)
        .where(Organisation.id == organisation_id)
        .options(selectinload(Organisation.evidence), selectinload(Organisation.decisions))
    )
    found = uow.session.scalars(statement).one_or_none()
    if found is None:
        raise OrganisationNotFound(organisation_id)
    return found


def list_organisations(
    uow: UnitOfWork,
    *,
    q: str | None = None,
    status: str | None = None,
    is_supplier: bool | None = None,
    is_buyer: bool | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Organisation]:
    """Suppliers and buyers, newest first; the exchange itself is no party and not among them.

    ``q`` stands in the name or in the unified social credit code; the period is of registration.
    """
    wanted = {
        Organisation.status: status,
        Organisation.is_supplier: is_supplier,
        Organisation.is_buyer: is_buyer,
    }
    statement = select(Organisation).where(
        Organisation.is_exchange.is_(False),
        *matching(wanted),
        *containing(q, Organisation.name, Organisation.uscc),
        *between(Organisation.registered_at, from_at, until_at),
    )
    return paginate(uow.session, statement, key=Organisation.id, cursor=cursor, limit=limit)


def list_people(
    uow: UnitOfWork,
    organisation_id: str,
    *,
    q: str | None = None,
    role: str | None = None,
    is_active: bool | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Person]:
    """The people of one organisation, newest first, deactivated ones included.

    ``q`` stands in the name or in the e-mail address; a ``role`` is one that they have now.
    """
    statement = select(Person).where(
        Person.organisation_id == organisation_id, *containing(q, Person.name, Person.email)
    )
    if role is not None:
        in_force = and_(RoleGrant.role == role, RoleGrant.withdrawn_at.is_(None))
        statement = statement.where(Person.grants.any(in_force))
    if is_active is not None:
        active = Person.deactivated_at.is_(None)
        statement = statement.where(active if is_active else ~active)
    return paginate(uow.session, statement, key=Person.id, cursor=cursor, limit=limit)


def get_person(uow: UnitOfWork, organisation_id: str, person_id: str) -> Person:
    """A person of that organisation; raises `PersonNotFound`."""
    statement = select(Person).where(
        Person.id == person_id, Person.organisation_id == organisation_id
    )
    found = uow.session.scalars(statement).one_or_none()
    if found is None:
        raise PersonNotFound(person_id)
    return found


def list_access_resets(
    uow: UnitOfWork,
    *,
    organisation_id: str | None = None,
    person_id: str | None = None,
    cursor: str | None,
    limit: int,
) -> Page[AccessReset]:
    """Resets of access within reach, newest first."""
    wanted = {AccessReset.organisation_id: organisation_id, AccessReset.person_id: person_id}
    statement = select(AccessReset).where(*matching(wanted))
    return paginate(uow.session, statement, key=AccessReset.id, cursor=cursor, limit=limit)


def list_api_keys(
    uow: UnitOfWork,
    organisation_id: str,
    *,
    licence_id: str | None,
    cursor: str | None,
    limit: int,
) -> Page[ApiKey]:
    """The keys of one organisation, newest first, spent ones included."""
    statement = select(ApiKey).where(ApiKey.organisation_id == organisation_id)
    if licence_id is not None:
        statement = statement.where(ApiKey.licence_id == licence_id)
    return paginate(uow.session, statement, key=ApiKey.id, cursor=cursor, limit=limit)


def list_collector_keys(
    uow: UnitOfWork,
    organisation_id: str,
    *,
    collector_id: str | None,
    cursor: str | None,
    limit: int,
) -> Page[CollectorKey]:
    """The keys of one organisation's collecting systems, newest first, spent ones included."""
    statement = select(CollectorKey).where(CollectorKey.organisation_id == organisation_id)
    if collector_id is not None:
        statement = statement.where(CollectorKey.collector_id == collector_id)
    return paginate(uow.session, statement, key=CollectorKey.id, cursor=cursor, limit=limit)
