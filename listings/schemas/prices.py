"""Prices of like listings, as the catalogue shows them."""

from marshmallow import fields

from app.web.schemas import AmountText, Schema
from listings.schemas.labels import LabelledSchema


class PriceBandSchema(Schema):
    """Quartiles by nearest rank: each is the price of some listing."""

    listings_count = fields.Integer()
    lowest = AmountText()
    lower_quartile = AmountText()
    median = AmountText()
    upper_quartile = AmountText()
    highest = AmountText()


class ComparisonSchema(Schema):
    """One way in which a listing is sold; ``band`` is null where fewer than three others are."""

    price_model = fields.Nested(LabelledSchema)
    unit = fields.Nested(LabelledSchema)
    currency = fields.String()
    own = AmountText()
    band = fields.Nested(PriceBandSchema, allow_none=True)


class ComparablePricesSchema(Schema):
    """For each plan kind, unit and currency of the listing."""

    items = fields.List(fields.Nested(ComparisonSchema))
