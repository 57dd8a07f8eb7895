"""From an Authorization header to a principal: the adapter of `app.web.access.Authenticator`."""

import hmac
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from app.accounts.access_models import CollectorKey, SignedInSession
from app.accounts.access_tokens import AccessClaims, AccessKeys, read_access_token
from app.accounts.models import Person
from app.accounts.secret_texts import hash_of, is_collector_key
from app.accounts.sign_in_errors import AccessTokenRefused, CollectorKeyRefused, SessionOver
from app.core.principals import COLLECTOR_PERMISSIONS, Machine, Principal
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory

USE_NOTED_EVERY = timedelta(hours=1)
"""When a key was last used is told to the hour: a write for each request would cost more."""
_SCHEME = "bearer"


@dataclass(frozen=True)
class SignedInPerson(Principal):
    """A principal who is a person, and the session that they came with."""

    session_id: str = ""


class BearerAuthenticator:
    """Checks access tokens of people and keys of collecting systems (RFC 6750).

    API keys belong to the data plane.
    """

    def __init__(self, units: UnitOfWorkFactory, access_keys: AccessKeys) -> None:
        self._units = units
        self._access_keys = access_keys

    def authenticate(self, authorization: str | None) -> Principal | None:
        """Whose header it is, or None without one.

        Raises `AccessTokenRefused`, `SessionOver`, `CollectorKeyRefused`.
        """
        if authorization is None:
            return None
        token = _bearer_token(authorization)
        return self._machine(token) if is_collector_key(token) else self._person(token)

    def _machine(self, key: str) -> Machine:
        # The exchange's reach, as for people: only the key itself tells whose it is.
        with self._units.begin(Reach.EXCHANGE) as uow:
            machine = recognise_collector(uow, key)
            uow.commit()
        return machine

    def _person(self, token: str) -> SignedInPerson:
        claims = read_access_token(self._access_keys, token, now=self._units.clock.now())
        # The exchange's reach: whose row this is has to be known before a reach can be narrowed
        # to it. The two rows are named by ids from a token that we signed.
        with self._units.begin(Reach.EXCHANGE) as uow:
            return authenticate_claims(uow, claims)


def authenticate_claims(uow: UnitOfWork, claims: AccessClaims) -> SignedInPerson:
    """The person of verified claims, if person, session and roles still stand.

    Raises `SessionOver`: after deactivation, sign-out, or when a role was withdrawn.
    """
    statement = (
        select(Person.token_version, Person.deactivated_at, SignedInSession)
        .join(SignedInSession, SignedInSession.person_id == Person.id)
        .where(Person.id == claims.person_id, SignedInSession.id == claims.session_id)
    )
    row = uow.session.execute(statement).one_or_none()
    if row is None:
        raise SessionOver
    token_version, deactivated_at, session = row
    is_current = token_version == claims.token_version and deactivated_at is None
    if not (is_current and session.is_open(uow.now)):
        raise SessionOver
    return SignedInPerson(
        claims.person_id,
        claims.organisation_id,
        claims.roles,
        has_second_factor=claims.has_second_factor,
        session_id=claims.session_id,
    )


def recognise_collector(uow: UnitOfWork, text: str) -> Machine:
    """Whose key this is; notes to the hour that it is in use.

    Found by its hash, and compared in constant time once more: an index may leak how far two
    hashes agree, never a secret. Needs the exchange's reach. Raises `CollectorKeyRefused`.
    """
    offered = hash_of(text)
    key = uow.session.scalars(
        select(CollectorKey).where(CollectorKey.secret_hash == offered)
    ).one_or_none()
    if key is None or not hmac.compare_digest(key.secret_hash, offered):
        raise CollectorKeyRefused
    if not key.is_usable(uow.now):
        raise CollectorKeyRefused
    if key.last_used_at is None or key.last_used_at + USE_NOTED_EVERY <= uow.now:
        key.last_used_at = uow.now
    return Machine(
        key.collector_id,
        key.organisation_id,
        frozenset(),
        is_machine=True,
        granted=COLLECTOR_PERMISSIONS,
        networks=tuple(key.networks),
        requests_per_minute=key.requests_per_minute,
    )


def _bearer_token(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != _SCHEME or not token.strip():
        raise AccessTokenRefused
    return token.strip()
