"""Field types that only this room needs: codes of a vocabulary, dates, retention, scalars."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validate
from typing_extensions import override

from app.web.schemas import Text
from listings.vocabulary import codes

RETENTION = re.compile(r"NO_CACHE|CONTRACT_TERM|UNLIMITED|FIXED:[1-9][0-9]{0,4}", re.ASCII)
REGION = r"\A(WORLD|[A-Z]{2}|[1-9][0-9]([0-9]{2}){0,2})\Z"
CURRENCIES = ("CNY", "USD", "EUR", "HKD")
_POINTER_MAX = 200


class Code(fields.String):
    """A code of one vocabulary."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(sorted(codes(name))), **kwargs)


class Codes(fields.List[str]):
    """Different codes of one vocabulary."""

    def __init__(self, name: str, *, max: int, min: int = 1, **kwargs: Any) -> None:  # noqa: A002 -- reads as the contract
        super().__init__(
            Code(name), validate=(validate.Length(min=min, max=max), _different), **kwargs
        )


class Regions(fields.List[str]):
    """WORLD, countries by ISO 3166-1 or Chinese divisions by GB/T 2260."""

    def __init__(self, **kwargs: Any) -> None:
        region = fields.String(validate=validate.Regexp(REGION, error="Not a region code."))
        super().__init__(region, validate=(validate.Length(min=1, max=50), _different), **kwargs)


def _different(values: list[str]) -> None:
    if len(set(values)) != len(values):
        msg = "A value stands twice."
        raise ValidationError(msg)


class DateText(Text):
    """A day as ISO 8601 writes it, kept as text: dossiers hold no other types."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max=10, min=10, metadata={"format": "date"}, **kwargs)

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            is_day = date.fromisoformat(text).isoformat() == text
        except ValueError:
            is_day = False
        if not is_day:
            msg = "A day is written 2026-11-20."
            raise ValidationError(msg)
        return text


class Retention(fields.String):
    """NO_CACHE, CONTRACT_TERM, UNLIMITED or FIXED:<days>."""

    def __init__(self, **kwargs: Any) -> None:
        check = validate.Regexp(rf"\A(?:{RETENTION.pattern})\Z", error="Not a retention.")
        super().__init__(validate=check, **kwargs)


class Scalar(fields.Field[Any]):
    """Text, a whole number, true, false or null: what a pointer may be compared with."""

    @override
    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, str | int | None):
            msg = "A text, a whole number, true, false or null."
            raise ValidationError(msg)
        if isinstance(value, str) and len(value) > _POINTER_MAX:
            msg = f"At most {_POINTER_MAX} characters."
            raise ValidationError(msg)
        if isinstance(value, int) and abs(value) >= 2**53:
            msg = "A whole number within 53 bits."
            raise ValidationError(msg)
        return value


class Row(fields.Field[dict[str, Any]]):
    """One row of a sample: names of fields and single values."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "object"}, **kwargs)

    @override
    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            msg = "A row is an object."
            raise ValidationError(msg)
        if any(isinstance(item, float | list | dict) for item in value.values()):
            msg = "A row holds text, whole numbers, true, false and null; decimals are text."
            raise ValidationError(msg)
        return value
