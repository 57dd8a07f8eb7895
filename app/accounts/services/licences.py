"""What other rooms tell this one about licences, because an API key needs one."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from app.accounts.access_models import HeldLicence
from app.core.unit_of_work import UnitOfWork


def note_licence(uow: UnitOfWork, *, licence_id: str, buyer_id: str, ends_at: datetime) -> None:
    """A licence was issued to a buyer, or its end changed."""
    values = {"organisation_id": buyer_id, "ends_at": ends_at}
    uow.session.execute(
        insert(HeldLicence)
        .values(licence_id=licence_id, **values)
        .on_conflict_do_update(index_elements=["licence_id"], set_=values)
    )


def note_licence_ended(uow: UnitOfWork, *, licence_id: str) -> None:
    """A licence ended before its time: no new keys, no rotation.

    Its keys stay known, so that a call with one of them is answered with the revocation of the
    licence, which is the fact, and not with an unknown key.
    """
    uow.session.execute(
        update(HeldLicence)
        .where(HeldLicence.licence_id == licence_id, HeldLicence.ended_at.is_(None))
        .values(ended_at=uow.now)
    )
