"""Addresses of checkouts: unguessable, stored nowhere, and the same whenever they are asked for."""

import hmac

from app.core.cipher import Cipher


class KeyedCheckoutTokens:
    """Tokens by the exchange's own key; one for another subject, or made up, is none."""

    def __init__(self, cipher: Cipher, public_url: str) -> None:
        self._cipher = cipher
        self._public_url = public_url.rstrip("/")

    def address(self, subject_id: str) -> str:
        """Where a payer goes to pay for the subject."""
        return f"{self._public_url}/v1/checkouts/{subject_id}/{self._token(subject_id)}"

    def is_of(self, subject_id: str, token: str) -> bool:
        """Whether the token belongs to the subject, compared in constant time."""
        return hmac.compare_digest(self._token(subject_id).encode(), token.encode())

    def _token(self, subject_id: str) -> str:
        return self._cipher.fingerprint(f"checkout:{subject_id}".encode())
