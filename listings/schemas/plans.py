"""Plans: as a supplier proposes them, and their canonical terms."""

from marshmallow import fields, validate

from app.core.money import HOME_CURRENCY, SCALE, format_amount
from app.web.schemas import AmountText, Currency, Integer, Schema
from listings.offers.plan_terms import (
    CALLS_PER_SECOND_DEFAULT,
    CARRY,
    KINDS,
    MONTH,
    NO_ROLL_OVER,
    QUARTER,
    TERM,
    YEAR,
)
from listings.schemas.terms import Code

UNITS_MAX = 10**12
TIERS_MAX = 20
MINIMUM_MAX = 100_000_000 * SCALE
"""As much as one top-up: it is owed without cover, and the books' sums must hold many of them."""
_PERIODS = (MONTH, QUARTER, YEAR, TERM)


def _period(*, required: bool = False) -> fields.String:
    return fields.String(validate=validate.OneOf(_PERIODS), required=required)


class DraftTierSchema(Schema):
    """The price of units up to and with the ``up_to``-th of a period; null: of all further ones."""

    up_to = Integer(min=1, max=UNITS_MAX, required=True, allow_none=True)
    unit_price = AmountText(required=True)


class DraftMinimumSchema(Schema):
    """What a period costs at least; the difference is charged when it closes."""

    amount = AmountText(
        required=True,
        validate=[
            validate.Range(min=1, error="More than nothing."),
            validate.Range(max=MINIMUM_MAX, error=f"At most {format_amount(MINIMUM_MAX)}."),
        ],
    )
    period = _period(required=True)


class DraftPlanSchema(Schema):
    """Price and allowance; amounts are decimal strings of the currency unit."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    unit = Code("units", required=True)
    unit_price = AmountText()
    tiers = fields.List(
        fields.Nested(DraftTierSchema), validate=validate.Length(min=1, max=TIERS_MAX)
    )
    period = _period()
    period_fee = AmountText()
    included_units = Integer(max=UNITS_MAX)
    overage_price = AmountText(allow_none=True)
    package_units = Integer(min=1, max=UNITS_MAX, allow_none=True)
    package_price = AmountText()
    valid_days = Integer(min=1, max=3_650)
    roll_over = fields.String(validate=validate.OneOf((NO_ROLL_OVER, CARRY)))
    free_units = Integer(load_default=0, max=10**9)
    trial_units = Integer(min=1, max=10**9)
    trial_days = Integer(min=1, max=365)
    minimum = fields.Nested(DraftMinimumSchema)
    currency = Currency(load_default=HOME_CURRENCY)
    calls_per_second = Integer(min=1, max=10_000, load_default=CALLS_PER_SECOND_DEFAULT)


class TierTermsSchema(Schema):
    """A tier of canonical terms."""

    up_to = fields.Integer(allow_none=True)
    unit_price = fields.String()


class MinimumTermsSchema(Schema):
    """The least that a period costs."""

    amount = fields.String()
    period = fields.String()


class PlanTermsSchema(Schema):
    """The canonical terms of a plan; amounts are decimal strings, members as its kind has them."""

    kind = fields.String(validate=validate.OneOf(KINDS))
    unit = fields.String()
    unit_price = fields.String()
    tiers = fields.List(fields.Nested(TierTermsSchema))
    period = fields.String()
    period_fee = fields.String()
    included_units = fields.Integer()
    overage_price = fields.String()
    package_units = fields.Integer(allow_none=True)
    package_price = fields.String()
    valid_days = fields.Integer()
    roll_over = fields.String()
    free_units = fields.Integer()
    trial_units = fields.Integer()
    trial_days = fields.Integer()
    minimum = fields.Nested(MinimumTermsSchema)
    currency = fields.String()
    calls_per_second = fields.Integer()
