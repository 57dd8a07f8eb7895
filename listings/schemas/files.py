"""The files of a data package, as a supplier declares them."""

from marshmallow import fields, validate

from app.core.delivery import FILE_BYTES_MAX
from app.web.schemas import Integer, Schema
from listings.schemas.terms import Sha256

FILES_MAX = 100
_ROWS_MAX = 10**12


def _word(characters_max: int, *, required: bool = False) -> fields.String:
    pattern = rf"\A[A-Za-z0-9][A-Za-z0-9._-]{{0,{characters_max - 1}}}\Z"
    words = "Letters, digits, dot, hyphen and underscore of ASCII; a letter or digit first."
    return fields.String(required=required, validate=validate.Regexp(pattern, error=words))


class PackageFileSchema(Schema):
    """A file that the supplier's system serves under its name."""

    name = _word(128, required=True)
    media_type = fields.String(
        validate=validate.Regexp(
            r"\A[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}\Z", error="A media type without parameters."
        )
    )
    size_bytes = Integer(min=1, max=FILE_BYTES_MAX, required=True)
    sha256 = Sha256(required=True)
    rows_count = Integer(min=0, max=_ROWS_MAX)
    part = _word(64)
