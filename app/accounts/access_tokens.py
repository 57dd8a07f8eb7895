"""Access tokens: short-lived EdDSA JSON Web Tokens (RFC 7519, 8037, 9068) and their keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm
from typing_extensions import override

from app.accounts.sign_in_errors import AccessTokenRefused
from app.core.canonical import canonical_bytes
from app.core.compact_jws import ALGORITHM, jwk_of, key_id_of
from app.core.principals import Role
from app.core.signing import Signer

LIFETIME = timedelta(minutes=10)
LENGTH_MAX = 4_096
_TYPE = "at+jwt"
_CLAIMS = ("iss", "aud", "sub", "org", "sid", "ver", "roles", "amr", "iat", "exp")


@dataclass(frozen=True)
class AccessClaims:
    """Whose token it is, in which session, with which roles and proofs."""

    person_id: str
    organisation_id: str
    session_id: str
    token_version: int
    roles: frozenset[Role]
    has_second_factor: bool


@dataclass(frozen=True)
class AccessKeys:
    """The present signing key and the public keys that signed before it.

    A retired key stays listed until its last token expired: after `LIFETIME` it can go.
    """

    issuer: str
    audience: str
    signer: Signer
    retired: tuple[bytes, ...] = ()

    def public_keys(self) -> dict[str, bytes]:
        """Every accepted public key by key id, the present one first."""
        return {key_id_of(key): key for key in (self.signer.public_key, *self.retired)}


class _SignsThroughPort(OKPAlgorithm):
    """EdDSA for PyJWT over our port: the private key may live in another machine."""

    @override
    def prepare_key(self, key: Any) -> Any:
        return key


def jwks(keys: AccessKeys) -> dict[str, list[dict[str, str]]]:
    """The public key set (RFC 7517) with which anybody checks our tokens."""
    return {"keys": [jwk_of(key) for key in keys.public_keys().values()]}


def issue_access_token(keys: AccessKeys, claims: AccessClaims, *, now: datetime) -> str:
    """A signed token that is good for `LIFETIME`."""
    payload = {
        "iss": keys.issuer,
        "aud": keys.audience,
        "sub": claims.person_id,
        "org": claims.organisation_id,
        "sid": claims.session_id,
        "ver": claims.token_version,
        "roles": sorted(claims.roles),
        "amr": ["pwd", "otp"] if claims.has_second_factor else ["pwd"],
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
    }
    return _signature_algorithms().encode(
        canonical_bytes(payload),
        keys.signer,  # type: ignore[arg-type] # the port stands in for a private key
        algorithm=ALGORITHM,
        headers={"kid": key_id_of(keys.signer.public_key), "typ": _TYPE},
    )


def read_access_token(keys: AccessKeys, token: str, *, now: datetime) -> AccessClaims:
    """The claims of a token of ours that is in force at ``now``; raises `AccessTokenRefused`."""
    if len(token) > LENGTH_MAX:
        raise AccessTokenRefused
    try:
        payload = _verified_payload(keys, token)
        if datetime.fromtimestamp(payload["exp"], UTC) <= now:
            raise AccessTokenRefused
        return _claims(payload)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError):
        raise AccessTokenRefused from None


def _verified_payload(keys: AccessKeys, token: str) -> Mapping[str, Any]:
    header = jwt.get_unverified_header(token)
    if header.get("typ") != _TYPE:
        raise AccessTokenRefused
    public_key = Ed25519PublicKey.from_public_bytes(keys.public_keys()[header["kid"]])
    return jwt.decode(
        token,
        public_key,
        algorithms=[ALGORITHM],
        audience=keys.audience,
        issuer=keys.issuer,
        # The times are compared with our clock, not with the library's.
        options={
            "require": list(_CLAIMS),
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        },
    )


def _claims(payload: Mapping[str, Any]) -> AccessClaims:
    return AccessClaims(
        person_id=str(payload["sub"]),
        organisation_id=str(payload["org"]),
        session_id=str(payload["sid"]),
        token_version=int(payload["ver"]),
        roles=frozenset(Role(role) for role in payload["roles"]),
        has_second_factor="otp" in payload["amr"],
    )


def _signature_algorithms() -> jwt.PyJWS:
    algorithms = jwt.PyJWS(algorithms=[])
    algorithms.register_algorithm(ALGORITHM, _SignsThroughPort())
    return algorithms
