"""Shapes of the rest of a listing's registration record on its page."""

from marshmallow import fields

from app.web.schemas import Integer, Schema
from listings.schemas.classification import ServiceLevelSchema
from listings.schemas.labels import LabelledSchema
from listings.schemas.provenance import ProductPeriodSchema


def _labelled() -> fields.Nested:
    return fields.Nested(LabelledSchema)


def _labelled_all() -> "fields.List[object]":
    return fields.List(fields.Nested(LabelledSchema))


class ListedCorpusSchema(Schema):
    """Which knowledge a corpus holds and which stage of training it is for."""

    knowledge = fields.Nested(LabelledSchema, data_key="class", attribute="class")
    stages = _labelled_all()


class ListedDerivationSchema(Schema):
    """What it was made of: ids of registrations, which the registry shows."""

    kind = _labelled()
    text = fields.String()
    inputs = fields.List(fields.String())


class ListedCertificateSchema(Schema):
    """A certificate of another registry, and how it was checked."""

    registry = fields.String()
    scheme = _labelled()
    number = fields.String()
    valid_to = fields.String(allow_none=True)
    verified_how = _labelled()


class ListedCategorySchema(Schema):
    """A category of personal information and its lawful basis."""

    category = _labelled()
    lawful_basis = _labelled()
    is_sensitive = fields.Boolean()


class ListedAnonymisationSchema(Schema):
    """How data were anonymised; k, l and t as claimed."""

    method = _labelled()
    k = Integer()
    l = Integer()  # noqa: E741 -- the name of the measure
    t = fields.String()
    assessor = fields.String()


class ListedCrossBorderSchema(Schema):
    """Whether data cross the border, and where to."""

    mode = _labelled()
    regions = fields.List(fields.String())
    valid_to = fields.String()


class ListedTemplateSchema(Schema):
    """A use that the product is made for."""

    name = fields.String()
    purpose = _labelled()
    fields_needed = fields.List(fields.String(), data_key="fields", attribute="fields")
    problem = fields.String()
    solution = fields.String()


class ListedStatementSchema(Schema):
    """What the supplier declared, in which version of which text."""

    kind = _labelled()
    text_version = fields.String()
    signed_at = fields.String()


class ListedRecordSchema(Schema):
    """The members of the registration record beside card, fields, rights and conditions."""

    industries = _labelled_all()
    modalities = _labelled_all()
    data_classes = _labelled_all()
    corpus = fields.Nested(ListedCorpusSchema)
    period = fields.Nested(ProductPeriodSchema)
    population = fields.String()
    record_count = Integer()
    record_increment = Integer()
    freshness_seconds = Integer()
    delivery_grade = _labelled()
    service_level = fields.Nested(ServiceLevelSchema)
    user_qualifications = _labelled_all()
    third_party_links = _labelled_all()
    derivation = fields.Nested(ListedDerivationSchema)
    registry_certificates = fields.List(fields.Nested(ListedCertificateSchema))
    consent_model = _labelled()
    revocation_url = fields.String()
    pi_categories = fields.List(fields.Nested(ListedCategorySchema))
    subjects_estimate = Integer()
    has_minors = fields.Boolean()
    anonymisation = fields.Nested(ListedAnonymisationSchema)
    cross_border = fields.Nested(ListedCrossBorderSchema)
    storage_location = fields.String()
    scenario_templates = fields.List(fields.Nested(ListedTemplateSchema))
    statements = fields.List(fields.Nested(ListedStatementSchema))
