"""What time brings about to a portion of rows: one that refuses stops no other."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import structlog
from sqlalchemy import Select, inspect
from sqlalchemy.exc import IntegrityError

from app.core.db import Base
from app.core.errors import CounterfoilError
from app.core.unit_of_work import UnitOfWork

_log = structlog.get_logger("compliance.portions")
Row = TypeVar("Row", bound=Base)


def next_of(uow: UnitOfWork, wanted: Select[Row], limit: int) -> Sequence[Row]:
    """The first of them, locked; those that another worker holds are passed over."""
    return uow.session.scalars(wanted.limit(limit).with_for_update(skip_locked=True)).all()


def each_alone(uow: UnitOfWork, rows: Iterable[Row], act: Callable[[UnitOfWork, Row], int]) -> int:
    """How many rows changed; one that refuses is undone, logged and found again the next time."""
    return sum(_changed(uow, row, act) for row in rows)


def _changed(uow: UnitOfWork, row: Row, act: Callable[[UnitOfWork, Row], int]) -> int:
    try:
        with uow.savepoint():
            return act(uow, row)
    except (IntegrityError, CounterfoilError):
        identity = inspect(row).identity
        _log.exception("row left as it was", table=row.__tablename__, identity=identity)
        return 0
