"""What a view may ask for: its principal, its unit of work, and what the factory registered."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

from flask import current_app, g

from app.core.ids import OrganisationId
from app.core.principals import Principal
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory

Thing = TypeVar("Thing")


class Registry:
    """Instances by type; filled once by the factory, read by views."""

    def __init__(self) -> None:
        self._things: dict[type, object] = {}

    def add(self, kind: type, thing: object) -> None:
        """Register the instance that satisfies a type or protocol."""
        self._things[kind] = thing

    def get(self, kind: type[Thing]) -> Thing:
        """The instance of a type; a missing one is a wiring bug and raises KeyError."""
        return cast("Thing", self._things[kind])


def get(kind: type[Thing]) -> Thing:
    """The registered instance of a type."""
    registry: Registry = current_app.extensions["counterfoil"]
    return registry.get(kind)


def find_principal() -> Principal | None:
    """The principal, if the request brought one."""
    principal: Principal | None = g.get("principal")
    return principal


def current_principal() -> Principal:
    """The principal of a view that demands one."""
    principal = find_principal()
    assert principal is not None, "the view is marked public but asks who is calling"
    return principal


def whoever_asks(is_for_me: bool) -> Principal | None:  # noqa: FBT001 -- a query's own member
    """Whose word a list is asked about, where it is about anybody's."""
    return current_principal() if is_for_me else None


def own_organisation() -> OrganisationId | None:
    """The first lock: whose rows to ask for; None for the exchange's staff, who see all."""
    principal = current_principal()
    if principal.is_exchange_staff:
        return None
    return OrganisationId(principal.organisation_id)


def reach_of(principal: Principal | None) -> Reach:
    """How far a principal's transactions see: own organisation, everything, or what is public."""
    if principal is None:
        return Reach.PUBLIC
    if principal.is_exchange_staff and principal.has_second_factor:
        return Reach.EXCHANGE
    return Reach.organisation(principal.organisation_id)


@contextmanager
def unit_of_work(reach: Reach | None = None) -> Iterator[UnitOfWork]:
    """The request's unit of work, reaching as far as its principal unless told otherwise.

    Under an Idempotency-Key the transaction is already open and is committed together with the
    stored response (`app.web.idempotency`); otherwise it ends with this block.
    """
    wanted = reach or reach_of(find_principal())
    held: UnitOfWork | None = g.get("held_unit_of_work")
    if held is not None:
        held.enter(wanted)
        yield held
        return
    with get(UnitOfWorkFactory).begin(wanted) as uow:
        yield uow
