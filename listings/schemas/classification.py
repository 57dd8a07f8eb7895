"""What kind of product a version is, how much of it there is, and for whom (COMPLIANCE 5a)."""

from marshmallow import fields, validate

from app.web.schemas import Identifier, Integer, Schema, Text
from listings.schemas.provenance import ProductPeriodSchema
from listings.schemas.terms import Code, Codes, DecimalText, EvidenceReference, Regions

STORAGE_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
RECORDS_MAX = 10**15
YEAR_SECONDS = 366 * 86_400
BASIS_POINTS = 10_000


class StorageSizeSchema(Schema):
    """A size of storage as a decimal string and a unit."""

    amount = DecimalText(required=True)
    unit = fields.String(required=True, validate=validate.OneOf(STORAGE_UNITS))


class ResponsiblePersonSchema(Schema):
    """Somebody who answers for a duty, and how to reach them."""

    name = Text(max=60, required=True)
    contact = Text(max=100, required=True)


class ResponsiblePersonsSchema(Schema):
    """The officers that law asks for (DSL 27; PIPL 52)."""

    data_security_officer = fields.Nested(ResponsiblePersonSchema)
    pi_protection_officer = fields.Nested(ResponsiblePersonSchema)


class CorpusSchema(Schema):
    """Which knowledge a corpus holds and which stage of training it is for."""

    knowledge = Code("corpus_classes", required=True, data_key="class", attribute="class")
    stages = Codes("corpus_stages", max=3, min=0)


class ServiceLevelSchema(Schema):
    """What the supplier promises of its system; availability in basis points."""

    qps = Integer(min=1, max=100_000)
    latency_p95_ms = Integer(min=1, max=600_000)
    availability_bp = Integer(min=1, max=BASIS_POINTS)


class ScenarioTemplateSchema(Schema):
    """A use that the product is made for."""

    name = Text(max=60, required=True)
    purpose = Code("purposes", required=True)
    fields_needed = fields.List(
        Text(max=63),
        data_key="fields",
        attribute="fields",
        required=True,
        validate=validate.Length(min=1, max=200),
    )
    problem = Text(max=1_000, required=True)
    solution = Text(max=1_000, required=True)


class ClassificationSchema(Schema):
    """The members of a version by which it is found, measured and fitted to a use."""

    name = Text(max=30)
    name_en = Text(max=60)
    series = Text(max=30)
    summary = Text(max=150)
    description = Text(max=4_000)
    keywords = fields.List(Text(max=15), validate=validate.Length(max=5))
    operator_organisation_id = Identifier()
    mandate_evidence = EvidenceReference()
    responsible_persons = fields.Nested(ResponsiblePersonsSchema)
    product_kind = Code("product_kinds")
    sectors = Codes("sectors", max=3)
    industries = Codes("industries", max=5)
    topic = Code("topics")
    modalities = Codes("modalities", max=4)
    corpus = fields.Nested(CorpusSchema)
    grade = Code("grades")
    data_classes = Codes("classifications", max=3)
    coverage = Text(max=50)
    regions = Regions()
    period = fields.Nested(ProductPeriodSchema)
    population = Text(max=100)
    stock = fields.Nested(StorageSizeSchema)
    increment = fields.Nested(StorageSizeSchema)
    record_count = Integer(max=RECORDS_MAX)
    record_increment = Integer(max=RECORDS_MAX)
    dimension_count = Integer(max=10**6)
    update_frequency = Code("update_frequencies")
    freshness_seconds = Integer(min=1, max=YEAR_SECONDS)
    delivery_mode = Code("delivery_modes")
    delivery_grade = Code("delivery_grades")
    service_level = fields.Nested(ServiceLevelSchema)
    use_cases = Text(max=4_000)
    user_qualifications = Codes("user_qualifications", max=9)
    scenario_templates = fields.List(
        fields.Nested(ScenarioTemplateSchema), validate=validate.Length(max=10)
    )
