"""Transfers of registrations, for the holder that gives and the supplier that takes over."""

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from app.core.paging import Page, paginate
from listings.models import RegistrationTransfer
from listings.registry.transfer_errors import TransferNotFound
from listings.registry.transfer_states import ACCEPTED, OPEN


def list_transfers(
    session: Session,
    *,
    organisation_id: str | None,
    side: str | None = None,
    state: str | None = None,
    registration_id: str | None = None,
    cursor: str | None,
    limit: int,
) -> Page[RegistrationTransfer]:
    """Transfers that the organisation has a part in, or all (None), newest first."""
    statement = select(RegistrationTransfer).where(_is_party(organisation_id, side))
    if state is not None:
        statement = statement.where(RegistrationTransfer.state == state)
    if registration_id is not None:
        statement = statement.where(
            or_(
                RegistrationTransfer.registration_id == registration_id,
                RegistrationTransfer.successor_id == registration_id,
            )
        )
    return paginate(session, statement, key=RegistrationTransfer.id, cursor=cursor, limit=limit)


def _is_party(organisation_id: str | None, side: str | None) -> ColumnElement[bool]:
    if organisation_id is None:
        return true()
    sides = {
        "supplier": RegistrationTransfer.supplier_id == organisation_id,
        "transferee": RegistrationTransfer.transferee_id == organisation_id,
    }
    return or_(*sides.values()) if side is None else sides[side]


def get_transfer(
    session: Session, transfer_id: str, *, organisation_id: str | None
) -> RegistrationTransfer:
    """A transfer that the organisation has a part in; raises `TransferNotFound`."""
    return _one(session, transfer_id, _is_party(organisation_id, None), is_locked=False)


def lock_transfer(
    session: Session, transfer_id: str, *, organisation_id: str, side: str
) -> RegistrationTransfer:
    """As `get_transfer`, of one side's, and nobody else changes it; raises `TransferNotFound`."""
    return _one(session, transfer_id, _is_party(organisation_id, side), is_locked=True)


def _one(
    session: Session, transfer_id: str, is_party: ColumnElement[bool], *, is_locked: bool
) -> RegistrationTransfer:
    statement = select(RegistrationTransfer).where(RegistrationTransfer.id == transfer_id, is_party)
    if is_locked:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise TransferNotFound(transfer_id)
    return found


def find_open_transfer(session: Session, product_id: str) -> RegistrationTransfer | None:
    """What is under way for the product, held to the end of the transaction."""
    statement = select(RegistrationTransfer).where(
        RegistrationTransfer.product_id == product_id, RegistrationTransfer.state.in_(OPEN)
    )
    return session.scalars(statement.with_for_update()).one_or_none()


def find_transfer_to(session: Session, successor_product_id: str) -> RegistrationTransfer | None:
    """The accepted transfer that the product was begun for, held likewise."""
    statement = select(RegistrationTransfer).where(
        RegistrationTransfer.successor_product_id == successor_product_id,
        RegistrationTransfer.state == ACCEPTED,
    )
    return session.scalars(statement.with_for_update()).one_or_none()
