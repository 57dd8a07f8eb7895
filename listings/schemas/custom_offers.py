"""Custom offers between a supplier and one buyer."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema, side_field
from app.web.schemas import Identifier, Schema, Text, Timestamp
from listings.offers.custom_offer_states import STATES
from listings.schemas.catalogue import PricedPlanSchema
from listings.schemas.plans import DraftPlanSchema

MESSAGE_MAX = 1_000
REASON_MAX = 500


class ProposeCustomOfferSchema(Schema):
    """A plan for one's own listing, to one buyer, until an instant."""

    listing_code = Text(max=30, required=True)
    buyer_id = Identifier(required=True)
    plan = fields.Nested(DraftPlanSchema, required=True)
    valid_until = Timestamp(required=True)
    message = Text(max=MESSAGE_MAX, required=True)


class AcceptCustomOfferSchema(Schema):
    """The proposed plan, accepted for an approved scenario."""

    scenario_id = Identifier(required=True)
    accept_terms = fields.Boolean(required=True, truthy={True}, falsy={False})


class DeclineSchema(Schema):
    """Why not; the other side reads it."""

    reason = Text(max=REASON_MAX)


class CustomOfferQuerySchema(PageQuerySchema):
    """Which of one's custom offers."""

    side = side_field()
    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    listing_code = Text(max=30, load_default=None)
    demand_id = Identifier(load_default=None)


class CustomOfferSchema(Schema):
    """A custom offer as both parties see it; EXPIRED once its time is over."""

    id = fields.String()
    supplier_id = fields.String()
    buyer_id = fields.String()
    listing_code = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    plan = fields.Nested(PricedPlanSchema)
    message = fields.String(allow_none=True)
    valid_until = Timestamp()
    proposed_at = Timestamp()
    decided_at = Timestamp(allow_none=True)
    decline_reason = fields.String(allow_none=True)
    order_id = fields.String(allow_none=True)
    demand_id = fields.String(allow_none=True)
