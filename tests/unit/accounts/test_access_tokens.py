"""Access tokens."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.types import Options

from app.accounts.access_tokens import (
    LIFETIME,
    AccessClaims,
    AccessKeys,
    issue_access_token,
    jwks,
    read_access_token,
)
from app.accounts.sign_in_errors import AccessTokenRefused
from app.core.compact_jws import key_id_of
from app.core.principals import Role
from app.core.signing import Ed25519Signer

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
KEYS = AccessKeys("https://x.example", "counterfoil", Ed25519Signer.from_seed("s", b"\x01" * 32))
CLAIMS = AccessClaims(
    person_id="psn_1",
    organisation_id="org_1",
    session_id="ses_1",
    token_version=3,
    roles=frozenset({Role.OWNER, Role.BUYER}),
    has_second_factor=True,
)


def token(claims=CLAIMS, keys=KEYS, now=NOW):
    return issue_access_token(keys, claims, now=now)


def forge(header_changes=(), claim_changes=(), drop=()):
    """A token with our signature and other contents, as no code of ours makes it."""
    head, body, _ = token().split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "==")) | dict(header_changes)
    payload = json.loads(base64.urlsafe_b64decode(body + "==")) | dict(claim_changes)
    for name in drop:
        del payload[name]
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in (header, payload)
    ]
    signature = KEYS.signer.sign(".".join(parts).encode())
    return ".".join([*parts, base64.urlsafe_b64encode(signature).decode().rstrip("=")])


def test_a_token_says_who_in_which_session_with_which_proofs():
    assert read_access_token(KEYS, token(), now=NOW) == CLAIMS


def test_a_session_without_second_factor_says_so():
    claims = replace(CLAIMS, has_second_factor=False)
    assert read_access_token(KEYS, token(claims), now=NOW) == claims


def test_a_token_is_good_for_ten_minutes():
    text = token()
    assert read_access_token(KEYS, text, now=NOW + LIFETIME - timedelta(seconds=1)) == CLAIMS
    with pytest.raises(AccessTokenRefused):
        read_access_token(KEYS, text, now=NOW + LIFETIME)


def test_anybody_can_check_a_token_with_the_published_keys():
    text = token()
    key = jwt.PyJWK(jwks(KEYS)["keys"][0])
    options: Options = {"verify_exp": False, "verify_iat": False}
    decoded = jwt.decode(text, key, algorithms=["EdDSA"], audience="counterfoil", options=options)
    assert decoded["amr"] == ["pwd", "otp"]
    assert jwt.get_unverified_header(text)["kid"] == key.key_id


def test_the_key_id_is_the_thumbprint_of_rfc_8037():
    # RFC 8037, appendix A.2 and A.3.
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    public_key = base64.urlsafe_b64decode(x + "=")
    assert key_id_of(public_key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_token_of_a_retired_key_is_still_accepted():
    new = AccessKeys(
        KEYS.issuer,
        KEYS.audience,
        Ed25519Signer.from_seed("s", b"\x02" * 32),
        retired=(KEYS.signer.public_key,),
    )
    assert read_access_token(new, token(), now=NOW) == CLAIMS
    assert len(jwks(new)["keys"]) == 2


def test_a_token_of_an_unknown_key_is_refused():
    other = AccessKeys(KEYS.issuer, KEYS.audience, Ed25519Signer.from_seed("s", b"\x02" * 32))
    with pytest.raises(AccessTokenRefused):
        read_access_token(KEYS, token(keys=other), now=NOW)


def test_a_stolen_key_id_does_not_help_another_key():
    other = Ed25519Signer.from_seed("s", b"\x02" * 32)
    head, body, _ = token().split(".")
    signature = base64.urlsafe_b64encode(other.sign(f"{head}.{body}".encode())).decode()
    with pytest.raises(AccessTokenRefused):
        read_access_token(KEYS, f"{head}.{body}.{signature.rstrip('=')}", now=NOW)


def test_the_forger_of_these_tests_can_make_a_good_token():
    assert read_access_token(KEYS, forge(), now=NOW) == CLAIMS


@pytest.mark.parametrize(
    "changes",
    [
        {"header_changes": {"typ": "JWT"}},
        {"header_changes": {"alg": "none"}},
        {"header_changes": {"alg": "HS256"}},
        {"header_changes": {"kid": "unknown"}},
        {"header_changes": {"kid": ["a"]}},
        {"header_changes": {"crit": ["b64"], "b64": False}},
        {"claim_changes": {"iss": "https://other.example"}},
        {"claim_changes": {"aud": "other"}},
        {"claim_changes": {"exp": "soon"}},
        {"claim_changes": {"exp": 1e400}},
        {"claim_changes": {"exp": 10**30}},
        {"claim_changes": {"roles": ["emperor"]}},
        {"claim_changes": {"roles": 7}},
        {"claim_changes": {"amr": None}},
        {"claim_changes": {"ver": None}},
        {"drop": ("sid",)},
        {"drop": ("exp",)},
        {"drop": ("aud",)},
    ],
)
def test_a_token_with_anything_wrong_is_refused(changes):
    with pytest.raises(AccessTokenRefused):
        read_access_token(KEYS, forge(**changes), now=NOW)


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "..", "é.é.é", "x" * 5000, "\x00"])
def test_what_is_no_token_is_refused(text):
    with pytest.raises(AccessTokenRefused):
        read_access_token(KEYS, text, now=NOW)


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused():
    secret = KEYS.signer.public_key
    Ed25519PublicKey.from_public_bytes(secret)
    header = {"kid": key_id_of(secret), "typ": "at+jwt"}
    body = json.loads(base64.urlsafe_b64decode(token().split(".")[1] + "=="))
    text = jwt.encode(body, secret, algorithm="HS256", headers=header)
    with pytest.raises(AccessTokenRefused):
        read_access_token(KEYS, text, now=NOW)
