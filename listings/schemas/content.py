"""The content of a version as a supplier writes it (COMPLIANCE.md, section 5a)."""

from marshmallow import Schema as MarshmallowSchema
from marshmallow import fields, validate

from app.web.schemas import Identifier, Integer, Schema, Text
from listings.content_rules import SAMPLE_ROWS_MAX
from listings.contribution_terms import BASIS_POINTS, CONTRIBUTORS_MAX
from listings.schemas.outcome_rules import OutcomeRuleSchema
from listings.schemas.plans import DraftPlanSchema
from listings.schemas.terms import (
    Code,
    Codes,
    DateText,
    Regions,
    Retention,
    Row,
    Scalar,
)

RESPONSE_BYTES_MAX = 10 * 1024 * 1024
TIMEOUT_MS_MAX = 30_000
STORAGE_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


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
    example = Scalar(metadata={"description": "masked"})
    classification = Code("classifications")
    pi_category = Text(max=50)
    grade = Code("grades")


class InputFieldSchema(DeclaredFieldSchema):
    """A parameter of a call."""

    required = fields.Boolean(load_default=True)


class OutputFieldSchema(DeclaredFieldSchema):
    """A member of an answer."""

    nullable = fields.Boolean(load_default=False)
    key = fields.Boolean()


_Period: type[MarshmallowSchema] = Schema.from_dict(
    {"from": DateText(required=True), "to": DateText()}, name="RightPeriodSchema"
)


class ProductRightSchema(_Period):  # type: ignore[valid-type,misc] # "from" is no Python name
    """A right that the supplier claims, and on what ground."""

    right = Code("rights", required=True)
    basis = Code("right_bases", required=True)
    scope = Text(max=300)
    evidence = Text(max=200)


class ProductEvidenceSchema(Schema):
    """A document by its hash; the file itself stays with the exchange's reviewers."""

    kind = fields.String(
        required=True, validate=validate.Regexp(r"\A[A-Z][A-Z_]{1,39}\Z", error="Not a kind.")
    )
    title = Text(max=100, required=True)
    issuer = Text(max=100, required=True)
    valid_from = DateText(required=True)
    valid_to = DateText()
    sha256 = fields.String(
        required=True, validate=validate.Regexp(r"\A[0-9a-f]{64}\Z", error="64 hex digits.")
    )
    visibility = Code("visibilities", load_default="PARTIES")


class UpstreamDefinitionSchema(Schema):
    """Where the supplier answers calls; the credential is stored encrypted and never shown."""

    url = Text(max=500, required=True)
    method = fields.String(load_default="GET", validate=validate.OneOf(["GET", "POST"]))
    timeout_ms = Integer(min=100, max=TIMEOUT_MS_MAX, load_default=5_000)
    response_bytes_max = Integer(min=1_024, max=RESPONSE_BYTES_MAX, load_default=1_048_576)
    credential_header = Text(max=64)
    credential = Text(max=4_000, load_only=True)
    calls_per_second = Integer(
        min=1,
        max=100_000,
        metadata={"description": "What the system takes from all buyers together"},
    )


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


class StorageSizeSchema(Schema):
    """A size of storage as a decimal string and a unit."""

    amount = fields.String(
        required=True,
        validate=validate.Regexp(r"\A[0-9]{1,18}(\.[0-9]{1,6})?\Z", error="A decimal number."),
    )
    unit = fields.String(required=True, validate=validate.OneOf(STORAGE_UNITS))


class VersionContentSchema(Schema):
    """Everything that a listing says; a draft may leave out what it does not know yet."""

    name = Text(max=30)
    name_en = Text(max=60)
    series = Text(max=30)
    summary = Text(max=150)
    description = Text(max=4_000)
    keywords = fields.List(Text(max=15), validate=validate.Length(max=5))
    product_kind = Code("product_kinds")
    sectors = Codes("sectors", max=3)
    topic = Code("topics")
    delivery_mode = Code("delivery_modes")
    update_frequency = Code("update_frequencies")
    coverage = Text(max=50)
    regions = Regions()
    stock = fields.Nested(StorageSizeSchema)
    increment = fields.Nested(StorageSizeSchema)
    dimension_count = Integer(max=10**6)
    use_cases = Text(max=4_000)
    source_types = Codes("source_types", max=7)
    source_statement = Text(max=2_000)
    rights = fields.List(fields.Nested(ProductRightSchema), validate=validate.Length(min=1, max=12))
    evidence = fields.List(fields.Nested(ProductEvidenceSchema), validate=validate.Length(max=50))
    pi_level = Code("pi_levels")
    grade = Code("grades")
    allowed_purposes = Codes("purposes", max=27)
    forbidden_purposes = Codes("purposes", max=27, min=0)
    retention = Retention()
    transfer_rule = Code("transfer_rules")
    fields_in = fields.List(fields.Nested(InputFieldSchema), validate=validate.Length(max=50))
    fields_out = fields.List(fields.Nested(OutputFieldSchema), validate=validate.Length(max=200))
    sample = fields.List(Row(), validate=validate.Length(max=SAMPLE_ROWS_MAX))
    upstream = fields.Nested(UpstreamDefinitionSchema)
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
