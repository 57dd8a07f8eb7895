"""What has happened to accounts of which the audit found something, for the other rooms."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import OrganisationId


@dataclass(frozen=True, kw_only=True)
class AccountWasFrozen(Event):
    """The audit found a sum that does not hold; the account gives nothing until two people look."""

    freeze_id: str
    account_id: str
    organisation_id: OrganisationId
    rule: str


@dataclass(frozen=True, kw_only=True)
class AccountFreezeLifted(Event):
    """Two people looked; the account works again."""

    freeze_id: str
    account_id: str
    organisation_id: OrganisationId
    rule: str
