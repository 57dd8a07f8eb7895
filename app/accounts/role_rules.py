"""Which roles may stand together, and in which organisation."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.accounts.errors import RoleNotForOrganisation, RolesConflict
from app.core.principals import STAFF_ROLES, Role


@dataclass(frozen=True)
class OrganisationKind:
    """What an organisation is, as far as its roles depend on it."""

    is_supplier: bool
    is_buyer: bool
    is_exchange: bool


DECIDING_ROLES = STAFF_ROLES - {Role.AUDITOR, Role.OPERATOR}


def available_roles(kind: OrganisationKind) -> frozenset[Role]:
    """The roles that exist in such an organisation: staff in the exchange, members elsewhere."""
    if kind.is_exchange:
        return STAFF_ROLES
    roles = {Role.OWNER}
    if kind.is_supplier:
        roles.add(Role.SUPPLIER)
    if kind.is_buyer:
        roles.add(Role.BUYER)
    return frozenset(roles)


def founder_roles(kind: OrganisationKind) -> frozenset[Role]:
    """What the first person of an organisation may do."""
    return frozenset({Role.OPERATOR}) if kind.is_exchange else available_roles(kind)


def check_roles(roles: Iterable[Role], kind: OrganisationKind) -> frozenset[Role]:
    """The roles as a set; raises `RoleNotForOrganisation` or `RolesConflict`.

    An operator takes no business decision and an auditor changes nothing, so neither can hold a
    role that decides; the two cannot be one person either.
    """
    held = frozenset(roles)
    foreign = held - available_roles(kind)
    if foreign:
        raise RoleNotForOrganisation(sorted(foreign))
    for exclusive in (Role.AUDITOR, Role.OPERATOR):
        others = held & (DECIDING_ROLES | {Role.AUDITOR, Role.OPERATOR}) - {exclusive}
        if exclusive in held and others:
            raise RolesConflict(exclusive, sorted(others))
    return held
