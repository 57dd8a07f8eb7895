"""Orders and agreements, for the two parties to them."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.core.paging import Page, paginate
from listings.models import Agreement, Order
from listings.offers.errors import AgreementNotFound, OrderNotFound


def list_orders(
    session: Session, *, organisation_id: str, cursor: str | None, limit: int
) -> Page[Order]:
    """Orders that the organisation placed or received, newest first."""
    statement = select(Order).where(
        or_(Order.buyer_id == organisation_id, Order.supplier_id == organisation_id)
    )
    return paginate(session, statement, key=Order.id, cursor=cursor, limit=limit)


def get_order(session: Session, order_id: str, *, organisation_id: str) -> Order:
    """An order that the organisation is party to; raises `OrderNotFound`."""
    order = session.get(Order, order_id)
    if order is None or organisation_id not in {order.buyer_id, order.supplier_id}:
        raise OrderNotFound(order_id)
    return order


def get_agreement(session: Session, agreement_id: str, *, organisation_id: str) -> Agreement:
    """An agreement that the organisation is party to; raises `AgreementNotFound`."""
    agreement = session.get(Agreement, agreement_id)
    if agreement is None or organisation_id not in {agreement.buyer_id, agreement.supplier_id}:
        raise AgreementNotFound(agreement_id)
    return agreement
