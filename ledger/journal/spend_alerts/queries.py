"""Reads of alerts."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from ledger.journal.spend_alerts.models import SpendAlert


def list_alerts(session: Session, organisation_id: OrganisationId) -> list[SpendAlert]:
    """The organisation's alerts, by currency."""
    wanted = select(SpendAlert).where(SpendAlert.organisation_id == organisation_id)
    return list(session.scalars(wanted.order_by(SpendAlert.currency)))
