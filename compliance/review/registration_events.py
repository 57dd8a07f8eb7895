"""What happens to a registration, from its publicity to the listing officer."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class RegistrationFinal(Event):
    """Publicity is over and nothing stands against the registration."""

    registration_id: str
    case_id: str
    version_id: str


@dataclass(frozen=True, kw_only=True)
class RegistrationCancelled(Event):
    """An objection was upheld; the version cannot be listed."""

    registration_id: str
    version_id: str
    supplier_id: str
    objection_id: str


@dataclass(frozen=True, kw_only=True)
class RegistrationEnded(Event):
    """The registry vouches for it no more; what waited to be listed on it is withdrawn."""

    registration_id: str
    case_id: str
    version_id: str
    application_id: str | None
    is_waiting: bool


@dataclass(frozen=True, kw_only=True)
class ObjectionRaised(Event):
    """Somebody objects to a registration."""

    objection_id: str
    registration_id: str
    supplier_id: str
    statement_hash: str


@dataclass(frozen=True, kw_only=True)
class ObjectionResolved(Event):
    """An objection was decided."""

    objection_id: str
    registration_id: str
    objector_id: str
    outcome: str
    decided_by: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class ListingAppliedFor(Event):
    """A registered product is to be listed."""

    application_id: str
    registration_id: str
    listing_code: str


@dataclass(frozen=True, kw_only=True)
class ListingApproved(Event):
    """A third person lists exactly the dossier that was registered."""

    application_id: str
    registration_id: str
    case_id: str
    version_id: str
    listing_code: str
    dossier_hash: str
    officer_id: str
    rule_set_hash: str
    input_hash: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class ListingRefused(Event):
    """The listing officer does not list it."""

    application_id: str
    case_id: str
    version_id: str
    listing_code: str
    supplier_id: str
    officer_id: str
    reason_hash: str
