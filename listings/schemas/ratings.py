"""Ratings: what a buyer gives a listing, and what all of them come to."""

from marshmallow import fields, validate

from app.web.schemas import Schema, Timestamp
from listings.catalogue.rating_means import STARS_MAX


class RateListingSchema(Schema):
    """How many stars."""

    stars = fields.Integer(required=True, strict=True, validate=validate.Range(1, STARS_MAX))


class RatingSchema(Schema):
    """One organisation's own rating."""

    listing_code = fields.String()
    stars = fields.Integer()
    rated_at = Timestamp()


class RatingSumSchema(Schema):
    """What all ratings of a listing come to; no mean where nobody has rated it."""

    count = fields.Integer()
    mean = fields.String(allow_none=True)
