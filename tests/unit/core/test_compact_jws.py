"""Compact signatures: PyJWT reads ours, we read PyJWT's, and nothing else is a token."""

import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.core.compact_jws import (
    LENGTH_MAX,
    NotASignedToken,
    TokenReader,
    base64url,
    jwk_of,
    key_id_of,
    sign_token,
)
from app.core.pseudonyms import is_pseudonym, pseudonym_of
from app.core.signing import Ed25519Signer

SEED = b"c" * 32
SIGNER = Ed25519Signer.from_seed("consents", SEED)
CLAIMS = {"jti": "con_1", "sub": "a" * 64, "exp": 1_800_000_000}
KIND = "consent+jwt"
READER = TokenReader(KIND, (SIGNER.public_key,))


def test_an_independent_library_reads_our_token():
    token = sign_token(SIGNER, KIND, CLAIMS)
    key = jwt.PyJWK(jwk_of(SIGNER.public_key))
    assert jwt.decode(token, key, algorithms=["EdDSA"], options={"verify_exp": False}) == CLAIMS
    assert jwt.get_unverified_header(token) == {
        "alg": "EdDSA",
        "kid": key_id_of(SIGNER.public_key),
        "typ": KIND,
    }


def test_a_token_survives_its_reading():
    assert READER.read(sign_token(SIGNER, KIND, CLAIMS)) == CLAIMS


def test_the_same_claims_give_the_same_text():
    assert sign_token(SIGNER, KIND, CLAIMS) == sign_token(SIGNER, KIND, dict(CLAIMS))


def test_every_changed_character_is_noticed():
    token = sign_token(SIGNER, KIND, CLAIMS)
    for place, character in enumerate(token):
        other = "A" if character != "A" else "B"
        with pytest.raises(NotASignedToken):
            READER.read(token[:place] + other + token[place + 1 :])


def unsigned(header, claims=CLAIMS):
    return f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(claims).encode())}."


@pytest.mark.parametrize(
    "token",
    [
        "",
        "..",
        "a.b",
        "a.b.c.d",
        "é.b.c",
        "x" * (LENGTH_MAX + 1),
        unsigned({"alg": "none", "typ": KIND}),
        sign_token(SIGNER, "at+jwt", CLAIMS),
        sign_token(Ed25519Signer.generate("consents"), KIND, CLAIMS),
    ],
)
def test_what_is_no_token_of_ours_is_refused(token):
    with pytest.raises(NotASignedToken):
        READER.read(token)


def test_claims_are_an_object():
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    header = {"alg": "EdDSA", "kid": key_id_of(SIGNER.public_key), "typ": KIND}
    text = f"{base64url(json.dumps(header, separators=(',', ':')).encode())}.{base64url(b'[]')}"
    token = f"{text}.{base64url(key.sign(text.encode()))}"
    with pytest.raises(NotASignedToken):
        READER.read(token)


def test_a_signature_has_one_spelling():
    """Base 64 leaves unused bits in the last character; another spelling is another hash."""
    token = sign_token(SIGNER, KIND, CLAIMS)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spelled = alphabet[alphabet.index(token[-1]) ^ 1]
    with pytest.raises(NotASignedToken):
        READER.read(token[:-1] + spelled)


def test_the_signature_is_ed25519s():
    body, _, signature = sign_token(SIGNER, KIND, CLAIMS).rpartition(".")
    raw = jwt.utils.base64url_decode(signature)
    Ed25519PublicKey.from_public_bytes(SIGNER.public_key).verify(raw, body.encode())


def test_one_person_has_one_pseudonym_however_the_number_is_typed():
    key = bytes(range(32))
    spellings = [
        "SUBJECT-0042X",
        "subject-0042x",
        " SUBJECT -00 42x\n",
        "SUBJECT-\uff10\uff10\uff14\uff12x",
    ]
    assert len({pseudonym_of(key, each) for each in spellings}) == 1
    assert pseudonym_of(key, spellings[0]) != pseudonym_of(b"o" * 32, spellings[0])


def test_the_recipe_of_a_pseudonym_is_the_documented_one():
    """RFC 2104 over SHA-256 of the normal spelling, nothing else."""
    expected = hmac.digest(bytes(32), b"SUBJECT-0042X", "sha256").hex()
    assert pseudonym_of(bytes(32), "subject-0042x") == expected


@pytest.mark.parametrize("text", ["", "a" * 63, "A" * 64, "g" * 64, "a" * 65])
def test_a_pseudonym_is_64_hexadecimal_digits(text):
    assert is_pseudonym("0a" * 32)
    assert not is_pseudonym(text)
