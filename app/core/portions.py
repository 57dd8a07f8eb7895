"""What time brings about to a portion of rows: one that refuses stops no other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Select, inspect

from app.core.db import Base, was_away
from app.core.unit_of_work import UnitOfWork

_log = structlog.get_logger("portions")
Row = TypeVar("Row", bound=Base)


@dataclass
class Attempt:
    """What was tried with one item, and why it failed, if it did."""

    error: Exception | None = None


@contextmanager
def attempt(uow: UnitOfWork, what_failed: str, **named: object) -> Iterator[Attempt]:
    """Undo what fails in the block alone, with its reactions, and log it under these names.

    Whatever the fault is, it is this item's: those behind it must not wait for its mending. Only a
    database that is away is everybody's, and raises.
    """
    tried = Attempt()
    try:
        with uow.savepoint():
            yield tried
    except Exception as error:
        if was_away(error):
            raise
        _log.exception(what_failed, **named)
        tried.error = error


def alone(uow: UnitOfWork, what_failed: str, act: Callable[[], int], **named: object) -> int:
    """How much it did; nothing where that failed, or what it set off."""
    done = 0
    with attempt(uow, what_failed, **named) as tried:
        done = act()
    return 0 if tried.error else done


def next_of(uow: UnitOfWork, wanted: Select[Row], limit: int) -> Sequence[Row]:
    """The first of them, locked; those that another worker holds are passed over."""
    return uow.session.scalars(wanted.limit(limit).with_for_update(skip_locked=True)).all()


def each_alone(uow: UnitOfWork, rows: Iterable[Row], act: Callable[[UnitOfWork, Row], int]) -> int:
    """How many rows changed; one that refuses is undone, logged and found again the next time."""
    return sum(_changed(uow, row, act) for row in rows)


def _changed(uow: UnitOfWork, row: Row, act: Callable[[UnitOfWork, Row], int]) -> int:
    named = {"table": row.__tablename__, "identity": inspect(row).identity}
    return alone(uow, "row left as it was", partial(act, uow, row), **named)
