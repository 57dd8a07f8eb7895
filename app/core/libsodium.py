"""libsodium's Ed25519 signature (RFC 8032), out of the library that PyNaCl brings along.

PyNaCl's own call gives up the interpreter's lock. On the metered path that is 17 µs in which
another thread takes it, and the switching costs half of that again
(docs/decisions/0032-who-gives-up-the-interpreters-lock.md).
"""

import ctypes
from importlib.util import find_spec

SIGNATURE_BYTES = 64
SECRET_BYTES = 64
"""A seed and its public key."""


def _library() -> ctypes.PyDLL:
    found = find_spec("nacl._sodium")
    if found is None or found.origin is None:
        msg = "PyNaCl comes without libsodium"
        raise ImportError(msg)
    return ctypes.PyDLL(found.origin)


_Signature = ctypes.c_char * SIGNATURE_BYTES
_sign = _library().crypto_sign_detached
_sign.argtypes = (
    _Signature,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_ulonglong,
    ctypes.c_char_p,
)
_sign.restype = ctypes.c_int


def sign_detached(message: bytes, secret: bytes) -> bytes:
    """The 64-byte signature under a secret of `SECRET_BYTES`; raises ValueError for another."""
    if len(secret) != SECRET_BYTES:
        msg = "a secret is a seed and its public key, 64 bytes"
        raise ValueError(msg)
    signature = _Signature()
    if _sign(signature, None, message, len(message), secret):
        msg = "libsodium did not sign"
        raise RuntimeError(msg)
    return signature.raw
