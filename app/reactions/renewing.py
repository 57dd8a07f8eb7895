"""Subscriptions that do not go on: periods are metering's, licences are compliance's."""

from app.core.portions import alone
from app.core.unit_of_work import UnitOfWork
from compliance import services as compliance
from metering.plans.renewals import list_unrenewed

PORTION = 20


def end_unrenewed(uow: UnitOfWork) -> int:
    """Give up the licences whose last paid period is over, for the buyer who said so."""
    due = list_unrenewed(uow.session, at=uow.now, limit=PORTION)
    return sum(_end(uow, *each) for each in due)


def _end(uow: UnitOfWork, licence_id: str, person_id: str) -> int:
    def end() -> int:
        return compliance.end_unrenewed(uow, licence_id=licence_id, actor_id=person_id)

    return alone(uow, "licence not given up", end, licence_id=licence_id)
