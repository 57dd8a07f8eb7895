"""Field types of every JSON shape: strict, bounded, without floats for money."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import RAISE, ValidationError, fields, validate
from marshmallow import Schema as MarshmallowSchema
from typing_extensions import override

from app.core.clock import iso_instant
from app.core.money import CURRENCIES, UNITS_MAX, NotAnAmount, format_amount, parse_amount

INTEGER_MAX = 2**53 - 1
"""Larger integers do not survive JSON readers that use doubles (RFC 8259 section 6)."""
TEXT_MAX = 200
# Those that move or turn what is shown, so that a reader sees another text than the one approved
# (Unicode TR 36, bidirectional overrides and isolates); tab and line ends stay.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


class Schema(MarshmallowSchema):
    """Base of every shape: unknown fields are refused."""

    class Meta:
        """marshmallow options."""

        unknown = RAISE


class Text(fields.String):
    """Text of ``min`` to ``max`` characters; blank only where ``min`` is 0."""

    def __init__(self, *, max: int = TEXT_MAX, min: int = 1, **kwargs: Any) -> None:  # noqa: A002 -- reads as the contract
        checks = [validate.Length(min=min, max=max), *_as_list(kwargs.pop("validate", None))]
        super().__init__(validate=checks, **kwargs)

    default_error_messages = {  # noqa: RUF012 -- marshmallow
        "blank": "Blank text is not accepted.",
        "control": "Control characters and those that turn the direction are not accepted.",
    }

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if self.required and not text.strip():
            raise self.make_error("blank")
        if _CONTROL.search(text):
            raise self.make_error("control")
        return text


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


class Currency(fields.String):
    """One of the exchange's currencies, by its ISO 4217 code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(CURRENCIES), **kwargs)


class Identifier(fields.String):
    """An id of ours: ``prefix_`` and 26 characters."""

    def __init__(self, **kwargs: Any) -> None:
        pattern = validate.Regexp(r"\A[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}\Z", error="Not an id.")
        super().__init__(validate=pattern, **kwargs)


class Integer(fields.Integer):
    """A whole number; ``3.5``, ``"3"`` and ``true`` are refused in bodies."""

    def __init__(self, *, min: int = 0, max: int = INTEGER_MAX, **kwargs: Any) -> None:  # noqa: A002 -- reads as the contract
        super().__init__(strict=True, validate=validate.Range(min=min, max=max), **kwargs)

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool | float):
            raise self.make_error("invalid")
        number: int = super()._deserialize(value, attr, data, **kwargs)
        return number


class Flag(fields.Boolean):
    """``true`` or ``false``; texts and numbers that look like them are refused."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


def demand_different(values: list[str]) -> None:
    """Raises `ValidationError` where a value stands twice."""
    if len(set(values)) != len(values):
        msg = "A value stands twice."
        raise ValidationError(msg)


class ByName(fields.Dict):
    """An object whose members' names are data; what is wrong is said at the member itself.

    marshmallow says it at a ``key`` or ``value`` below, which the caller's document does not have.
    """

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call] # marshmallow's
        except ValidationError as refusal:
            raise ValidationError(_at_members(refusal.messages)) from None


def _at_members(messages: Any) -> Any:
    if not isinstance(messages, dict):
        return messages
    return {name: each.get("value", each.get("key")) for name, each in messages.items()}


AMOUNT_WRITTEN = "Decimal text with eight places."


class AmountText(fields.Field[int]):
    """A decimal string with at most eight places; in code units at scale 10⁻⁸."""

    default_error_messages = {  # noqa: RUF012 -- marshmallow
        "not_text": 'An amount is a decimal string such as "0.40".',
        "not_an_amount": "An amount is digits, with at most eight after a point: up to"
        f" {format_amount(UNITS_MAX)}.",
        "negative": "An amount is not negative.",
    }

    def __init__(self, *, negative: bool = False, **kwargs: Any) -> None:
        described = {"type": "string", "example": "0.40000000", **kwargs.pop("metadata", {})}
        super().__init__(metadata=described, **kwargs)
        self.negative = negative

    @override
    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        if not isinstance(value, str):
            raise self.make_error("not_text")
        try:
            units = parse_amount(value)
        except NotAnAmount:
            raise self.make_error("not_an_amount") from None
        if units < 0 and not self.negative:
            raise self.make_error("negative")
        return units

    @override
    def _serialize(
        self, value: int | None, attr: str | None, obj: Any, **kwargs: Any
    ) -> str | None:
        return None if value is None else format_amount(value)


class Timestamp(fields.AwareDateTime):
    """An instant with its zone (RFC 3339); kept and shown in UTC with six fraction digits."""

    default_error_messages = dict.fromkeys(
        ("invalid", "invalid_awareness"),
        "An instant with its zone, such as 2026-11-20T08:00:00Z; in an address + is written %2B.",
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", default_timezone=None, **kwargs)

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        try:
            instant: datetime = super()._deserialize(value, attr, data, **kwargs)
            return instant.astimezone(UTC)
        except (OverflowError, TypeError):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None

    @override
    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else iso_instant(value)


class MoneySchema(Schema):
    """An amount and its currency."""

    amount = AmountText(required=True)
    currency = Currency(required=True)


def members_of(schema: Schema, thing: object) -> dict[str, Any]:
    """What a schema shows of a thing, by the names under which the schema looks for it."""
    names = [each.attribute or name for name, each in schema.fields.items()]
    return {name: getattr(thing, name) for name in names}
