"""What this room refuses, each named as the fact it states."""

from collections.abc import Sequence

from app.core.errors import CounterfoilError, ErrorKind


class DocumentNotFound(CounterfoilError):
    """There is no such document for this principal."""

    kind = ErrorKind.NOT_FOUND
    slug = "document-not-found"
    title = "There is no such document"

    def __init__(self, document_hash: str) -> None:
        super().__init__("Nobody has sent this document.", document_hash=document_hash)


class DocumentDiffers(CounterfoilError):
    """The bytes are not those that the address names."""

    kind = ErrorKind.INVALID
    slug = "document-differs"
    title = "The document is not the one that the address names"

    def __init__(self, document_hash: str, sent_hash: str) -> None:
        super().__init__(
            "The address ends in the SHA-256 of the document, in lower-case hexadecimal.",
            document_hash=document_hash,
            sent_hash=sent_hash,
        )


class DocumentTypeRefused(CounterfoilError):
    """The document is of no format that is kept, or not of the one that it says."""

    kind = ErrorKind.INVALID
    slug = "document-type-refused"
    title = "The document is not of a type that is kept"

    def __init__(self, media_type: str, allowed: Sequence[str]) -> None:
        super().__init__(
            "Content-Type is one of the allowed types, and the document begins as that type does.",
            media_type=media_type,
            allowed=list(allowed),
        )


class DocumentsFull(CounterfoilError):
    """The organisation's documents would be more than it may keep."""

    kind = ErrorKind.CONFLICT
    slug = "documents-full"
    title = "Your documents take all the room that there is for them"

    def __init__(self, *, kept_bytes: int, allowed_bytes: int) -> None:
        super().__init__(
            "Delete what nobody else has opened yet and nobody needs, or send a smaller one.",
            kept_bytes=kept_bytes,
            allowed_bytes=allowed_bytes,
        )


class DocumentOpened(CounterfoilError):
    """The exchange or a licence's other party has read it, so something may rest on it."""

    kind = ErrorKind.CONFLICT
    slug = "document-opened"
    title = "The document was opened and stays"

    def __init__(self, document_hash: str) -> None:
        super().__init__(
            "Others have read it, so a decision may rest on it.", document_hash=document_hash
        )
