"""For what a call is refused where its licence asks for its buyer's signature."""

from app.core.errors import CounterfoilError, ErrorKind

HELP = (
    "Sign each request with Ed25519 (RFC 9421): cover @method, @path and @query, for a POST"
    " content-digest, with created, nonce, keyid (the registered key) and tag (counterfoil: and"
    " the licence)."
)


class CallSignatureMissing(CounterfoilError):
    """The licence asks for signed requests, and this one is not."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "call-signature-missing"
    title = "The licence asks for the buyer's signature"

    def __init__(self) -> None:
        super().__init__(HELP)


class CallSignatureInvalid(CounterfoilError):
    """The signature cannot be read, is not of now, covers too little, or is false."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "call-signature-invalid"
    title = "The request's signature is not valid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} {HELP}")


class CallSignatureReplayed(CounterfoilError):
    """The same signed request was charged before."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "call-signature-replayed"
    title = "The signed request was used before"

    def __init__(self) -> None:
        super().__init__("Nothing was charged. Sign each request anew, with a nonce of its own.")


class CallSignatureKeyUnknown(CounterfoilError):
    """The signature names a key that is not, or no more, one of the buyer's."""

    kind = ErrorKind.FORBIDDEN
    slug = "call-signature-key-unknown"
    title = "The signing key is not the buyer's"

    def __init__(self) -> None:
        super().__init__("Register the key first; keyid is its verification key, whole.")


class SignedRequestNotFound(CounterfoilError):
    """No signed request is kept of this call."""

    kind = ErrorKind.NOT_FOUND
    slug = "signed-request-not-found"
    title = "No signed request is kept of this call"

    def __init__(self) -> None:
        super().__init__("There is no such call of yours, it was not signed, or it was erased.")
