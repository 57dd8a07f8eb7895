"""Shapes of the templates of declared uses."""

from typing import Any

from marshmallow import fields, validate

from app.web.schemas import Schema
from compliance.review.scenario_templates import LANGUAGES
from compliance.schemas.scenarios import SubmitScenarioSchema
from compliance.terms.purposes import CODES


class BothLanguagesSchema(Schema):
    """A text in both languages."""

    en = fields.String()
    zh = fields.String()


class UseTemplateSchema(Schema):
    """A use as it is commonly declared; whoever declares one changes what is different."""

    id = fields.String()
    purpose = fields.String()
    name = fields.Nested(BothLanguagesSchema)
    problem = fields.Nested(BothLanguagesSchema)
    solution = fields.Nested(BothLanguagesSchema)
    benefit = fields.Nested(BothLanguagesSchema)
    business_process = fields.Nested(BothLanguagesSchema)
    frequency = fields.Nested(BothLanguagesSchema)
    affected_persons = fields.Nested(BothLanguagesSchema)
    onward_output = fields.Nested(BothLanguagesSchema)
    is_automated_decision = fields.Boolean()
    retention = fields.String()
    term_days = fields.Integer()
    prohibited_uses = fields.List(fields.Nested(BothLanguagesSchema))
    security_measures = fields.List(fields.Nested(BothLanguagesSchema))


class UseTemplateListSchema(Schema):
    """The templates in force."""

    version = fields.Integer()
    effective_from = fields.String()
    owner = fields.String()
    source = fields.String()
    confirmed = fields.Boolean()
    items = fields.List(fields.Nested(UseTemplateSchema))


class ScenarioTemplateQuerySchema(Schema):
    """Filters of the templates."""

    purpose = fields.String(
        load_default=None,
        validate=validate.OneOf(sorted(CODES)),
    )
    listing_code = fields.String(
        load_default=None,
        validate=validate.Length(min=1, max=30),
    )


class ProductTemplateSchema(Schema):
    """A use that a product is made for and was reviewed with."""

    name = fields.String()
    purpose = fields.String()
    # "fields" would hide marshmallow's own attribute of that name.
    fields_named = fields.List(fields.String(), data_key="fields", attribute="fields")
    problem = fields.String()
    solution = fields.String()
    template_ids = fields.List(fields.String())


class ProductTemplateListSchema(Schema):
    """The uses that a listing is made for."""

    listing_code = fields.String()
    items = fields.List(fields.Nested(ProductTemplateSchema))


class FillTemplateSchema(SubmitScenarioSchema):
    """What differs from a template, and what no template can know; only the listing is required."""

    language = fields.String(
        load_default=LANGUAGES[0],
        validate=validate.OneOf(LANGUAGES),
    )

    def __init__(self, **options: Any) -> None:
        known = SubmitScenarioSchema().fields
        super().__init__(partial=[name for name in known if name != "listing_code"], **options)
