"""The public catalogue: its query, its results, and a listing's page."""

from marshmallow import fields, validate

from app.core.money import CURRENCIES
from app.web.paging import NextCursor, PageQuerySchema
from app.web.schemas import Identifier, MoneySchema, Schema, Text, Timestamp
from listings.catalogue.filters import SORTS
from listings.schemas.classification import StorageSizeSchema
from listings.schemas.files import PackageFileSchema
from listings.schemas.labels import LabelledSchema
from listings.schemas.listed_record import ListedRecordSchema
from listings.schemas.outcome_rules import OutcomeRuleSchema
from listings.schemas.plans import PlanTermsSchema
from listings.schemas.ratings import RatingSumSchema
from listings.schemas.terms import Code
from listings.versions.life_cycle import CATALOGUE

CHOSEN_MAX = 10


def _chosen(inner: fields.String) -> fields.List[str]:
    return fields.List(inner, load_default=list, validate=validate.Length(max=CHOSEN_MAX))


class CatalogueQuerySchema(PageQuerySchema):
    """Words and facet values; a facet may be repeated and then means any of its values."""

    q = Text(max=100, load_default="")
    sector = _chosen(Code("sectors"))
    topic = _chosen(Code("topics"))
    kind = _chosen(Code("product_kinds"))
    supplier = _chosen(Identifier())
    price_model = _chosen(Code("price_models"))
    delivery = _chosen(Code("delivery_modes"))
    update = _chosen(Code("update_frequencies"))
    grade = _chosen(Code("grades"))
    industry = _chosen(Code("industries"))
    modality = _chosen(Code("modalities"))
    data_class = _chosen(Code("classifications"))
    delivery_grade = _chosen(Code("delivery_grades"))
    quality = _chosen(Code("quality_grades"))
    currency = _chosen(fields.String(validate=validate.OneOf(CURRENCIES)))
    sort = fields.String(load_default="", validate=validate.OneOf(["", *SORTS]))


class ListingSupplierSchema(Schema):
    """Who offers."""

    id = fields.String()
    name = fields.String()


class ListingCardSchema(Schema):
    """A result of the catalogue."""

    listing_code = fields.String()
    library = fields.String()
    title = fields.String()
    name = fields.String()
    name_en = fields.String()
    series = fields.String()
    summary = fields.String()
    keywords = fields.List(fields.String())
    supplier = fields.Nested(ListingSupplierSchema)
    sectors = fields.List(fields.Nested(LabelledSchema))
    topic = fields.Nested(LabelledSchema)
    product_kind = fields.Nested(LabelledSchema)
    delivery_mode = fields.Nested(LabelledSchema)
    update_frequency = fields.Nested(LabelledSchema)
    grade = fields.Nested(LabelledSchema)
    quality = fields.Nested(LabelledSchema)
    rating = fields.Nested(RatingSumSchema)
    price_models = fields.List(fields.Nested(LabelledSchema))
    lowest_price = fields.Nested(MoneySchema)
    first_listed_at = Timestamp()
    published_at = Timestamp()


class FacetValueSchema(Schema):
    """A value of a facet and how many listings it would leave."""

    value = fields.String()
    label = fields.String()
    count = fields.Integer()


class FacetsSchema(Schema):
    """Counts for every facet."""

    sector = fields.List(fields.Nested(FacetValueSchema))
    topic = fields.List(fields.Nested(FacetValueSchema))
    kind = fields.List(fields.Nested(FacetValueSchema))
    supplier = fields.List(fields.Nested(FacetValueSchema))
    price_model = fields.List(fields.Nested(FacetValueSchema))
    delivery = fields.List(fields.Nested(FacetValueSchema))
    update = fields.List(fields.Nested(FacetValueSchema))
    grade = fields.List(fields.Nested(FacetValueSchema))
    industry = fields.List(fields.Nested(FacetValueSchema))
    modality = fields.List(fields.Nested(FacetValueSchema))
    data_class = fields.List(fields.Nested(FacetValueSchema))
    delivery_grade = fields.List(fields.Nested(FacetValueSchema))
    quality = fields.List(fields.Nested(FacetValueSchema))
    currency = fields.List(fields.Nested(FacetValueSchema))


class CataloguePageSchema(Schema):
    """A page of results with the counts over all of them."""

    items = fields.List(fields.Nested(ListingCardSchema))
    next_cursor = NextCursor(allow_none=True)
    total_count = fields.Integer()
    facets = fields.Nested(FacetsSchema)


class SimilarListingsSchema(Schema):
    """The likest listings."""

    items = fields.List(fields.Nested(ListingCardSchema))


