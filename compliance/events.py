"""What has happened in compliance; ids and plain values only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class RulesEvaluated(Event):
    """A stage's rules ran over a case; ``outcomes`` maps rule id to outcome.

    ``subject_id`` is the scenario or licence that was decided; None is the case itself.
    """

    case_id: str
    version_id: str
    rule_set_hash: str
    input_hash: str
    outcomes: dict[str, str]
    stage: str
    subject_id: str | None


@dataclass(frozen=True, kw_only=True)
class RuleSetChanged(Event):
    """A rule set decided for the first time; from now on it is the one in force."""

    rule_set_hash: str
    version: int
    previous_hash: str | None


@dataclass(frozen=True, kw_only=True)
class ReviewOpened(Event):
    """The machine found nothing that blocks; the case waits for its first reviewer."""

    case_id: str
    version_id: str
    supplier_id: str


@dataclass(frozen=True, kw_only=True)
class ReviewReturned(Event):
    """The version went back to the supplier with findings."""

    case_id: str
    version_id: str
    findings: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ReviewDecided(Event):
    """A reviewer decided at a stage; the reason itself stays off the log."""

    case_id: str
    version_id: str
    reviewer_id: str
    stage: str
    decision: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class VersionApproved(Event):
    """Distinct, unconflicted people, two at least, approved exactly this dossier: registered."""

    case_id: str
    version_id: str
    registration_id: str
    listing_code: str
    supplier_id: str
    dossier_hash: str
    approver_ids: tuple[str, ...]
    rule_set_hash: str


@dataclass(frozen=True, kw_only=True)
class VersionRejected(Event):
    """The version was rejected for good."""

    case_id: str
    version_id: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class ListingSuspended(Event):
    """Orders of a listing stop, and its calls where the scope says so."""

    suspension_id: str
    listing_code: str
    reason_code: str
    scope: str
    suspended_by: str
    is_under_notice: bool = False


@dataclass(frozen=True, kw_only=True)
class ListingResumed(Event):
    """A suspended listing is open again, by two people who did not suspend it."""

    suspension_id: str
    listing_code: str
    proposed_by: str
    resumed_by: str
    is_under_notice: bool = False


@dataclass(frozen=True, kw_only=True)
class ListingRevoked(Event):
    """A listing is ended for good, by a panel."""

    listing_code: str
    reason_code: str
    revoked_by: str
    is_under_notice: bool = False


@dataclass(frozen=True, kw_only=True)
class ScenarioSubmitted(Event):
    """A buyer declared a use."""

    scenario_id: str
    buyer_id: str
    listing_code: str
    scenario_hash: str
    risk_score: int
    depth: str


@dataclass(frozen=True, kw_only=True)
class ScenarioFirstApproved(Event):
    """A person approved a use that takes another, or a panel; it permits nothing yet."""

    scenario_id: str
    approved_by: str
    risk_score: int


@dataclass(frozen=True, kw_only=True)
class ScenarioApproved(Event):
    """A use was approved, possibly narrower than it was declared."""

    scenario_id: str
    buyer_id: str
    listing_code: str
    terms: dict[str, Any]
    scenario_hash: str
    approved_by: str
    valid_from: datetime
    valid_until: datetime
    first_approved_by: str | None = None
    risk_score: int | None = None


@dataclass(frozen=True, kw_only=True)
class ScenarioConflictDeclared(Event):
    """Somebody who was to decide a use has a conflict; it is decided by others."""

    scenario_id: str
    reviewer_id: str
    declared_at: datetime


@dataclass(frozen=True, kw_only=True)
class ScenarioRefused(Event):
    """A use was refused."""

    scenario_id: str
    buyer_id: str
    refused_by: str


@dataclass(frozen=True, kw_only=True)
class ScenarioWithdrawn(Event):
    """The buyer gave the use up."""

    scenario_id: str
    buyer_id: str
    listing_code: str


@dataclass(frozen=True, kw_only=True)
class LicenceDocumentOpened(Event):
    """A party to a licence opened a document behind it."""

    licence_id: str
    document_hash: str
    opened_by: str
    organisation_id: str
    """The party that it was opened for."""


@dataclass(frozen=True, kw_only=True)
class LicenceIssued(Event):
    """An order has its licence; ``terms`` is what the data plane has to enforce."""

    licence_id: str
    order_id: str
    agreement_id: str
    buyer_id: str
    supplier_id: str
    listing_code: str
    version_id: str
    scenario_id: str
    terms: dict[str, Any]
    terms_hash: str
    plan_id: str
    plan_hash: str
    plan_terms: dict[str, Any]
    split: dict[str, int]
    currency: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class LicenceRevoked(Event):
    """A licence was ended before its term."""

    licence_id: str
    buyer_id: str
    supplier_id: str
    reason_code: str
    revoked_by: str


@dataclass(frozen=True, kw_only=True)
class LicenceEnded(Event):
    """A licence ran its term."""

    licence_id: str
    buyer_id: str
    supplier_id: str
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class ChainLinkNarrowed(Event):
    """A grantor in the chain of rights took something back, or (``is_end`` 1) everything."""

    narrowing_id: str
    listing_code: str
    version_id: str
    link: int
    is_end: int
    terms_hash: str
    recorded_by: str


@dataclass(frozen=True, kw_only=True)
class ScenarioNarrowed(Event):
    """An approved use became narrower; ``terms`` is what is left of it."""

    scenario_id: str
    buyer_id: str
    listing_code: str
    terms: dict[str, Any]
    scenario_hash: str
    narrowed_by: str
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, kw_only=True)
class LicenceNarrowed(Event):
    """A licence permits less from now on; ``terms`` is what the data plane has to enforce."""

    licence_id: str
    buyer_id: str
    supplier_id: str
    narrowing_id: str
    terms: dict[str, Any]
    terms_hash: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class LapseNear(Event):
    """Something that an organisation has to renew ends in at most ``days`` days."""

    organisation_id: str
    subject_id: str
    kind: str
    name: str
    lapses_at: datetime
    consequence: str
    days: int
