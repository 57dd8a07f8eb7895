"""The way back in for whoever lost password or authenticator: asked for, issued, used once."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from app.accounts.access_models import AccessReset, SecondFactor
from app.accounts.errors import PersonDeactivatedAlready, PersonNotFound
from app.accounts.events import AccessRegained
from app.accounts.events import AccessReset as AccessWasReset
from app.accounts.models import Organisation, Person
from app.accounts.password_rules import check_password, normalise_password
from app.accounts.ports import CredentialKit, Passwords
from app.accounts.reset_errors import (
    AccessResetDecided,
    AccessResetNotFound,
    ColleagueCanReset,
    OwnAccess,
    ResetNeedsSecondPerson,
    ResetTokenRefused,
)
from app.accounts.secret_texts import hash_of, new_reset_token
from app.accounts.services.people import has_other_holder, lock_organisation
from app.accounts.services.session_ends import end_sessions
from app.core.ids import OrganisationId, PersonId
from app.core.principals import Principal, Role
from app.core.unit_of_work import UnitOfWork

PROPOSAL_LASTS = timedelta(days=7)
LINK_LASTS = timedelta(hours=24)
BY_AN_OWNER = "reset by an owner"


@dataclass(frozen=True)
class IssuedReset:
    """A reset and, this once, the token that opens the way back in."""

    access_reset: AccessReset
    text: str


def reset_access(
    uow: UnitOfWork, kit: CredentialKit, principal: Principal, *, person_id: str
) -> IssuedReset:
    """An owner resets a colleague's password and second factor.

    Raises `PersonNotFound`, `PersonDeactivatedAlready`, `OwnAccess`.
    """
    person = _lock_person(uow, principal, person_id)
    if person.organisation_id != principal.organisation_id:
        raise PersonNotFound(person_id)
    reset = _ask(uow, principal, person, reason=BY_AN_OWNER)
    return _issue(uow, kit, reset, person, reset_by=principal.id)


def propose_access_reset(
    uow: UnitOfWork, principal: Principal, *, person_id: str, reason: str
) -> AccessReset:
    """An operator asks for a reset of one of the exchange's people, or of a last owner.

    Raises `PersonNotFound`, `PersonDeactivatedAlready`, `OwnAccess`, `ColleagueCanReset`.
    """
    person = _lock_person(uow, principal, person_id)
    _demand_nobody_nearer(uow, person)
    return _ask(uow, principal, person, reason=reason)


def approve_access_reset(
    uow: UnitOfWork, kit: CredentialKit, principal: Principal, *, reset_id: str
) -> IssuedReset:
    """Another operator agrees, and hands the link over.

    Raises `AccessResetNotFound`, `AccessResetDecided`, `OwnAccess`, `ResetNeedsSecondPerson`, and
    as `propose_access_reset`.
    """
    reset = uow.session.get(AccessReset, reset_id, with_for_update=True)
    if reset is None:
        raise AccessResetNotFound(reset_id)
    if reset.state(uow.now) != "proposed":
        raise AccessResetDecided(reset_id, reset.state(uow.now))
    if reset.asked_by == principal.id:
        raise ResetNeedsSecondPerson(reset_id)
    person = _lock_person(uow, principal, reset.person_id)
    _demand_nobody_nearer(uow, person)
    reset.approved_by = principal.id
    return _issue(uow, kit, reset, person, reset_by=principal.id)


def use_access_reset(uow: UnitOfWork, passwords: Passwords, *, token: str, password: str) -> None:
    """Choose a new password with the token; raises `ResetTokenRefused`, `WeakPassword`."""
    wanted = select(AccessReset).where(AccessReset.token_hash == hash_of(token))
    reset = uow.session.scalars(wanted.with_for_update()).one_or_none()
    if reset is None or reset.state(uow.now) != "issued":
        raise ResetTokenRefused
    person = uow.session.get_one(Person, reset.person_id, with_for_update=True)
    if not person.is_active:
        raise ResetTokenRefused
    organisation = uow.session.get_one(Organisation, person.organisation_id)
    secret = normalise_password(password)
    check_password(secret, email=person.email, organisation_name=organisation.name)
    person.password_hash = passwords.hash(secret)
    reset.used_at = uow.now
    uow.record(
        AccessRegained(
            occurred_at=uow.now,
            person_id=PersonId(person.id),
            organisation_id=OrganisationId(person.organisation_id),
        )
    )


def _lock_person(uow: UnitOfWork, principal: Principal, person_id: str) -> Person:
    if person_id == principal.id:
        raise OwnAccess
    found = uow.session.get(Person, person_id)
    if found is None:
        raise PersonNotFound(person_id)
    # The organisation first, as whoever changes roles does: who is the last owner stays so.
    lock_organisation(uow, found.organisation_id)
    person = uow.session.get_one(Person, person_id, with_for_update=True, populate_existing=True)
    if not person.is_active:
        raise PersonDeactivatedAlready(person_id)
    return person


def _demand_nobody_nearer(uow: UnitOfWork, person: Person) -> None:
    organisation = uow.session.get_one(Organisation, person.organisation_id)
    is_last = Role.OWNER in person.roles and not has_other_holder(uow, person, Role.OWNER)
    if not organisation.is_exchange and not is_last:
        raise ColleagueCanReset(person.id)


def _ask(uow: UnitOfWork, principal: Principal, person: Person, *, reason: str) -> AccessReset:
    reset = AccessReset(
        id=uow.ids.new("acr"),
        person_id=person.id,
        organisation_id=person.organisation_id,
        reason=reason,
        asked_by=principal.id,
        asked_at=uow.now,
        expires_at=uow.now + PROPOSAL_LASTS,
    )
    uow.session.add(reset)
    return reset


def _issue(
    uow: UnitOfWork,
    kit: CredentialKit,
    reset: AccessReset,
    person: Person,
    *,
    reset_by: str,
) -> IssuedReset:
    """From here on nothing that was lost opens anything, and an older link neither."""
    _end_access(uow, kit, person)
    token = new_reset_token(kit.entropy)
    reset.issued_at, reset.token_hash = uow.now, hash_of(token)
    reset.expires_at = uow.now + LINK_LASTS
    uow.record(
        AccessWasReset(
            occurred_at=uow.now,
            person_id=PersonId(person.id),
            organisation_id=OrganisationId(person.organisation_id),
            reset_by=PersonId(reset_by),
            asked_by=None if reset.asked_by == reset_by else PersonId(reset.asked_by),
        )
    )
    return IssuedReset(reset, token)


def _end_access(uow: UnitOfWork, kit: CredentialKit, person: Person) -> None:
    older = update(AccessReset).where(
        AccessReset.person_id == person.id,
        AccessReset.issued_at.is_not(None),
        AccessReset.used_at.is_(None),
        AccessReset.expires_at > uow.now,
    )
    uow.session.execute(older.values(expires_at=uow.now))
    person.password_hash = kit.passwords.hash(new_reset_token(kit.entropy))
    person.void_access_tokens()
    end_sessions(uow, person.id, reason="access_reset")
    factor = uow.session.get(SecondFactor, person.id, with_for_update=True)
    if factor is not None:
        uow.session.delete(factor)
