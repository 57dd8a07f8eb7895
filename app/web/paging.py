"""The JSON shape of a page and of its query."""

import base64
import hashlib
import json
from functools import cache
from typing import Any, ClassVar

from flask import g, request
from marshmallow import ValidationError, fields, post_load, validate, validates_schema
from typing_extensions import override

from app.core.paging import LIMIT_DEFAULT, LIMIT_MAX, InvalidCursor
from app.web.schemas import Schema, Timestamp

_CURSOR_MAX = 700
"""A page may end with a bank's reference of 120 characters, at four bytes each."""
_BINDING_BYTES = 9


def _binding_of(filters: dict[str, Any]) -> str:
    """What names a list and its filters: a digest of the path and of what was asked."""
    asked = json.dumps([request.path, filters], sort_keys=True, default=str)
    digest = hashlib.sha256(asked.encode()).digest()
    return base64.urlsafe_b64encode(digest[:_BINDING_BYTES]).decode()


class NextCursor(fields.String):
    """A page's cursor as it goes out: bound to the list and the filters that it was asked with.

    The binding keeps mistakes out, not people: whose rows a page has is not the cursor's to say.
    """

    @override
    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{g.cursor_binding}{value}"


class CursorQuerySchema(Schema):
    """A query with a ``cursor`` of the previous page; raises `InvalidCursor` for another list's."""

    binds_filters: ClassVar[bool] = True
    """False where a cursor is a place in the whole list, whatever is shown of it."""

    cursor = fields.String(load_default=None, validate=validate.Length(min=1, max=_CURSOR_MAX))

    @post_load
    def _unbind(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        asked = {name: value for name, value in data.items() if name not in {"cursor", "limit"}}
        g.cursor_binding = _binding_of(asked if self.binds_filters else {})
        cursor = data["cursor"]
        if cursor is None:
            return data
        place = cursor.removeprefix(g.cursor_binding)
        if place in {"", cursor}:
            raise InvalidCursor
        return data | {"cursor": place}


class PageQuerySchema(CursorQuerySchema):
    """``cursor`` from the previous page, ``limit`` items."""

    limit = fields.Integer(
        load_default=LIMIT_DEFAULT, validate=validate.Range(min=1, max=LIMIT_MAX)
    )


class IntervalSchema(Schema):
    """``from`` is included, ``until`` is not; without them nothing is bounded."""

    from_at = Timestamp(data_key="from", load_default=None)
    until_at = Timestamp(data_key="until", load_default=None)

    @validates_schema
    def _demand_a_period(self, data: dict[str, Any], **_: Any) -> None:
        begins, ends = data["from_at"], data["until_at"]
        if begins is not None and ends is not None and begins >= ends:
            message = "The period ends after it begins."
            raise ValidationError(message, "until")


class PeriodQuerySchema(IntervalSchema, PageQuerySchema):
    """A page of what a period has."""


def side_field() -> fields.String:
    """The filter of lists whose rows have a buyer and a supplier: as which of them one asks."""
    return fields.String(load_default=None, validate=validate.OneOf(("supplier", "buyer")))


@cache
def page_schema(item: type[Schema]) -> type[Schema]:
    """The schema of ``{"items": [...], "next_cursor": ...}`` for an item schema."""
    members = {
        "items": fields.List(fields.Nested(item), required=True),
        "next_cursor": NextCursor(required=True, allow_none=True),
    }
    name = item.__name__.removesuffix("Schema")
    named = {"__doc__": f"A page of `{name}`.", "__module__": item.__module__}
    return type(f"{name}PageSchema", (Schema,), {**named, **members})
