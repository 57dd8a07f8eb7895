"""What the exchange's staff open is noted before they see it; a route that is not says why."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from flask import Flask, Response, current_app, request

from app.core.principals import Principal
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.web.access import access_of
from app.web.context import find_principal, get

View = TypeVar("View", bound=Callable[..., Any])

READING_METHODS = frozenset({"GET", "HEAD"})
_SHOWN_BELOW = 400
_ID = re.compile(r"[a-z]+_[0-9a-z]{26}|[0-9]{10}-[0-9A-Z]{10}|[0-9a-f]{64}", re.ASCII)
"""An id, a listing code or a hash: what may be noted of an address without telling of a person."""


@dataclass(frozen=True)
class StaffRead:
    """What was opened: the resource's path without its version, and the first id that it names.

    A list that was narrowed to a party has that party's id; a whole list has none.
    """

    subject: str
    opened_id: str | None


class ReadingNotes(Protocol):
    """Where it is noted who opened what."""

    def note(self, uow: UnitOfWork, principal: Principal, read: StaffRead) -> None:
        """Note a reading in the caller's transaction."""
        ...


def unnoted(reason: str) -> Callable[[View], View]:
    """Mark a view whose reading by staff is not noted here, and say why."""

    def mark(view: View) -> View:
        view.unnoted = reason  # type: ignore[attr-defined] # carried along by functools.wraps
        return view

    return mark


def is_noted(view: Callable[..., Any]) -> bool:
    """Whether a reading of this view is noted: what anybody may see is not, nor what says why."""
    access = access_of(view)
    return access is not None and access.permission is not None and not hasattr(view, "unnoted")


def _note_reading(response: Response) -> Response:
    """Note before the answer leaves: a reading that cannot be noted is not answered."""
    principal = find_principal()
    if principal is None or not principal.is_exchange_staff or not _shows_something(response):
        return response
    with get(UnitOfWorkFactory).begin(Reach.EXCHANGE) as uow:
        get(ReadingNotes).note(uow, principal, _read())  # type: ignore[type-abstract]
        uow.commit()
    return response


def _shows_something(response: Response) -> bool:
    if request.endpoint is None or request.method not in READING_METHODS:
        return False
    view = current_app.view_functions[request.endpoint]
    return response.status_code < _SHOWN_BELOW and is_noted(view)


def _read() -> StaffRead:
    named = (request.view_args or {}).values()
    asked = [value for _, value in request.args.items(multi=True)]
    subject = request.path.removeprefix("/v1").strip("/")
    return StaffRead(subject, _first_id([*named, *asked]))


def _first_id(values: Iterable[object]) -> str | None:
    return next((text for text in map(str, values) if _ID.fullmatch(text)), None)


def register(app: Flask) -> None:
    """Note readings after the view, before anything else sees its answer."""
    app.after_request(_note_reading)
