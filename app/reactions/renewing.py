"""Subscriptions that do not go on: periods are metering's, licences are compliance's."""

from app.core.unit_of_work import UnitOfWork
from compliance import services as compliance
from metering.plans.renewals import list_unrenewed

PORTION = 20


def end_unrenewed(uow: UnitOfWork) -> int:
    """Give up the licences whose last paid period is over, for the buyer who said so."""
    due = list_unrenewed(uow.session, at=uow.now, limit=PORTION)
    return sum(
        compliance.end_unrenewed(uow, licence_id=licence_id, actor_id=person_id)
        for licence_id, person_id in due
    )
