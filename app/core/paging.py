"""Cursor paging over time-ordered ids: stable under inserts, bounded, no offsets."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.errors import CounterfoilError, ErrorKind
from app.core.principals import Permission, Principal

Item = TypeVar("Item")
LIMIT_DEFAULT = 20
LIMIT_MAX = 100
_BIGINT_MAX = 2**63 - 1


class InvalidCursor(CounterfoilError):
    """The cursor was not one that a page of this list gave."""

    kind = ErrorKind.INVALID
    slug = "invalid-cursor"
    title = "The cursor is not one of this list"

    def __init__(self) -> None:
        super().__init__(
            "Use next_cursor of the previous page unchanged and with its filters, or leave it out."
        )


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Items and the cursor of the next page; no cursor means the end."""

    items: list[Item]
    next_cursor: str | None


def encode_cursor(value: str) -> str:
    """An opaque cursor for a key."""
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The key inside a cursor; raises `InvalidCursor`."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidCursor from None
    if "\x00" in key:
        raise InvalidCursor
    return key


def between(
    column: InstrumentedAttribute[datetime], from_at: datetime | None, until_at: datetime | None
) -> list[ColumnElement[bool]]:
    """Conditions: from ``from_at`` on, and before ``until_at``; None bounds nothing."""
    bounds = []
    if from_at is not None:
        bounds.append(column >= from_at)
    if until_at is not None:
        bounds.append(column < until_at)
    return bounds


def matching(
    wanted: Mapping[InstrumentedAttribute[Any], object | None],
) -> list[ColumnElement[bool]]:
    """Conditions: each column has its value; None narrows nothing."""
    return [column == value for column, value in wanted.items() if value is not None]


def holding(
    condition: ColumnElement[bool],
    is_wanted: bool | None,  # noqa: FBT001 -- a query's own member
) -> list[ColumnElement[bool]]:
    """Conditions: it holds, or with False it does not; None narrows nothing."""
    if is_wanted is None:
        return []
    return [condition if is_wanted else not_(condition)]


def of_party(
    organisation_id: str | None,
    side: str | None = None,
    *,
    buyer: InstrumentedAttribute[Any],
    supplier: InstrumentedAttribute[Any],
) -> list[ColumnElement[bool]]:
    """Conditions: the organisation is its buyer or supplier, with a ``side`` that one alone.

    Without an organisation everybody's rows are asked for, and nothing is narrowed.
    """
    if organisation_id is None:
        return []
    sides = {"buyer": buyer == organisation_id, "supplier": supplier == organisation_id}
    return [or_(*sides.values()) if side is None else sides[side]]


def awaiting_word(
    principal: Principal,
    permission: Permission,
    first_by: InstrumentedAttribute[Any],
    *waiting: ColumnElement[bool],
) -> ColumnElement[bool]:
    """Condition: it waits for a second person's word, and the principal may give that."""
    if not principal.may(permission):
        return false()
    return and_(*waiting, first_by != principal.id)


def containing(
    words: str | None, *columns: InstrumentedAttribute[str]
) -> list[ColumnElement[bool]]:
    """Conditions: one of the columns has the words in it, capitals aside; None narrows nothing.

    It reads every row in reach: for tables that people fill by hand.
    """
    if not words or not words.strip():
        return []
    sought = words.strip().lower()
    return [or_(*(func.strpos(func.lower(column), sought) > 0 for column in columns))]


def paginate(
    session: Session,
    statement: Select[Item],
    *,
    key: InstrumentedAttribute[Any] | ColumnElement[Any],
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
    newest_first: bool = True,
    parse: Callable[[str], Any] = str,
) -> Page[Item]:
    """One page of a statement ordered by a unique, time-ordered key.

    ``parse`` turns the cursor's text into the key's type. Raises `InvalidCursor`.
    """
    if cursor is not None:
        bound = _read_cursor(cursor, parse)
        statement = statement.where(key < bound if newest_first else key > bound)
    ordered = statement.order_by(key.desc() if newest_first else key.asc())
    items = list(session.scalars(ordered.limit(min(limit, LIMIT_MAX) + 1)))
    if len(items) <= min(limit, LIMIT_MAX):
        return Page(items, None)
    kept = items[: min(limit, LIMIT_MAX)]
    return Page(kept, encode_cursor(str(getattr(kept[-1], str(key.key)))))


def _read_cursor(cursor: str, parse: Callable[[str], Any]) -> Any:
    try:
        bound = parse(decode_cursor(cursor))
    except ValueError:
        raise InvalidCursor from None
    if isinstance(bound, int) and abs(bound) > _BIGINT_MAX:
        raise InvalidCursor
    return bound
