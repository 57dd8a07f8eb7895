"""The content of a version as a supplier writes it (COMPLIANCE.md, section 5a)."""

from marshmallow import fields, validate

from app.core.delivery import ANSWER_BYTES_MAX, TIMEOUT_MS_MAX
from app.web.schemas import Identifier, Integer, Schema, Text
from listings.offers.contribution_terms import BASIS_POINTS, CONTRIBUTORS_MAX
from listings.schemas.classification import ClassificationSchema
from listings.schemas.files import FILES_MAX, PackageFileSchema
from listings.schemas.outcome_rules import OutcomeRuleSchema
from listings.schemas.personal_information import PersonalInformationSchema
from listings.schemas.plans import DraftPlanSchema
from listings.schemas.provenance import ProvenanceSchema
from listings.schemas.terms import Code, Codes, Retention, Row, Scalar, Sha256
from listings.versions.content_rules import SAMPLE_ROWS_MAX


class CodedValueSchema(Schema):
    """A value with its meaning, such as 01 for a match."""

    code = Text(max=50, required=True)
    label = Text(max=100, required=True)
    label_zh = Text(max=100)


class DeclaredFieldSchema(Schema):
    """What input and output fields have in common."""

    name = Text(max=63, required=True)
    type = Code("field_types", required=True)
    unit = Text(max=30)
    description = Text(max=300)
    description_zh = Text(max=300)
    coded_values = fields.List(
        fields.Nested(CodedValueSchema), validate=validate.Length(min=1, max=200)
    )
    pattern = Text(max=200)
    max_length = Integer(min=1, max=4096)
    minimum = Text(max=49)
    maximum = Text(max=49)
    example = Scalar()
    classification = Code("classifications")
    pi_category = Code("pi_categories")
    is_quasi_identifier = fields.Boolean()
    grade = Code("grades")
    source = Text(
        max=100,
    )


class InputFieldSchema(DeclaredFieldSchema):
    """A parameter of a call."""

    required = fields.Boolean(load_default=True)
    data_subject = fields.String(
        validate=validate.OneOf(["IDENTITY", "PSEUDONYM"]),
    )


class OutputFieldSchema(DeclaredFieldSchema):
    """A member of an answer."""

    nullable = fields.Boolean(load_default=False)
    key = fields.Boolean()
    event_time = fields.Boolean()


class UpstreamDefinitionSchema(Schema):
    """Where the supplier answers calls; the credential is stored encrypted and never shown."""

    url = Text(max=500, required=True)
    method = fields.String(load_default="GET", validate=validate.OneOf(["GET", "POST"]))
    timeout_ms = Integer(min=100, max=TIMEOUT_MS_MAX, load_default=5_000)
    response_bytes_max = Integer(min=1_024, max=ANSWER_BYTES_MAX, load_default=ANSWER_BYTES_MAX)
    credential_header = Text(max=64)
    credential = Text(max=4_000, load_only=True)
    calls_per_second = Integer(
        min=1,
        max=100_000,
    )
    specification_sha256 = Sha256()


class DraftOfferSchema(Schema):
    """A named set of plans."""

    name = Text(max=60, required=True)
    plans = fields.List(
        fields.Nested(DraftPlanSchema), required=True, validate=validate.Length(min=1, max=20)
    )


class ContributorSchema(Schema):
    """A further supplier of a composite product and its part of the supplier's money."""

    organisation_id = Identifier(required=True)
    share_bp = Integer(min=1, max=BASIS_POINTS - 1, required=True)
    basis = Text(max=300, required=True)


class VersionContentSchema(ClassificationSchema, ProvenanceSchema, PersonalInformationSchema):
    """Everything that a listing says; a draft may leave out what it does not know yet."""

    allowed_purposes = Codes("purposes", max=27)
    forbidden_purposes = Codes("purposes", max=27, min=0)
    retention = Retention()
    transfer_rule = Code("transfer_rules")
    fields_in = fields.List(fields.Nested(InputFieldSchema), validate=validate.Length(max=50))
    fields_out = fields.List(fields.Nested(OutputFieldSchema), validate=validate.Length(max=200))
    sample = fields.List(Row(), validate=validate.Length(max=SAMPLE_ROWS_MAX))
    upstream = fields.Nested(UpstreamDefinitionSchema)
    files = fields.List(
        fields.Nested(PackageFileSchema), validate=validate.Length(min=1, max=FILES_MAX)
    )
    outcome_rule = fields.Nested(OutcomeRuleSchema)
    contributors = fields.List(
        fields.Nested(ContributorSchema), validate=validate.Length(max=CONTRIBUTORS_MAX)
    )


class AmendVersionSchema(VersionContentSchema):
    """Parts of a draft to replace; what is not named stays."""

    offers = fields.List(fields.Nested(DraftOfferSchema), validate=validate.Length(max=10))


class DraftVersionSchema(AmendVersionSchema):
    """A draft; the name is the least that it says."""

    name = Text(max=30, required=True)
