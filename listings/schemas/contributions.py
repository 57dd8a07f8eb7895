"""Contributions of further suppliers, and what they get of agreements."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import Identifier, Schema, Text, Timestamp
from listings.offers.contribution_terms import STATES
from listings.schemas.custom_offers import REASON_MAX


class AgreeSchema(Schema):
    """The terms that were read, by their hash."""

    terms_hash = fields.String(
        required=True, validate=validate.Regexp(r"\A[0-9a-f]{64}\Z", error="64 hex digits.")
    )


class DeclineContributionSchema(AgreeSchema):
    """The terms that were read, and why not."""

    reason = Text(max=REASON_MAX)


class ContributionQuerySchema(PageQuerySchema):
    """Which of one's contributions."""

    side = fields.String(load_default=None, validate=validate.OneOf(("supplier", "contributor")))
    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    version_id = Identifier(load_default=None)


class ContributionSchema(Schema):
    """A contribution as both sides see it; the hash is over the canonical JSON of the terms."""

    id = fields.String()
    version_id = fields.String()
    supplier_id = fields.String()
    contributor_id = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    terms = fields.Dict()
    terms_hash = fields.String()
    asked_at = Timestamp()
    decided_at = Timestamp(allow_none=True)
    decline_reason = fields.String(allow_none=True)


class AgreementShareQuerySchema(PageQuerySchema):
    """Which of one's shares."""

    listing_code = Text(max=30, load_default=None)


class AgreementShareSchema(Schema):
    """What one gets of every amount under an agreement, in basis points of the whole."""

    agreement_id = fields.String()
    agreement_hash = fields.String()
    supplier_id = fields.String()
    listing_code = fields.String()
    version_id = fields.String()
    split_bp = fields.Integer()
    agreed_at = Timestamp()
