"""What a document may be: a few formats that show pages, told by their first bytes."""

from typing import NamedTuple

from app.documents.errors import DocumentTypeRefused


class Kind(NamedTuple):
    """A format: its media type, how a file's name ends, and what its bytes begin with."""

    media_type: str
    ending: str
    begins: bytes


KINDS = (
    Kind("application/pdf", "pdf", b"%PDF-"),
    Kind("image/jpeg", "jpg", b"\xff\xd8\xff"),
    Kind("image/png", "png", b"\x89PNG\r\n\x1a\n"),
    # GB/T 33190: the pages of a Chinese office, in a ZIP archive.
    Kind("application/ofd", "ofd", b"PK\x03\x04"),
)
MEDIA_TYPES = tuple(kind.media_type for kind in KINDS)
_BY_TYPE = {kind.media_type: kind for kind in KINDS}


def kind_of(media_type: str) -> Kind:
    """The format of a media type (one of `MEDIA_TYPES`)."""
    return _BY_TYPE[media_type]


def check_kind(media_type: str, content: bytes) -> None:
    """Raise `DocumentTypeRefused` unless the type is allowed and the bytes begin as it does."""
    kind = _BY_TYPE.get(media_type)
    if kind is None or not content.startswith(kind.begins):
        raise DocumentTypeRefused(media_type, MEDIA_TYPES)
