"""Personal information and cross-border transfer of a version (COMPLIANCE 5a; PIPL)."""

from marshmallow import fields, validate

from app.web.schemas import Integer, Schema, Text
from listings.schemas.terms import (
    Code,
    DateText,
    DecimalText,
    EvidenceReference,
    Region,
    Regions,
    Sha256,
    WebAddress,
)

PERSONS_MAX = 10**10


class PersonalCategorySchema(Schema):
    """A category of personal information and its lawful basis (PIPL 13)."""

    category = Code("pi_categories", required=True)
    lawful_basis = Code("lawful_bases", required=True)
    is_sensitive = fields.Boolean(required=True)


class CollectionNoticeSchema(Schema):
    """The text that persons were given at collection (PIPL 17)."""

    url = WebAddress(required=True)
    sha256 = Sha256(required=True)


class ImpactAssessmentSchema(Schema):
    """A personal information protection impact assessment (PIPL 55, 56)."""

    evidence = EvidenceReference(required=True)
    dated_on = DateText(required=True)
    scope = Text(max=300, required=True)
    next_due_on = DateText()


class AnonymisationSchema(Schema):
    """How data were anonymised and who tested it; t is a decimal in text."""

    method = Code("anonymisation_methods", required=True)
    tool = Text(max=100)
    k = Integer(min=2, max=10**9)
    l = Integer(min=1, max=10**9)  # noqa: E741 -- the name of the measure
    t = DecimalText()
    reidentification_evidence = EvidenceReference(required=True)
    assessor = Text(max=100)


class CrossBorderSchema(Schema):
    """Whether data cross the border, where to, and under which approval."""

    mode = Code("cross_border_modes", required=True)
    regions = Regions()
    approval_number = Text(max=100)
    valid_to = DateText()
    persons_declared = Integer(
        max=PERSONS_MAX,
    )
    sensitive_persons_declared = Integer(max=PERSONS_MAX)


class PersonalInformationSchema(Schema):
    """The members of a version about persons and borders."""

    pi_level = Code("pi_levels")
    pi_categories = fields.List(
        fields.Nested(PersonalCategorySchema), validate=validate.Length(max=23)
    )
    subjects_estimate = Integer(max=PERSONS_MAX)
    has_minors = fields.Boolean()
    collection_notice = fields.Nested(CollectionNoticeSchema)
    consent_model = Code("consent_models")
    revocation_url = WebAddress()
    pipia = fields.Nested(ImpactAssessmentSchema)
    anonymisation = fields.Nested(AnonymisationSchema)
    cross_border = fields.Nested(CrossBorderSchema)
    storage_location = Region()
