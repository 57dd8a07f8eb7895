"""Reads of monthly runs."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.paging import Page, paginate
from ledger.journal.billing.runs.models import BillingRun


def list_runs(session: Session, *, cursor: str | None, limit: int) -> Page[BillingRun]:
    """Runs, newest month first."""
    return paginate(session, select(BillingRun), key=BillingRun.month, cursor=cursor, limit=limit)
