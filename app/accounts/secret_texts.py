"""The opaque secrets that a caller carries: keys and refresh tokens; only hashes are kept."""

import base64
from collections.abc import Callable

from app.core.canonical import sha256_hex
from app.core.ids import crockford

API_KEY_MARK = "cfk"
COLLECTOR_KEY_MARK = "cfc"
REFRESH_TOKEN_MARK = "cfr"  # noqa: S105 -- the mark that names the kind, no secret
RESET_MARK = "cfw"
HINT_LENGTH = 8
_HINT_BYTES = 5
_SECRET_BYTES = 32


def new_api_key(entropy: Callable[[int], bytes]) -> str:
    """A key text ``cfk_<8>_<43>``: a hint to recognise it by and 256 random bits."""
    return _new_key(API_KEY_MARK, entropy)


def new_collector_key(entropy: Callable[[int], bytes]) -> str:
    """As an API key's, ``cfc_<8>_<43>``: a leak tells at once what it opens."""
    return _new_key(COLLECTOR_KEY_MARK, entropy)


def is_collector_key(text: str) -> bool:
    """Whether the text claims to be a collector's key."""
    return text.startswith(f"{COLLECTOR_KEY_MARK}_")


def _new_key(mark: str, entropy: Callable[[int], bytes]) -> str:
    hint = crockford(int.from_bytes(entropy(_HINT_BYTES), "big"), HINT_LENGTH)
    return f"{mark}_{hint}_{_secret(entropy)}"


def new_refresh_token(entropy: Callable[[int], bytes]) -> str:
    """A refresh token ``cfr_<43>`` of 256 random bits."""
    return f"{REFRESH_TOKEN_MARK}_{_secret(entropy)}"


def new_reset_token(entropy: Callable[[int], bytes]) -> str:
    """The token ``cfw_<43>`` of 256 random bits that opens the way back in, once."""
    return f"{RESET_MARK}_{_secret(entropy)}"


def hint_of(key: str) -> str:
    """The part of a key that may be shown again."""
    return key[len(API_KEY_MARK) + 1 :][:HINT_LENGTH]


def hash_of(secret_text: str) -> str:
    """SHA-256 of the whole text; 256 random bits need no slow hash."""
    return sha256_hex(secret_text.encode())


def _secret(entropy: Callable[[int], bytes]) -> str:
    return base64.urlsafe_b64encode(entropy(_SECRET_BYTES)).decode().rstrip("=")
