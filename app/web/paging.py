"""The JSON shape of a page and of its query."""

from functools import cache

from marshmallow import fields, validate

from app.core.paging import LIMIT_DEFAULT, LIMIT_MAX
from app.web.schemas import Schema


class PageQuerySchema(Schema):
    """``cursor`` from the previous page, ``limit`` items."""

    cursor = fields.String(load_default=None, validate=validate.Length(min=1, max=200))
    limit = fields.Integer(
        load_default=LIMIT_DEFAULT, validate=validate.Range(min=1, max=LIMIT_MAX)
    )


@cache
def page_schema(item: type[Schema]) -> type[Schema]:
    """The schema of ``{"items": [...], "next_cursor": ...}`` for an item schema."""
    members = {
        "items": fields.List(fields.Nested(item), required=True),
        "next_cursor": fields.String(required=True, allow_none=True),
    }
    name = item.__name__.removesuffix("Schema") + "PageSchema"
    return type(name, (Schema,), {"__doc__": f"A page of {item.__name__}.", **members})
