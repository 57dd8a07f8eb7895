"""Shapes of terms: the members of a declared use, and what is taken away from it."""

from typing import Any

from marshmallow import ValidationError, fields, validate

from app.web.schemas import Integer, Schema, Text, Timestamp, demand_different
from compliance.terms.purposes import CODES
from compliance.terms.regions import is_region
from compliance.terms.retention import is_retention

FIELDS_MAX = 200
CALLS_MAX = 10**12
CALLS_PER_SECOND_MAX = 10_000


def _purposes() -> fields.List[str]:
    code = fields.String(validate=validate.OneOf(sorted(CODES)))
    return fields.List(code, validate=[validate.Length(min=1, max=len(CODES)), demand_different])


def regions_of(**kwargs: Any) -> fields.List[str]:
    """A list of distinct regions."""
    region = fields.String(validate=_demand_region)
    return fields.List(
        region, validate=[validate.Length(min=1, max=50), demand_different], **kwargs
    )


def _demand_region(code: str) -> None:
    if not is_region(code):
        msg = "WORLD, a country by ISO 3166-1 or a GB/T 2260 code."
        raise ValidationError(msg)


def demand_retention(text: str) -> None:
    """Raises `ValidationError` for what is no rule of retention."""
    if not is_retention(text):
        msg = "NO_CACHE, FIXED:<days>, CONTRACT_TERM or UNLIMITED."
        raise ValidationError(msg)


class NarrowedTermsSchema(Schema):
    """What the reviewer takes away; only members that are named are narrowed."""

    purposes = _purposes()
    fields_kept = fields.List(
        Text(max=63),
        data_key="fields",
        attribute="fields",
        validate=validate.Length(min=1, max=FIELDS_MAX),
    )
    regions = regions_of()
    calls_max = Integer(min=1, max=CALLS_MAX)
    calls_per_second = Integer(min=1, max=CALLS_PER_SECOND_MAX)
    starts_at = Timestamp()
    ends_at = Timestamp()
    retention = fields.String(validate=demand_retention)
