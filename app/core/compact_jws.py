"""Compact JSON Web Signatures over Ed25519 (RFC 7515, 8037): made and read in a few microseconds.

No library, because a token is read on every metered call that needs one, and because less is
accepted this way: one algorithm, one type, one spelling of the header.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from app.core.canonical import canonical_bytes, sha256_hex
from app.core.signing import Signer

LENGTH_MAX = 2_048
ALGORITHM = "EdDSA"
_PARTS = 3
_SIGNATURE_BYTES = 64


class NotASignedToken(ValueError):
    """The text is not a token of this type under one of the keys; which part of it, is not told."""


def base64url(data: bytes) -> str:
    """Without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes_of(text: str) -> bytes:
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(data) != text:
        # One token, one text: what is recorded by its hash must not have a second spelling.
        raise NotASignedToken
    return data


def jwk_of(public_key: bytes) -> dict[str, str]:
    """The public key as a JSON Web Key with its thumbprint for an id (RFC 7638, 8037)."""
    essential = {"crv": "Ed25519", "kty": "OKP", "x": base64url(public_key)}
    return essential | {"kid": key_id_of(public_key), "use": "sig", "alg": ALGORITHM}


def key_id_of(public_key: bytes) -> str:
    """The key's JWK thumbprint (RFC 7638)."""
    essential = {"crv": "Ed25519", "kty": "OKP", "x": base64url(public_key)}
    return base64url(bytes.fromhex(sha256_hex(canonical_bytes(essential))))


def _header(kind: str, public_key: bytes) -> str:
    header = {"alg": ALGORITHM, "kid": key_id_of(public_key), "typ": kind}
    return base64url(canonical_bytes(header))


def sign_token(signer: Signer, kind: str, claims: Mapping[str, Any]) -> str:
    """The token of these claims; the same claims give the same text."""
    body = f"{_header(kind, signer.public_key)}.{base64url(canonical_bytes(dict(claims)))}"
    return f"{body}.{base64url(signer.sign(body.encode()))}"


class TokenReader:
    """Reads tokens of one type under known public keys."""

    def __init__(self, kind: str, public_keys: tuple[bytes, ...]) -> None:
        self._keys = {_header(kind, key): key for key in public_keys}

    def read(self, token: str) -> dict[str, Any]:
        """The claims; raises `NotASignedToken`."""
        parts = token.split(".") if len(token) <= LENGTH_MAX and token.isascii() else []
        if len(parts) != _PARTS:
            raise NotASignedToken
        header, payload, signature = parts
        # The header is compared as text: there is nothing in it that a token may choose.
        key = self._keys.get(header)
        if key is None:
            raise NotASignedToken
        try:
            signed = _bytes_of(signature)
            if len(signed) != _SIGNATURE_BYTES:
                raise NotASignedToken
            crypto_sign_open(signed + f"{header}.{payload}".encode(), key)
            claims = json.loads(_bytes_of(payload))
        except (ValueError, BadSignatureError):
            raise NotASignedToken from None
        if not isinstance(claims, dict):
            raise NotASignedToken
        return claims
