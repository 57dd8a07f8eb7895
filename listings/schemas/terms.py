"""Field types that only this room needs: codes of a vocabulary, dates, retention, scalars."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate
from typing_extensions import override

from app.core.clock import iso_instant
from app.web.schemas import Text, demand_different
from listings.vocabulary import codes

RETENTION = re.compile(r"NO_CACHE|CONTRACT_TERM|UNLIMITED|FIXED:[1-9][0-9]{0,4}", re.ASCII)
REGION = rf"\A(WORLD|[A-Z]{{2}}|({'|'.join(sorted(codes('provinces')))})([0-9]{{2}}){{0,2}})\Z"
REFERENCE_MAX = 100
_POINTER_MAX = 200


class Code(fields.String):
    """A code of one vocabulary."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(sorted(codes(name))), **kwargs)


class Codes(fields.List[str]):
    """Different codes of one vocabulary."""

    def __init__(self, name: str, *, max: int, min: int = 1, **kwargs: Any) -> None:  # noqa: A002 -- reads as the contract
        super().__init__(
            Code(name), validate=(validate.Length(min=min, max=max), demand_different), **kwargs
        )


class Region(fields.String):
    """WORLD, a country by ISO 3166-1 or a Chinese division by GB/T 2260 (2, 4 or 6 digits)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(REGION, error="Not a region code."), **kwargs)


class Regions(fields.List[str]):
    """Different regions."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            Region(), validate=(validate.Length(min=1, max=50), demand_different), **kwargs
        )


class EvidenceReference(Text):
    """The title or the SHA-256 of a document among the version's evidence."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max=REFERENCE_MAX, **kwargs)


class Sha256(fields.String):
    """SHA-256 in lower-case hexadecimal."""

    def __init__(self, **kwargs: Any) -> None:
        check = validate.Regexp(r"\A[0-9a-f]{64}\Z", error="64 hex digits.")
        super().__init__(validate=check, **kwargs)


class WebAddress(fields.String):
    """An http or https address that people or machines may open."""

    def __init__(self, **kwargs: Any) -> None:
        pattern = r"\Ahttps?://[!-~]{1,490}\Z"
        super().__init__(
            validate=validate.Regexp(pattern, error="An http or https address."), **kwargs
        )


class DecimalText(fields.String):
    """A decimal number that is not negative, as text: no float enters a dossier."""

    def __init__(self, **kwargs: Any) -> None:
        check = validate.Regexp(r"\A[0-9]{1,18}(\.[0-9]{1,6})?\Z", error="A decimal number.")
        super().__init__(validate=check, **kwargs)


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


class InstantText(Text):
    """An instant with its zone (RFC 3339), kept as text in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max=40, min=10, metadata={"format": "date-time"}, **kwargs)

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            instant = datetime.fromisoformat(text)
            if instant.tzinfo is not None:
                return iso_instant(instant.astimezone(UTC))
        except (ValueError, OverflowError):
            pass
        msg = "An instant is written 2026-11-20T08:00:00Z."
        raise ValidationError(msg)


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
