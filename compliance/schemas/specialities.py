"""Shapes of what reviewers know."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import Schema, Timestamp, demand_different
from compliance.review.specialities import LAW, SCENE, codes


def _speciality(**options: object) -> fields.String:
    return fields.String(validate=validate.OneOf(sorted(codes())), **options)  # type: ignore[arg-type] # marshmallow's own


class SpecialitySchema(Schema):
    """An application scene, or a field of law."""

    code = fields.String()
    kind = fields.String(validate=validate.OneOf((SCENE, LAW)))
    en = fields.String()
    zh = fields.String()


class SpecialityListSchema(Schema):
    """Everything that a reviewer may know."""

    version = fields.Integer()
    source = fields.String()
    owner = fields.String()
    confirmed = fields.Boolean()
    items = fields.List(fields.Nested(SpecialitySchema), attribute="specialities")


class RegisterSpecialitiesSchema(Schema):
    """What the reviewer knows; an empty list takes everything back."""

    specialities = fields.List(
        _speciality(),
        required=True,
        validate=[validate.Length(max=50), demand_different],
    )


class ReviewerSpecialitiesSchema(Schema):
    """What a reviewer registered."""

    person_id = fields.String()
    specialities = fields.List(fields.String())
    registered_at = Timestamp(allow_none=True)
    registered_by = fields.String(allow_none=True)


class ReviewerSpecialitiesQuerySchema(PageQuerySchema):
    """Whom to show."""

    speciality = _speciality(load_default=None)
