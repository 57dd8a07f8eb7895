"""Reads of this room."""

from sqlalchemy import select

from app.core.outbox import OutboxMessage
from app.core.paging import Page, matching, paginate
from app.core.unit_of_work import UnitOfWork


def list_effects(
    uow: UnitOfWork, *, cursor: str | None, limit: int, state: str | None, topic: str | None
) -> Page[OutboxMessage]:
    """Effects, newest first; raises `InvalidCursor`."""
    wanted = matching({OutboxMessage.state: state, OutboxMessage.topic: topic})
    statement = select(OutboxMessage).where(*wanted)
    return paginate(
        uow.session, statement, key=OutboxMessage.id, cursor=cursor, limit=limit, parse=int
    )
