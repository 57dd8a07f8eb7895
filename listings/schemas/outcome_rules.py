"""What an answer counts as: conditions over its members and what is measured, as data."""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.web.schemas import INTEGER_MAX, Integer, Schema
from listings.schemas.terms import Scalar

POINTER_MAX = 200
POINTER_STEPS_MAX = 16
VALUES_MAX = 20
CONDITIONS_MAX = 32
DEPTH_MAX = 4
"""The data plane reads a rule within these bounds only (metering/answers/outcome_rules.py)."""
OTHERWISE = ("hit", "miss", "failure")
GAUGES = ("count", "integer", "text_length", "sum", "bytes")
_COMBINATIONS = ("all", "any", "not")
_BOUNDS = frozenset({"at_least", "at_most"})
_CONDITION = "listings.schemas.outcome_rules.ConditionSchema"
_TESTS = ("failure", "client_error", "miss", "hit")


def pointer(**kwargs: Any) -> fields.String:
    """A JSON Pointer (RFC 6901) into an answer."""
    check = validate.Regexp(
        rf"\A(/([^~/]|~[01])*){{0,{POINTER_STEPS_MAX}}}\Z", error="Not a JSON Pointer."
    )
    return fields.String(validate=[validate.Length(max=POINTER_MAX), check], **kwargs)


class ConditionSchema(Schema):
    """The value at a pointer that decides, or ``all``, ``any`` or ``not`` of other conditions."""

    field = pointer()
    equals = Scalar(allow_none=True)
    among = fields.List(
        Scalar(allow_none=True),
        data_key="in",
        attribute="in",
        validate=validate.Length(min=1, max=VALUES_MAX),
    )
    at_least = Integer(min=-INTEGER_MAX)
    at_most = Integer(min=-INTEGER_MAX)
    is_present = fields.Boolean(truthy={True}, falsy={False})
    every = fields.List(
        fields.Nested(_CONDITION),
        data_key="all",
        attribute="all",
        validate=validate.Length(min=1, max=CONDITIONS_MAX),
    )
    some = fields.List(
        fields.Nested(_CONDITION),
        data_key="any",
        attribute="any",
        validate=validate.Length(min=1, max=CONDITIONS_MAX),
    )
    unless = fields.Nested(_CONDITION, data_key="not", attribute="not")

    @validates_schema
    def _say_one_thing(self, data: dict[str, Any], **_kwargs: Any) -> None:
        words = set(data)
        if words & set(_COMBINATIONS):
            if len(words) != 1:
                msg = "One of 'all', 'any' and 'not', and nothing beside it."
                raise ValidationError(msg)
            return
        compared = words - {"field"}
        if "field" not in words or not (len(compared) == 1 or compared == _BOUNDS):
            msg = "A 'field' with one of 'equals', 'in', 'is_present', or with its bounds."
            raise ValidationError(msg)


class UnitsSchema(Schema):
    """How many units an answer has: what is measured where, divided by ``per`` and rounded up."""

    measure = fields.String(required=True, validate=validate.OneOf(GAUGES))
    at = pointer()
    per = Integer(min=1)

    @validates_schema
    def _point_where_needed(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data.get("measure") == "bytes") == ("at" in data):
            msg = "'at' says where; only 'bytes' measures the whole answer."
            raise ValidationError(msg)


class OutcomeRuleSchema(Schema):
    """What counts as a hit or a miss, or how many rows or units there are.

    Without a rule an answer with status 200 that is not empty is a hit, and 404 a miss.
    """

    failure = fields.Nested(ConditionSchema)
    client_error = fields.Nested(ConditionSchema)
    miss = fields.Nested(ConditionSchema)
    hit = fields.Nested(ConditionSchema)
    otherwise = fields.String(validate=validate.OneOf(OTHERWISE))
    rows = pointer()
    rows_max = Integer(min=1, max=10_000)
    units = fields.Nested(UnitsSchema)
    units_max = Integer(min=1)

    @validates_schema
    def _stay_within_bounds(self, data: dict[str, Any], **_kwargs: Any) -> None:
        found = [depth for name in _TESTS for depth in _depths(data.get(name), 0)]
        if len(found) > CONDITIONS_MAX or max(found, default=0) > DEPTH_MAX:
            msg = f"At most {CONDITIONS_MAX} conditions, nested at most {DEPTH_MAX} deep."
            raise ValidationError(msg)

    @validates_schema
    def _bound_what_is_measured(self, data: dict[str, Any], **_kwargs: Any) -> None:
        units = data.get("units")
        if (units is None) != ("units_max" not in data):
            msg = "Units are measured and bounded: 'units' with 'units_max'."
            raise ValidationError(msg)
        if units and units["measure"] == "sum" and "rows" not in data:
            msg = "'sum' adds up rows: say where 'rows' are."
            raise ValidationError(msg, "units")


def _depths(condition: Mapping[str, Any] | None, depth: int) -> Iterator[int]:
    """The depth of each condition and combination."""
    if condition is None:
        return
    yield depth
    parts = [*condition.get("all", ()), *condition.get("any", ())]
    parts += [condition["not"]] if "not" in condition else []
    for part in parts:
        yield from _depths(part, depth + 1)
