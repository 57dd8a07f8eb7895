"""Who makes a request, and what they may do; roles are per organisation, default deny."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network

from typing_extensions import override


class Role(StrEnum):
    """What a person is in their organisation; the staff roles exist only in the exchange's own."""

    OWNER = "owner"
    SUPPLIER = "supplier"
    BUYER = "buyer"
    REVIEWER = "reviewer"
    LISTING_OFFICER = "listing_officer"
    RISK_OFFICER = "risk_officer"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    INTAKE_OFFICER = "intake_officer"
    PANEL_MEMBER = "panel_member"
    APPEAL_MEMBER = "appeal_member"


MEMBER_ROLES = frozenset({Role.OWNER, Role.SUPPLIER, Role.BUYER})
STAFF_ROLES = frozenset(Role) - MEMBER_ROLES


class Permission(StrEnum):
    """One thing that a route may demand."""

    MANAGE_ORGANISATION = "manage_organisation"
    MANAGE_KEYS = "manage_keys"
    MANAGE_COLLECTORS = "manage_collectors"
    MANAGE_WEBHOOKS = "manage_webhooks"
    READ_OWN = "read_own"
    READ_ACCOUNTS = "read_accounts"
    OFFER_PRODUCTS = "offer_products"
    RECORD_CONSENTS = "record_consents"
    READ_CONSENTS = "read_consents"
    KEEP_DOCUMENTS = "keep_documents"
    READ_DOCUMENTS = "read_documents"
    BUY = "buy"
    REGISTER_BANK_ACCOUNTS = "register_bank_accounts"
    VERIFY_ORGANISATIONS = "verify_organisations"
    MANAGE_STAFF = "manage_staff"
    ADMIT = "admit"
    REVIEW = "review"
    VOTE = "vote"
    DECIDE_APPEALS = "decide_appeals"
    SET_POLICY = "set_policy"
    READ_WORKLOAD = "read_workload"
    LIST = "list"
    SUSPEND = "suspend"
    CONFIRM_TOP_UPS = "confirm_top_ups"
    PROPOSE_PAYOUTS = "propose_payouts"
    APPROVE_PAYOUTS = "approve_payouts"
    DECIDE_DISPUTES = "decide_disputes"
    OPERATE = "operate"
    AUDIT = "audit"
    READ_EXCHANGE = "read_exchange"


_MEMBER = frozenset(
    {
        Permission.READ_OWN,
        Permission.READ_ACCOUNTS,
        Permission.READ_CONSENTS,
        Permission.KEEP_DOCUMENTS,
        Permission.READ_DOCUMENTS,
    }
)
_STAFF = frozenset({Permission.READ_OWN, Permission.READ_CONSENTS, Permission.READ_EXCHANGE})

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: _MEMBER
    | {
        Permission.MANAGE_ORGANISATION,
        Permission.MANAGE_KEYS,
        Permission.MANAGE_COLLECTORS,
        Permission.MANAGE_WEBHOOKS,
    },
    Role.SUPPLIER: _MEMBER
    | {
        Permission.OFFER_PRODUCTS,
        Permission.REGISTER_BANK_ACCOUNTS,
        Permission.RECORD_CONSENTS,
        Permission.MANAGE_COLLECTORS,
        Permission.MANAGE_WEBHOOKS,
    },
    Role.BUYER: _MEMBER
    | {
        Permission.BUY,
        Permission.REGISTER_BANK_ACCOUNTS,
        Permission.MANAGE_KEYS,
        Permission.MANAGE_WEBHOOKS,
    },
    Role.REVIEWER: _STAFF
    | {
        Permission.REVIEW,
        Permission.VERIFY_ORGANISATIONS,
        Permission.SUSPEND,
        Permission.READ_DOCUMENTS,
    },
    Role.LISTING_OFFICER: _STAFF | {Permission.LIST, Permission.READ_DOCUMENTS},
    # Who proposes a payout never approves one, not even another's: the roles exclude each other.
    Role.RISK_OFFICER: _STAFF
    | {
        Permission.SUSPEND,
        Permission.APPROVE_PAYOUTS,
        Permission.DECIDE_DISPUTES,
        Permission.SET_POLICY,
        Permission.READ_WORKLOAD,
        Permission.READ_DOCUMENTS,
    },
    Role.INTAKE_OFFICER: _STAFF | {Permission.ADMIT, Permission.READ_DOCUMENTS},
    Role.PANEL_MEMBER: _STAFF | {Permission.VOTE, Permission.READ_DOCUMENTS},
    Role.APPEAL_MEMBER: _STAFF | {Permission.DECIDE_APPEALS, Permission.READ_DOCUMENTS},
    Role.OPERATOR: _STAFF
    | {
        Permission.OPERATE,
        Permission.MANAGE_STAFF,
        Permission.CONFIRM_TOP_UPS,
        Permission.PROPOSE_PAYOUTS,
        Permission.READ_WORKLOAD,
    },
    Role.AUDITOR: _STAFF
    | {
        Permission.AUDIT,
        Permission.READ_ACCOUNTS,
        Permission.READ_WORKLOAD,
        Permission.READ_DOCUMENTS,
    },
}

SECOND_FACTOR_PERMISSIONS = frozenset(
    permission
    for role in STAFF_ROLES
    for permission in ROLE_PERMISSIONS[role]
    if permission not in _MEMBER
)
"""Permissions of the exchange's staff: worthless without a second factor in the session."""

COLLECTOR_PERMISSIONS = frozenset({Permission.RECORD_CONSENTS, Permission.READ_CONSENTS})
"""All that a system does which collects consents; no role grants it, only a key of its own."""


@dataclass(frozen=True)
class Principal:
    """Whoever makes this request, person or machine."""

    id: str
    organisation_id: str
    roles: frozenset[Role]
    is_machine: bool = False
    has_second_factor: bool = False

    @property
    def is_exchange_staff(self) -> bool:
        """Whether any role is one of the exchange's own."""
        return bool(self.roles & STAFF_ROLES)

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything that the roles grant; staff permissions only with the second factor."""
        granted = frozenset().union(*(ROLE_PERMISSIONS[role] for role in self.roles))
        return granted if self.has_second_factor else granted - SECOND_FACTOR_PERMISSIONS

    def may(self, permission: Permission) -> bool:
        """Whether this principal holds the permission now."""
        return permission in self.permissions


@dataclass(frozen=True)
class Machine(Principal):
    """A system with a key of its own: it holds no role, and nothing but what the key grants."""

    granted: frozenset[Permission] = frozenset()
    networks: tuple[str, ...] = ()
    requests_per_minute: int | None = None

    @property
    @override
    def permissions(self) -> frozenset[Permission]:
        """What the key grants, whatever its organisation may do."""
        return self.granted

    def may_come_from(self, address: str) -> bool:
        """Whether the key may be used from there; without networks, from anywhere."""
        if not self.networks:
            return True
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in ip_network(network) for network in self.networks)
