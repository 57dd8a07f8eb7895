"""Who may sign a buyer's calls, and which licences ask for it; behind the licences' fences."""

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.unit_of_work import UnitOfWork
from metering.models import Entitlement, RequestSigner
from metering.services import close_fences


def admit_signer(uow: UnitOfWork, *, organisation_id: str, vkey: str, public_key: bytes) -> None:
    """Let a buyer's key sign its calls; told of it again, nothing changes."""
    statement = insert(RequestSigner).values(
        vkey=vkey, organisation_id=organisation_id, public_key=public_key, admitted_at=uow.now
    )
    uow.session.execute(statement.on_conflict_do_nothing(index_elements=[RequestSigner.vkey]))
    _change_signed(uow, organisation_id)


def withdraw_signer(uow: UnitOfWork, *, organisation_id: str, vkey: str) -> None:
    """Take no more calls under the key: none that is committed after this rests on it."""
    uow.session.execute(
        update(RequestSigner)
        .where(
            RequestSigner.vkey == vkey,
            RequestSigner.organisation_id == organisation_id,
            RequestSigner.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=uow.now)
    )
    _change_signed(uow, organisation_id)


def demand_signatures(uow: UnitOfWork, *, licence_id: str, is_signed: bool) -> None:
    """Ask the buyer to sign each call of the licence, or ask for it no more.

    No call that is committed after this lacks a signature that is asked for.
    """
    close_fences(uow, "licence", [licence_id])
    uow.session.execute(
        update(Entitlement)
        .where(Entitlement.licence_id == licence_id, Entitlement.is_signed != is_signed)
        .values(is_signed=is_signed, revision=Entitlement.revision + 1, changed_at=uow.now)
    )


def _change_signed(uow: UnitOfWork, organisation_id: str) -> None:
    """Have calls in flight under the buyer's signed licences decided again."""
    of_buyer = select(Entitlement.licence_id).where(
        Entitlement.buyer_id == organisation_id, Entitlement.is_signed
    )
    licences = list(uow.session.scalars(of_buyer))
    if not licences:
        return
    close_fences(uow, "licence", licences)
    uow.session.execute(
        update(Entitlement)
        .where(Entitlement.licence_id.in_(licences))
        .values(revision=Entitlement.revision + 1, changed_at=uow.now)
    )
