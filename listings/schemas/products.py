"""Data products and versions as their supplier sees them."""

from marshmallow import fields, validate

from app.web.paging import PeriodQuerySchema
from app.web.schemas import Schema, Text, Timestamp
from listings.schemas.content import VersionContentSchema
from listings.schemas.plans import PlanTermsSchema
from listings.schemas.terms import Code
from listings.versions.life_cycle import CATALOGUE, STATES


class RegisterProductSchema(Schema):
    """A data product by its working name."""

    name = Text(max=30, required=True)


class SubmitVersionSchema(Schema):
    """What the supplier wants: registered, and by default listed too."""

    is_for_listing = fields.Boolean(load_default=True, truthy={True}, falsy={False})


class ProductQuerySchema(PeriodQuerySchema):
    """Which of one's products: ``q`` stands in the name; the period is that of entry.

    ``state`` is that of any of its versions: what is on sale and has a draft is found as both.
    """

    q = Text(max=100, load_default=None)
    listing_code = Text(max=30, load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf(STATES))


class ProductSchema(Schema):
    """A data product; the listing code comes with the first submission."""

    id = fields.String()
    supplier_id = fields.String()
    name = fields.String()
    listing_code = fields.String(allow_none=True)
    registered_at = Timestamp()


class VersionSummarySchema(Schema):
    """Where a version stands."""

    id = fields.String()
    version_number = fields.Integer()
    state = fields.String(validate=validate.OneOf(STATES))
    dossier_hash = fields.String(allow_none=True)
    created_at = Timestamp()
    submitted_at = Timestamp(allow_none=True)
    decided_at = Timestamp(attribute="moved_at", allow_none=True)


class OwnRegistrationSchema(Schema):
    """The public registry's entry of a version."""

    id = fields.String(attribute="registration_id")
    version_number = fields.Integer()
    state = Code("registry_states")
    record_hash = fields.String()
    registered_at = Timestamp()


class ProductDetailSchema(ProductSchema):
    """A data product with its versions and the state of its listing."""

    listing_state = fields.String(validate=validate.OneOf(sorted(CATALOGUE)), allow_none=True)
    registrations = fields.List(fields.Nested(OwnRegistrationSchema))
    origin = fields.Dict(allow_none=True)
    versions = fields.List(fields.Nested(VersionSummarySchema))


class VersionPlanSchema(Schema):
    """A plan with the hash over its terms."""

    id = fields.String()
    plan_hash = fields.String()
    terms = fields.Nested(PlanTermsSchema)


class VersionOfferSchema(Schema):
    """A named set of plans."""

    id = fields.String()
    name = fields.String()
    plans = fields.List(fields.Nested(VersionPlanSchema))


class VersionSchema(VersionSummarySchema):
    """A version; of the upstream's credential only that there is one."""

    product_id = fields.String()
    listing_code = fields.String(allow_none=True)
    content = fields.Nested(VersionContentSchema)
    has_credential = fields.Boolean()
    offers = fields.List(fields.Nested(VersionOfferSchema))
    edited_at = Timestamp()
