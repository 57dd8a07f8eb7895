"""Shapes of licences."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema, side_field
from app.web.schemas import Identifier, Schema, Timestamp
from compliance.review.listing_machine import LICENCE_REVOCATIONS
from compliance.review.scenario_machine import LicenceState
from compliance.schemas.reviews import one_of


class RevokeLicenceSchema(Schema):
    """Why the licence ends before its term."""

    reason_code = fields.String(required=True, validate=one_of(LICENCE_REVOCATIONS))


class LicenceSchema(Schema):
    """A licence: whole terms, and which half of them the exchange enforces."""

    id = fields.String()
    order_id = fields.String()
    agreement_id = fields.String()
    agreement_hash = fields.String()
    buyer_id = fields.String()
    supplier_id = fields.String()
    listing_code = fields.String()
    version_id = fields.String()
    dossier_hash = fields.String()
    scenario_id = fields.String()
    terms = fields.Dict(keys=fields.String())
    terms_hash = fields.String()
    enforced = fields.Dict(keys=fields.String())
    promised = fields.Dict(keys=fields.String())
    enforcement_reasons = fields.Dict(keys=fields.String(), values=fields.String())
    plan_id = fields.String()
    plan_hash = fields.String()
    plan_terms = fields.Dict(keys=fields.String())
    currency = fields.String()
    starts_at = Timestamp()
    ends_at = Timestamp()
    state = fields.String(validate=one_of(LicenceState))
    issued_at = Timestamp()
    ended_at = Timestamp(allow_none=True)
    reason_code = fields.String(allow_none=True)
    narrowings = fields.List(fields.Dict(keys=fields.String()))


class LicenceDocumentSchema(Schema):
    """Evidence behind a licence, named by the hash of its document."""

    kind = fields.String()
    title = fields.String()
    issuer = fields.String()
    valid_from = fields.String(allow_none=True)
    valid_to = fields.String(allow_none=True)
    sha256 = fields.String()
    visibility = fields.String()
    is_sent = fields.Boolean()


class LicenceDocumentsSchema(Schema):
    """What the listing shows to everybody and to the parties of a licence."""

    items = fields.List(fields.Nested(LicenceDocumentSchema))


class LicenceQuerySchema(PageQuerySchema):
    """Filters of licences."""

    side = side_field()
    state = fields.String(load_default=None, validate=one_of(LicenceState))
    listing_code = fields.String(load_default=None, validate=validate.Length(min=1, max=30))
    buyer_id = Identifier(load_default=None)
    supplier_id = Identifier(load_default=None)
