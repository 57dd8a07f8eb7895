"""From an Authorization header to a principal: the adapter of `app.web.access.Authenticator`."""

from dataclasses import dataclass

from sqlalchemy import select

from app.accounts.access_models import SignedInSession
from app.accounts.access_tokens import AccessClaims, AccessKeys, read_access_token
from app.accounts.models import Person
from app.accounts.sign_in_errors import AccessTokenRefused, SessionOver
from app.core.principals import Principal
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory

_SCHEME = "bearer"


@dataclass(frozen=True)
class SignedInPerson(Principal):
    """A principal who is a person, and the session that they came with."""

    session_id: str = ""


class BearerAuthenticator:
    """Checks access tokens of people (RFC 6750); API keys belong to the data plane."""

    def __init__(self, units: UnitOfWorkFactory, access_keys: AccessKeys) -> None:
        self._units = units
        self._access_keys = access_keys

    def authenticate(self, authorization: str | None) -> SignedInPerson | None:
        """The person, or None without a header; raises `AccessTokenRefused`, `SessionOver`."""
        if authorization is None:
            return None
        token = _bearer_token(authorization)
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


def _bearer_token(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != _SCHEME or not token.strip():
        raise AccessTokenRefused
    return token.strip()
