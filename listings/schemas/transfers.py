"""Transfers of registrations from one supplier to another."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import Identifier, Schema, Text, Timestamp
from listings.registry.transfer_states import STATES
from listings.schemas.registry import REASON_MAX

_GROUNDS_MAX = 2_000


def _deed_hash() -> fields.String:
    return fields.String(
        required=True,
        validate=validate.Regexp(r"\A[0-9a-f]{64}\Z", error="64 lower-case hexadecimal digits."),
    )


class ProposeTransferSchema(Schema):
    """To whom a registration goes, why, and by which document."""

    transferee_id = Identifier(required=True)
    grounds = Text(max=_GROUNDS_MAX, required=True, validate=validate.Length(min=3))
    deed_hash = _deed_hash()


class AcceptTransferSchema(Schema):
    """The deed that the transferee has signed."""

    deed_hash = _deed_hash()


class EndTransferSchema(Schema):
    """Why one steps back."""

    reason = Text(max=REASON_MAX, required=True, validate=validate.Length(min=3))


class TransferQuerySchema(PageQuerySchema):
    """Which transfers."""

    side = fields.String(load_default=None, validate=validate.OneOf(("supplier", "transferee")))
    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    registration_id = Identifier(load_default=None)


class PurposeConsentsSchema(Schema):
    """Standing consents for one purpose; whom they name is the former holder's to know."""

    purpose = fields.String()
    standing_count = fields.Integer()
    last_expires_at = fields.String(metadata={"format": "date-time"})


class ConsentsLeftSchema(Schema):
    """Consents for the holder's product: none of them goes over to the successor."""

    counted_at = fields.String(metadata={"format": "date-time"})
    standing_count = fields.Integer()
    by_purpose = fields.List(fields.Nested(PurposeConsentsSchema))


class TransferSchema(Schema):
    """A transfer as both sides and the exchange see it."""

    id = fields.String()
    registration_id = fields.String()
    supplier_id = fields.String()
    transferee_id = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    grounds = fields.String()
    deed_hash = fields.String()
    proposed_at = Timestamp()
    accepted_at = Timestamp(allow_none=True)
    successor_product_id = fields.String(allow_none=True)
    successor_id = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    consents_left = fields.Nested(
        ConsentsLeftSchema,
        allow_none=True,
    )
    changed_at = Timestamp()
