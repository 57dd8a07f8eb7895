"""Orders and agreements."""

from marshmallow import fields, validate

from app.web.paging import PeriodQuerySchema, side_field
from app.web.schemas import AmountText, Identifier, Schema, Text, Timestamp
from listings.offers.order_states import STATES


class DueSchema(Schema):
    """What the order itself costs: the price of a package or a year, otherwise nothing yet."""

    amount = AmountText(attribute="units")
    currency = fields.String()


class OrderWarningSchema(Schema):
    """``ends-with-scenario``: paid until a day on which the scenario's approval has ended."""

    code = fields.String()
    paid_until = Timestamp()
    usable_until = Timestamp()


class PlaceOrderSchema(Schema):
    """A plan of a listing, accepted for an approved scenario."""

    listing_code = Text(max=30, required=True)
    plan_id = Identifier(required=True)
    scenario_id = Identifier(required=True)
    accept_terms = fields.Boolean(required=True, truthy={True}, falsy={False})


class OrderQuerySchema(PeriodQuerySchema):
    """Which of one's orders; the period is that of placing."""

    side = side_field()
    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    listing_code = Text(max=30, load_default=None)
    buyer_id = Identifier(load_default=None)
    supplier_id = Identifier(load_default=None)
    licence_id = Identifier(load_default=None)
    scenario_id = Identifier(load_default=None)


class OrderSchema(Schema):
    """An order; the licence is there as soon as it is active."""

    id = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    buyer_id = fields.String()
    supplier_id = fields.String()
    listing_code = fields.String()
    version_id = fields.String()
    plan_id = fields.String()
    custom_offer_id = fields.String(allow_none=True)
    scenario_id = fields.String()
    agreement_id = fields.String()
    agreement_hash = fields.String(attribute="agreement.agreement_hash")
    licence_id = fields.String(allow_none=True)
    due = fields.Nested(DueSchema)
    warnings = fields.List(fields.Nested(OrderWarningSchema))
    starts_at = Timestamp()
    ends_at = Timestamp()
    placed_at = Timestamp()
    activated_at = Timestamp(allow_none=True)


class AgreementQuerySchema(PeriodQuerySchema):
    """Which of one's agreements; the period is that of agreeing."""

    side = side_field()
    listing_code = Text(max=30, load_default=None)
    buyer_id = Identifier(load_default=None)
    supplier_id = Identifier(load_default=None)


class AgreementSummarySchema(Schema):
    """An agreement in a list."""

    id = fields.String()
    buyer_id = fields.String()
    supplier_id = fields.String()
    listing_code = fields.String()
    agreement_hash = fields.String()
    agreed_at = Timestamp()


class AgreementSchema(AgreementSummarySchema):
    """The accepted terms; the hash is over their canonical JSON."""

    terms = fields.Dict()
