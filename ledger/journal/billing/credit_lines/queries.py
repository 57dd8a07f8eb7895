"""Reads of credit lines."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, awaiting_word, between, matching, paginate
from app.core.principals import Permission, Principal
from ledger.journal.billing.credit_lines.models import CreditLine


def list_credit_lines(
    session: Session,
    own: OrganisationId | None,
    *,
    asks: Principal | None = None,
    organisation_id: str | None = None,
    currency: str | None = None,
    state: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[CreditLine]:
    """Lines of one's ``own`` organisation, or of all in reach, newest first.

    With ``asks`` those alone that wait for a word of its. The period is that of proposing.
    """
    wanted = {
        CreditLine.organisation_id: organisation_id,
        CreditLine.currency: currency,
        CreditLine.state: state,
    }
    statement = select(CreditLine).where(
        *matching(wanted), *between(CreditLine.proposed_at, from_at, until_at)
    )
    if own is not None:
        statement = statement.where(CreditLine.organisation_id == own)
    if asks is not None:
        is_proposed = CreditLine.state == "proposed"
        statement = statement.where(
            awaiting_word(asks, Permission.CONFIRM_TOP_UPS, CreditLine.proposed_by, is_proposed)
        )
    return paginate(session, statement, key=CreditLine.credit_line_id, cursor=cursor, limit=limit)
