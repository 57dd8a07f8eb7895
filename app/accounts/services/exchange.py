"""The exchange's own organisation, which nobody can register over HTTP."""

from sqlalchemy import select, text

from app.accounts.models import VERIFIED, Organisation
from app.accounts.ports import Passwords
from app.accounts.role_rules import founder_roles
from app.accounts.services.people import make_person
from app.accounts.uscc import parse_uscc
from app.core.unit_of_work import UnitOfWork

_LOCK = "counterfoil.bootstrap_exchange"


def bootstrap_exchange(
    uow: UnitOfWork, passwords: Passwords, *, name: str, uscc: str, email: str, password: str
) -> Organisation:
    """The exchange's organisation with its first operator; an existing one is left as it is.

    Needs the reach of the exchange. Raises `InvalidUscc`, `EmailTaken`, `WeakPassword`.
    """
    uow.session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:lock))"), {"lock": _LOCK})
    existing = uow.session.scalars(select(Organisation).where(Organisation.is_exchange)).first()
    if existing is not None:
        return existing
    exchange = Organisation(
        id=uow.ids.new("org"),
        name=name,
        uscc=parse_uscc(uscc),
        is_supplier=False,
        is_buyer=False,
        is_exchange=True,
        status=VERIFIED,
        registered_at=uow.now,
    )
    uow.session.add(exchange)
    uow.session.flush()
    make_person(
        uow,
        passwords,
        exchange,
        email=email,
        name="Operator",
        password=password,
        roles=founder_roles(exchange.kind),
    )
    return exchange
