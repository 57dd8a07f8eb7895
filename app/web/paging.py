"""The JSON shape of a page and of its query."""

from functools import cache
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.core.paging import LIMIT_DEFAULT, LIMIT_MAX
from app.web.schemas import Schema, Timestamp


class PageQuerySchema(Schema):
    """``cursor`` from the previous page, ``limit`` items."""

    cursor = fields.String(load_default=None, validate=validate.Length(min=1, max=200))
    limit = fields.Integer(
        load_default=LIMIT_DEFAULT, validate=validate.Range(min=1, max=LIMIT_MAX)
    )


class PeriodSchema(Schema):
    """``from`` is included, ``until`` is not; without them nothing is bounded."""

    from_at = Timestamp(data_key="from", load_default=None)
    until_at = Timestamp(data_key="until", load_default=None)

    @validates_schema
    def _demand_a_period(self, data: dict[str, Any], **_: Any) -> None:
        begins, ends = data["from_at"], data["until_at"]
        if begins is not None and ends is not None and begins >= ends:
            message = "The period ends after it begins."
            raise ValidationError(message, "until")


class PeriodQuerySchema(PeriodSchema, PageQuerySchema):
    """A page of what a period has."""


@cache
def page_schema(item: type[Schema]) -> type[Schema]:
    """The schema of ``{"items": [...], "next_cursor": ...}`` for an item schema."""
    members = {
        "items": fields.List(fields.Nested(item), required=True),
        "next_cursor": fields.String(required=True, allow_none=True),
    }
    name = item.__name__.removesuffix("Schema") + "PageSchema"
    return type(name, (Schema,), {"__doc__": f"A page of {item.__name__}.", **members})
