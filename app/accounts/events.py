"""What happens in this room that others may need to know: ids and plain values, no secrets."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event
from app.core.ids import ApiKeyId, LicenceId, OrganisationId, PersonId


@dataclass(frozen=True, kw_only=True)
class OrganisationRegistered(Event):
    """An organisation asked to take part."""

    organisation_id: OrganisationId
    is_supplier: bool
    is_buyer: bool


@dataclass(frozen=True, kw_only=True)
class OrganisationVerified(Event):
    """A reviewer found that the organisation is who it says, until ``valid_until``."""

    organisation_id: OrganisationId
    name: str
    uscc: str
    verified_by: PersonId
    valid_until: datetime
    is_supplier: bool
    is_buyer: bool


@dataclass(frozen=True, kw_only=True)
class OrganisationRefused(Event):
    """A reviewer did not find that."""

    organisation_id: OrganisationId
    refused_by: PersonId
    reason: str


@dataclass(frozen=True, kw_only=True)
class PersonAdded(Event):
    """A person joined an organisation."""

    person_id: PersonId
    organisation_id: OrganisationId
    roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PersonDeactivated(Event):
    """A person can no longer sign in."""

    person_id: PersonId
    organisation_id: OrganisationId
    deactivated_by: PersonId


@dataclass(frozen=True, kw_only=True)
class AccessReset(Event):
    """A person's password and second factor count no more; a link was given out instead.

    ``asked_by`` is the first of two operators, absent where an owner did it for a colleague.
    """

    person_id: PersonId
    organisation_id: OrganisationId
    reset_by: PersonId
    asked_by: PersonId | None


@dataclass(frozen=True, kw_only=True)
class AccessRegained(Event):
    """A person chose a new password with the link."""

    person_id: PersonId
    organisation_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class RoleGranted(Event):
    """A person may do more."""

    person_id: PersonId
    organisation_id: OrganisationId
    role: str
    granted_by: PersonId


@dataclass(frozen=True, kw_only=True)
class RoleWithdrawn(Event):
    """A person may do less."""

    person_id: PersonId
    organisation_id: OrganisationId
    role: str
    withdrawn_by: PersonId


@dataclass(frozen=True, kw_only=True)
class ApiKeyIssued(Event):
    """A key may call under a licence until it expires; a second one for the key changes it."""

    key_id: ApiKeyId
    organisation_id: OrganisationId
    licence_id: LicenceId
    secret_hash: str
    networks: tuple[str, ...]
    expires_at: datetime
    calls_per_second: int | None = None
    """The key's own limit; None is the licence's."""


@dataclass(frozen=True, kw_only=True)
class ApiKeyRevoked(Event):
    """A key may call no more."""

    key_id: ApiKeyId
    organisation_id: OrganisationId
    licence_id: LicenceId


@dataclass(frozen=True, kw_only=True)
class CollectorKeyIssued(Event):
    """A system may record consents until its key expires; told again when a rotation ends it."""

    key_id: str
    collector_id: str
    organisation_id: OrganisationId
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class CollectorKeyRevoked(Event):
    """A collecting system's key is good for nothing any more."""

    key_id: str
    collector_id: str
    organisation_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class RefreshTokenReused(Event):
    """A rotated refresh token came back: it was stolen, so its whole session has ended."""

    person_id: PersonId
    organisation_id: OrganisationId