class ListedFieldSchema(Schema):
    """A field as the page shows it and as the data plane enforces it."""

    name = fields.String()
    type = fields.Nested(LabelledSchema)
    unit = fields.String()
    description = fields.String()
    required = fields.Boolean()
    nullable = fields.Boolean()
    event_time = fields.Boolean()
    coded_values = fields.List(fields.Nested(LabelledSchema))
    pattern = fields.String()
    max_length = fields.Integer()
    minimum = fields.String()
    maximum = fields.String()
    example = fields.Raw()
    classification = fields.Nested(LabelledSchema)
    pi_category = fields.String()


class ListedRightSchema(Schema):
    """A right that the supplier holds."""

    right = fields.Nested(LabelledSchema)
    basis = fields.Nested(LabelledSchema)
    since = fields.String(attribute="from", data_key="from")
    to = fields.String(allow_none=True)
    exclusive = fields.Boolean()
    scope = fields.String()


class ListedEvidenceSchema(Schema):
    """A public document by its hash."""

    kind = Code("evidence_kinds")
    kind_label = fields.String()
    title = fields.String()
    issuer = fields.String()
    valid_from = fields.String()
    valid_to = fields.String(allow_none=True)
    sha256 = fields.String()


class ListedRetentionSchema(LabelledSchema):
    """How long the buyer may keep what it received; days only for a fixed time."""

    days = fields.Integer(allow_none=True)


class ListedConditionsSchema(Schema):
    """What the data may be used for and what not."""

    allowed_purposes = fields.List(fields.Nested(LabelledSchema))
    forbidden_purposes = fields.List(fields.Nested(LabelledSchema))
    retention = fields.Nested(ListedRetentionSchema)
    transfer_rule = fields.Nested(LabelledSchema)


class ListedContributorSchema(ListingSupplierSchema):
    """A further supplier that shares in the product, and on what ground."""

    basis = fields.String()


class PricedPlanSchema(Schema):
    """A plan with its price in words; no unit amount where a lump sum has no bound."""

    id = fields.String(attribute="plan_id")
    plan_hash = fields.String()
    price_model = fields.Nested(LabelledSchema)
    unit = fields.Nested(LabelledSchema)
    unit_amount = fields.String(allow_none=True)
    price_label = fields.String()
    terms = fields.Nested(PlanTermsSchema)


class ListedPlanSchema(PricedPlanSchema):
    """A plan that can be ordered."""

    offer = fields.String()


class ListingPageSchema(ListingCardSchema, ListedRecordSchema):
    """Everything that a listing's page shows."""

    registration_id = fields.String(allow_none=True)
    description = fields.String()
    version_number = fields.Integer()
    dossier_hash = fields.String()
    coverage = fields.String()
    regions = fields.List(fields.String())
    stock = fields.Nested(StorageSizeSchema)
    increment = fields.Nested(StorageSizeSchema)
    dimension_count = fields.Integer()
    use_cases = fields.String()
    fields_in = fields.List(fields.Nested(ListedFieldSchema))
    fields_out = fields.List(fields.Nested(ListedFieldSchema))
    files = fields.List(fields.Nested(PackageFileSchema))
    sample = fields.List(fields.Dict())
    outcome_rule = fields.Nested(OutcomeRuleSchema)
    source_types = fields.List(fields.Nested(LabelledSchema))
    source_statement = fields.String()
    rights = fields.List(fields.Nested(ListedRightSchema))
    evidence = fields.List(fields.Nested(ListedEvidenceSchema))
    pi_level = fields.Nested(LabelledSchema)
    contributors = fields.List(fields.Nested(ListedContributorSchema))
    conditions = fields.Nested(ListedConditionsSchema)
    plans = fields.List(fields.Nested(ListedPlanSchema))


class ListingStateSchema(Schema):
    """Where a listing stands in its life."""

    listing_code = fields.String()
    state = fields.String(validate=validate.OneOf(sorted(CATALOGUE)))
    changed_at = Timestamp()


class VocabularyTermSchema(LabelledSchema):
    """A coded word; ``parent`` is the code above it in a tree."""

    parent = fields.String(allow_none=True)
    former_label = fields.String()


class VocabularyEditionSchema(Schema):
    """Where a vocabulary comes from; an unconfirmed one is from memory or second hand."""

    version = fields.Integer()
    source = fields.String()
    is_confirmed = fields.Boolean()
    checked = fields.String(allow_none=True)


class VocabulariesSchema(Schema):
    """All coded words by vocabulary, and the edition of each vocabulary."""

    vocabularies = fields.Dict(
        keys=fields.String(), values=fields.List(fields.Nested(VocabularyTermSchema))
    )
    editions = fields.Dict(keys=fields.String(), values=fields.Nested(VocabularyEditionSchema))
