"""What has happened to credit lines, for the other rooms; amounts in 10⁻⁸ units."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import OrganisationId


@dataclass(frozen=True, kw_only=True)
class CreditLineProposed(Event):
    """An operator proposed that an organisation may owe up to a limit."""

    credit_line_id: str
    organisation_id: OrganisationId
    limit_amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class CreditLineApproved(Event):
    """A second operator approved it: the wallet lends from now on."""

    credit_line_id: str
    organisation_id: OrganisationId
    limit_amount: int
    currency: str
    due_days: int


@dataclass(frozen=True, kw_only=True)
class CreditLineSuspended(Event):
    """The line lends nothing more until its bills are paid; prepaid money still works."""

    credit_line_id: str
    organisation_id: OrganisationId
    bill_id: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class CreditLineResumed(Event):
    """Every overdue bill is paid; the line lends again."""

    credit_line_id: str
    organisation_id: OrganisationId
    currency: str
