"""Verbs of signing in: counting attempts, opening a session, refreshing it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.accounts.access_models import RefreshToken, SignedInSession, SignInAttempts
from app.accounts.access_tokens import LIFETIME, AccessClaims, issue_access_token
from app.accounts.email_addresses import email_hash, normalise_email
from app.accounts.events import RefreshTokenReused
from app.accounts.models import Person
from app.accounts.password_rules import normalise_password
from app.accounts.ports import CredentialKit, Passwords
from app.accounts.secret_texts import hash_of, new_refresh_token
from app.accounts.services.second_factors import prove_second_factor
from app.accounts.session_rules import refresh_token_end, session_end
from app.accounts.sign_in_errors import SignInRefused, SignInThrottled
from app.accounts.throttling import seconds_locked, with_attempt
from app.core.ids import OrganisationId, PersonId
from app.core.principals import STAFF_ROLES
from app.core.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Tokens:
    """What a client gets: an access token for now, a refresh token for the next one."""

    access_token: str
    expires_in_seconds: int
    refresh_token: str
    refresh_expires_at: datetime
    has_second_factor: bool


def reserve_attempt(uow: UnitOfWork, *, email: str) -> None:
    """Count an attempt to sign in; has to be committed before the password is looked at.

    Raises `SignInThrottled` while the address is locked; such a request is not counted.
    """
    fresh = {"email_hash": email_hash(email), "count": 0, "last_at": uow.now}
    statement = insert(SignInAttempts).values(**fresh)
    # The idle update locks the row and returns it, so that attempts on one address queue up here.
    locked = statement.on_conflict_do_update(
        index_elements=["email_hash"], set_={"email_hash": statement.excluded.email_hash}
    ).returning(SignInAttempts)
    stored = uow.session.scalars(locked, execution_options={"populate_existing": True}).one()
    wait = seconds_locked(stored.value, uow.now)
    if wait:
        raise SignInThrottled(retry_after_seconds=wait)
    stored.become(with_attempt(stored.value, uow.now))


def sign_in(
    uow: UnitOfWork,
    kit: CredentialKit,
    *,
    email: str,
    password: str,
    one_time_code: str | None = None,
) -> Tokens:
    """A new session for whoever proves to be the person; clears the address's failures.

    Raises `SignInRefused`, `OneTimeCodeNeeded`, `OneTimeCodeRefused`.
    """
    person = _find_active(uow, email)
    secret = normalise_password(password)
    if person is None:
        kit.passwords.matches_nobody(secret)
        raise SignInRefused
    if not kit.passwords.matches(person.password_hash, secret):
        raise SignInRefused
    _hold_as_verified(uow, kit.passwords, person, secret)
    has_second_factor = prove_second_factor(uow, kit, person.id, one_time_code)
    _strengthen_hash(kit.passwords, person, secret)
    _forget_attempts(uow, person.email)
    session = _open_session(uow, person, has_second_factor=has_second_factor)
    return _issue_tokens(uow, kit, person, session)


def refresh_session(uow: UnitOfWork, kit: CredentialKit, *, refresh_token: str) -> Tokens | None:
    """New tokens for a refresh token that was not used before, or nothing: refused.

    A token that comes back after its use was stolen from one of the two who have it, and nobody
    can tell from whom: the whole session ends. The caller commits in every case.
    """
    statement = select(RefreshToken).where(RefreshToken.token_hash == hash_of(refresh_token))
    token = uow.session.scalars(statement.with_for_update()).one_or_none()
    if token is None:
        return None
    session = uow.session.get_one(SignedInSession, token.session_id, with_for_update=True)
    if token.rotated_at is not None:
        _end_stolen(uow, session)
        return None
    person = uow.session.get_one(Person, session.person_id)
    # Whoever was given a staff role since has staff's session, counted from the sign-in.
    session.expires_at = min(session.expires_at, _session_end(person, session.started_at))
    if not (session.is_open(uow.now) and token.expires_at > uow.now and person.is_active):
        return None
    token.rotated_at = uow.now
    uow.session.flush()  # before the new token: a session has one usable token
    return _issue_tokens(uow, kit, person, session)


def _find_active(uow: UnitOfWork, email: str) -> Person | None:
    statement = select(Person).where(
        Person.email == normalise_email(email), Person.deactivated_at.is_(None)
    )
    return uow.session.scalars(statement).one_or_none()


def _hold_as_verified(uow: UnitOfWork, passwords: Passwords, person: Person, password: str) -> None:
    """Nobody ends this person's access until the session stands, and nobody has meanwhile.

    A password takes a while to verify. A session that opened behind a change of it, a reset or a
    deactivation would not be among those that were ended.
    """
    verified = person.password_hash
    uow.session.refresh(person, with_for_update={"key_share": True})
    is_same = person.password_hash == verified
    if not person.is_active or not (is_same or passwords.matches(person.password_hash, password)):
        raise SignInRefused


def _strengthen_hash(passwords: Passwords, person: Person, password: str) -> None:
    if passwords.needs_rehash(person.password_hash):
        person.password_hash = passwords.hash(password)


def _forget_attempts(uow: UnitOfWork, email: str) -> None:
    uow.session.execute(
        update(SignInAttempts)
        .where(SignInAttempts.email_hash == email_hash(email))
        .values(count=0, locked_until=None)
    )


def _open_session(uow: UnitOfWork, person: Person, *, has_second_factor: bool) -> SignedInSession:
    session = SignedInSession(
        id=uow.ids.new("ses"),
        person_id=person.id,
        organisation_id=person.organisation_id,
        has_second_factor=has_second_factor,
        started_at=uow.now,
        expires_at=_session_end(person, uow.now),
    )
    uow.session.add(session)
    uow.session.flush()
    return session


def _session_end(person: Person, started_at: datetime) -> datetime:
    return session_end(started_at, is_staff=bool(person.roles & STAFF_ROLES))


def _issue_tokens(
    uow: UnitOfWork, kit: CredentialKit, person: Person, session: SignedInSession
) -> Tokens:
    refresh_token = new_refresh_token(kit.entropy)
    expires_at = refresh_token_end(uow.now, session.expires_at)
    uow.session.add(
        RefreshToken(
            token_hash=hash_of(refresh_token),
            session_id=session.id,
            organisation_id=session.organisation_id,
            issued_at=uow.now,
            expires_at=expires_at,
        )
    )
    claims = AccessClaims(
        person_id=person.id,
        organisation_id=person.organisation_id,
        session_id=session.id,
        token_version=person.token_version,
        roles=person.roles,
        has_second_factor=session.has_second_factor,
    )
    return Tokens(
        access_token=issue_access_token(kit.access_keys, claims, now=uow.now),
        expires_in_seconds=int(LIFETIME.total_seconds()),
        refresh_token=refresh_token,
        refresh_expires_at=expires_at,
        has_second_factor=session.has_second_factor,
    )


def _end_stolen(uow: UnitOfWork, session: SignedInSession) -> None:
    if session.ended_at is None:
        uow.record(
            RefreshTokenReused(
                occurred_at=uow.now,
                person_id=PersonId(session.person_id),
                organisation_id=OrganisationId(session.organisation_id),
            )
        )
    session.end("refresh_token_reused", at=uow.now)
