"""The public registry: its query, its results, a registration's page and its lineage."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import Identifier, Schema, Text, Timestamp
from listings.schemas.catalogue import ListingSupplierSchema
from listings.schemas.labels import LabelledSchema
from listings.schemas.terms import Code

REASON_MAX = 300


class RegistryQuerySchema(PageQuerySchema):
    """Words and what to narrow by."""

    q = Text(max=100, load_default="")
    state = Code("registry_states")
    holder = Identifier()
    kind = Code("product_kinds")
    sector = Code("sectors")
    right = Code("rights")


class RightLabelSchema(LabelledSchema):
    """A right; ``former_label`` is the word of the texts before 2025."""

    former_label = fields.String()


class RegisteredRightSchema(Schema):
    """A right that the holder has."""

    right = fields.Nested(RightLabelSchema)
    basis = fields.Nested(LabelledSchema)
    exclusive = fields.Boolean()
    scope = fields.String()
    since = fields.String(attribute="from", data_key="from")
    to = fields.String()


class RegistryEntrySchema(Schema):
    """A result of the registry."""

    id = fields.String(attribute="registration_id")
    library = fields.String()
    state = fields.Nested(LabelledSchema)
    title = fields.String()
    name = fields.String()
    summary = fields.String()
    holder = fields.Nested(ListingSupplierSchema)
    product_kind = fields.Nested(LabelledSchema)
    sectors = fields.List(fields.Nested(LabelledSchema))
    rights = fields.List(fields.Nested(RegisteredRightSchema))
    version_number = fields.Integer()
    record_hash = fields.String()
    valid_to = fields.String(allow_none=True)
    registered_at = Timestamp()
    changed_at = Timestamp()


class RelativeSchema(Schema):
    """A registration that this one was made from, or that was made from it."""

    id = fields.String(attribute="registration_id")
    name = fields.String()
    holder = fields.Nested(ListingSupplierSchema)
    state = fields.Nested(LabelledSchema)
    generations = fields.Integer()


class RegisteredVersionSchema(Schema):
    """The registration of a version of the same product."""

    id = fields.String(attribute="registration_id")
    version_number = fields.Integer()
    state = fields.Nested(LabelledSchema)
    registered_at = Timestamp()


class RegistryPageSchema(RegistryEntrySchema):
    """Everything that the registry says.

    ``record`` is what ``record_hash`` is over; ``labels`` are its codes in words. ``listing_code``
    is there while the product is on sale. ``lapsed_origins`` are those that were cancelled or ran
    out, however far up the line.
    """

    record = fields.Dict()
    labels = fields.Dict()
    cancel_reason = fields.String(allow_none=True)
    listing_code = fields.String(allow_none=True)
    versions = fields.List(fields.Nested(RegisteredVersionSchema))
    origins = fields.List(fields.Nested(RelativeSchema))
    descendants = fields.List(fields.Nested(RelativeSchema))
    lapsed_origins = fields.List(fields.String())
    transferred_from = fields.String(allow_none=True)
    transferred_to = fields.String(allow_none=True)


class GiveUpRegistrationSchema(Schema):
    """Why the holder gives its registration up; the registry shows it."""

    reason = Text(max=REASON_MAX, required=True, validate=validate.Length(min=3))


class RegistryStateSchema(Schema):
    """Where a registration stands in its life."""

    id = fields.String(attribute="registration_id")
    state = Code("registry_states")
    changed_at = Timestamp()
