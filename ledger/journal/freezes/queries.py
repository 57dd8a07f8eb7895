"""Reads of freezes."""

from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, awaiting_word, between, holding, matching, paginate
from app.core.principals import Permission, Principal
from ledger.journal.books.models import AccountFreeze


def list_freezes(
    session: Session,
    own: OrganisationId | None,
    *,
    asks: Principal | None = None,
    organisation_id: str | None = None,
    is_open: bool | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[AccountFreeze]:
    """Freezes of one's ``own`` organisation's accounts, or of all in reach, newest first.

    With ``asks`` those alone whose lifting waits for a word of its. The period is that of freezing.
    """
    statement = select(AccountFreeze).where(
        *matching({AccountFreeze.organisation_id: organisation_id}),
        *holding(AccountFreeze.lifted_at.is_(None), is_open),
        *between(AccountFreeze.frozen_at, from_at, until_at),
    )
    if own is not None:
        statement = statement.where(AccountFreeze.organisation_id == own)
    if asks is not None:
        first_by = AccountFreeze.lift_asked_by
        is_asked = and_(first_by.is_not(None), AccountFreeze.lifted_at.is_(None))
        statement = statement.where(awaiting_word(asks, Permission.OPERATE, first_by, is_asked))
    return paginate(session, statement, key=AccountFreeze.freeze_id, cursor=cursor, limit=limit)
