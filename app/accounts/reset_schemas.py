"""The JSON shapes of the way back in."""

from marshmallow import fields, validate

from app.accounts.schemas import REASON_MAX, new_password
from app.web.paging import PageQuerySchema, page_schema
from app.web.schemas import Identifier, Schema, Text, Timestamp


class ProposeAccessResetSchema(Schema):
    """Whose access, and how one knows that it is they who ask."""

    person_id = Identifier(required=True)
    reason = Text(required=True, max=REASON_MAX)


class AccessResetQuerySchema(PageQuerySchema):
    """Whose resets."""

    organisation_id = Identifier(load_default=None)
    person_id = Identifier(load_default=None)


class AccessResetSchema(Schema):
    """A reset: proposed, issued, used or expired."""

    id = Identifier(required=True)
    person_id = Identifier(required=True)
    organisation_id = Identifier(required=True)
    state = fields.String(
        required=True, validate=validate.OneOf(["proposed", "issued", "used", "expired"])
    )
    reason = fields.String(required=True)
    asked_by = Identifier(required=True)
    asked_at = Timestamp(required=True)
    approved_by = Identifier(required=True, allow_none=True)
    issued_at = Timestamp(required=True, allow_none=True)
    expires_at = Timestamp(required=True)
    used_at = Timestamp(required=True, allow_none=True)


class IssuedAccessResetSchema(Schema):
    """A reset and its token, which is shown this once; hand it over where you know the person."""

    access_reset = fields.Nested(AccessResetSchema, required=True)
    text = fields.String(required=True)


class UseAccessResetSchema(Schema):
    """The token that was handed over, and a new password."""

    token = Text(required=True, max=100)
    password = new_password()


AccessResetPageSchema = page_schema(AccessResetSchema)
