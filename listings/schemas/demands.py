"""Demands: what a buyer looks for, and a supplier's answer."""

from marshmallow import fields, validate

from app.core.money import HOME_CURRENCY
from app.web.paging import PeriodQuerySchema
from app.web.schemas import AmountText, Currency, Integer, Schema, Text, Timestamp
from listings.offers.demand_states import NEWEST, OPEN, SORTS, STATES
from listings.schemas.custom_offers import MESSAGE_MAX
from listings.schemas.labels import LabelledSchema
from listings.schemas.plans import DraftPlanSchema
from listings.schemas.terms import Code, Codes, Regions

FIELDS_MAX = 50


class DemandedFieldSchema(Schema):
    """A field that the data should have."""

    name = Text(max=63, required=True)
    description = Text(max=200, min=0, load_default="")


class PostDemandSchema(Schema):
    """What is looked for; shown to everybody who is signed in, without the buyer's name."""

    title = Text(max=60, required=True)
    description = Text(max=4_000, required=True)
    needed_fields = fields.List(
        fields.Nested(DemandedFieldSchema),
        load_default=list,
        data_key="fields",
        attribute="fields",
        validate=validate.Length(max=FIELDS_MAX),
    )
    topic = Code("topics", required=True)
    sectors = Codes("sectors", max=3, required=True)
    regions = Regions(load_default=list)
    update_frequency = Code("update_frequencies", load_default=None, allow_none=True)
    delivery_mode = Code("delivery_modes", load_default=None, allow_none=True)
    unit = Code("units", load_default=None, allow_none=True)
    units_a_month = Integer(min=1, load_default=None, allow_none=True)
    purpose = Code("purposes", required=True)
    intended_use = Text(max=1_000, required=True)
    budget_min_amount = AmountText(load_default=None, allow_none=True)
    budget_max_amount = AmountText(load_default=None, allow_none=True)
    currency = Currency(load_default=HOME_CURRENCY)
    closes_at = Timestamp(required=True)


class ExtendDemandSchema(Schema):
    """Until when offers are taken instead."""

    closes_at = Timestamp(required=True)


class AnswerDemandSchema(Schema):
    """A plan for one's own listing, to whoever posted the demand."""

    listing_code = Text(max=30, required=True)
    plan = fields.Nested(DraftPlanSchema, required=True)
    valid_until = Timestamp(required=True)
    message = Text(max=MESSAGE_MAX, required=True)


class DemandQuerySchema(PeriodQuerySchema):
    """Which demands, by what is looked for and until when offers are taken."""

    q = Text(max=100, min=0, load_default="")
    state = fields.String(load_default=OPEN, validate=validate.OneOf(STATES))
    topic = Code("topics", load_default=None)
    sector = Code("sectors", load_default=None)
    currency = Currency(load_default=None)
    is_mine = fields.Boolean(load_default=None)
    sort = fields.String(load_default=NEWEST, validate=validate.OneOf(SORTS))


class DemandSchema(Schema):
    """A demand; whose it is, is said to nobody but its buyer."""

    id = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    is_mine = fields.Boolean()
    title = fields.String()
    description = fields.String()
    needed_fields = fields.List(
        fields.Nested(DemandedFieldSchema), data_key="fields", attribute="fields"
    )
    topic = fields.Nested(LabelledSchema)
    sectors = fields.List(fields.Nested(LabelledSchema))
    regions = fields.List(fields.String())
    update_frequency = fields.Nested(LabelledSchema, allow_none=True)
    delivery_mode = fields.Nested(LabelledSchema, allow_none=True)
    unit = fields.Nested(LabelledSchema, allow_none=True)
    units_a_month = fields.Integer(allow_none=True)
    purpose = fields.Nested(LabelledSchema)
    intended_use = fields.String()
    budget_min_amount = AmountText(allow_none=True)
    budget_max_amount = AmountText(allow_none=True)
    currency = fields.String()
    closes_at = Timestamp()
    posted_at = Timestamp()
    edited_at = Timestamp(allow_none=True)
    closed_at = Timestamp(allow_none=True)
