"""Shapes of samples and reports."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.web.paging import PageQuerySchema
from app.web.schemas import Integer, Schema, Text, Timestamp
from compliance.quality.conformity import OPERATORS
from compliance.quality.documentation import ITEM_NAMES
from compliance.quality.draws import ROW_TOTAL_MAX, SAMPLE_MAX
from compliance.sampling.states import PublicState, SampleKind, SampleState

_HEX = validate.Regexp(r"\A[0-9a-f]{64}\Z", error="Not a SHA-256 in lower-case hexadecimal.")
NAMES_MAX, RULES_MAX, REFERENCES_MAX, PATH_MAX, COLUMNS_MAX = 50, 50, 5_000, 62, 500
CELL_MAX = 20_000


def _names() -> "fields.List[Any]":
    return fields.List(Text(max=63), validate=validate.Length(max=NAMES_MAX))


class RowRuleSchema(Schema):
    """A comparison that every row is to meet: with another field, or with a value."""

    left = Text(max=63, required=True)
    operator = fields.String(required=True, validate=validate.OneOf(sorted(OPERATORS)))
    right = Text(max=63)
    value = Text(max=200)

    @validates_schema
    def _one_of_two(self, data: dict[str, Any], **_: Any) -> None:
        if ("right" in data) == ("value" in data):
            raise ValidationError({"right": ["Either a field (right) or a value, not both."]})


class RelationSchema(Schema):
    """What columns owe each other: ``field`` with ``references``, or ``total`` with ``parts``."""

    field = Text(max=63)
    references = fields.List(Text(max=200), validate=validate.Length(min=1, max=REFERENCES_MAX))
    total = Text(max=63)
    parts = fields.List(Text(max=63), validate=validate.Length(min=1, max=NAMES_MAX))

    @validates_schema
    def _whole(self, data: dict[str, Any], **_: Any) -> None:
        if set(data) not in ({"field", "references"}, {"total", "parts"}):
            raise ValidationError({"field": ["Field and references, or total and parts."]})


class AnnotationSchema(Schema):
    """Labels that two people gave without knowing of each other."""

    agreeing_count = Integer(required=True, min=0)
    compared_count = Integer(required=True, min=1)

    @validates_schema
    def _no_more_than_all(self, data: dict[str, Any], **_: Any) -> None:
        if data["agreeing_count"] > data["compared_count"]:
            raise ValidationError({"agreeing_count": ["More agree than were compared."]})


class ModelSchema(Schema):
    """What a model scored with and without the data set."""

    _NUMBER = validate.Regexp(r"\A-?\d{1,12}(\.\d{1,12})?\Z", error="Not a decimal number.")
    metric = Text(max=60, required=True)
    score = fields.String(required=True, validate=_NUMBER)
    baseline = fields.String(required=True, validate=_NUMBER)
    higher_is_better = fields.Boolean(load_default=True)


class FitnessSchema(Schema):
    """What a scenario requires of an AI data set."""

    grid = fields.Dict(
        keys=Text(max=63),
        values=fields.List(Text(max=200), validate=validate.Length(min=1, max=200)),
        validate=validate.Length(max=6),
    )
    required_count = Integer(min=1)
    annotation = fields.Nested(AnnotationSchema)
    model = fields.Nested(ModelSchema)


class DeclarationSchema(Schema):
    """The rules that rows are measured by beside the version's schema; fixed with the rows."""

    key_fields = _names()
    time_field = Text(max=63)
    order_within = Text(max=63)
    freshness_seconds = Integer(min=1)
    masked_fields = _names()
    sensitive_fields = _names()
    row_rules = fields.List(fields.Nested(RowRuleSchema), validate=validate.Length(max=RULES_MAX))
    relations = fields.List(fields.Nested(RelationSchema), validate=validate.Length(max=RULES_MAX))
    expected_keys = fields.List(Text(max=200), validate=validate.Length(max=REFERENCES_MAX))
    missing_values = fields.Dict(
        keys=Text(max=63),
        values=fields.List(Text(max=50), validate=validate.Length(min=1, max=20)),
        validate=validate.Length(max=NAMES_MAX),
    )
    documentation = fields.Dict(
        keys=fields.String(validate=validate.OneOf(sorted(ITEM_NAMES))), values=Text(max=2000)
    )
    fitness = fields.Nested(FitnessSchema)


class CommitSampleSchema(Schema):
    """The root over the rows (RFC 6962 over canonical JSON, values as text) and their number."""

    version_id = Text(max=64, required=True)
    rows_root = fields.String(required=True, validate=_HEX)
    row_total = Integer(required=True, min=1, max=ROW_TOTAL_MAX)
    declaration = fields.Nested(DeclarationSchema, load_default=dict)
    kind = fields.String(
        load_default=SampleKind.FILE.value,
        validate=validate.OneOf([*SampleKind]),
    )


class RevealedRowSchema(Schema):
    """A drawn row with its path to the root, its sibling first."""

    index = Integer(required=True, min=0, max=ROW_TOTAL_MAX)
    row = fields.Dict(
        keys=Text(max=200),
        values=fields.String(allow_none=True, validate=validate.Length(max=CELL_MAX)),
        required=True,
        validate=validate.Length(min=1, max=COLUMNS_MAX),
    )
    path = fields.List(
        fields.String(validate=_HEX), required=True, validate=validate.Length(max=PATH_MAX)
    )


class RevealSampleSchema(Schema):
    """Every drawn row, once."""

    rows = fields.List(
        fields.Nested(RevealedRowSchema),
        required=True,
        validate=validate.Length(min=1, max=SAMPLE_MAX),
    )


class SampleQuerySchema(PageQuerySchema):
    """Filters of samples."""

    version_id = Text(max=64, load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf([*SampleState]))


class ReportQuerySchema(PageQuerySchema):
    """Filters of reports."""

    version_id = Text(max=64, load_default=None)
    listing_code = Text(max=64, load_default=None)


class QualitySampleSchema(Schema):
    """A sample as it stands; the rows to reveal once they are drawn."""

    id = fields.String()
    version_id = fields.String()
    listing_code = fields.String()
    attempt = Integer()
    kind = fields.String(validate=validate.OneOf([*SampleKind]))
    rows_root = fields.String()
    row_total = Integer()
    declaration_hash = fields.String()
    state = fields.String(validate=validate.OneOf([*SampleState]))
    committed_at = Timestamp()
    drawn_at = Timestamp(allow_none=True)
    drawn_from = fields.Dict(allow_none=True)
    drawn_indexes = fields.List(Integer(), allow_none=True)


class QualityReportSchema(Schema):
    """A report: what was measured as one document, and its hash in the log."""

    id = fields.String()
    sample_id = fields.String()
    version_id = fields.String()
    listing_code = fields.String()
    grade = fields.String(allow_none=True)
    document = fields.Dict()
    document_hash = fields.String()
    reported_at = Timestamp()
    valid_until = Timestamp()


class ListingQualitySchema(Schema):
    """What the catalogue says of a listing's quality."""

    listing_code = fields.String()
    state = fields.String(
        validate=validate.OneOf([*PublicState]),
    )
    grade = fields.String(allow_none=True)
    coverage = fields.String(allow_none=True)
    report_id = fields.String(allow_none=True)
    reported_at = Timestamp(allow_none=True)
    valid_until = Timestamp(allow_none=True)
