"""What has happened in a review, a registration and a panel; ids and plain values only."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class ReviewAssigned(Event):
    """Somebody declared to have no conflict and holds the case at its stage."""

    case_id: str
    version_id: str
    stage: str
    reviewer_id: str
    declared_at: datetime


@dataclass(frozen=True, kw_only=True)
class ConflictDeclared(Event):
    """Somebody is barred from a case, by an own answer or by what the exchange knows."""

    case_id: str
    reviewer_id: str
    declared_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReviewReassigned(Event):
    """A case went back from its holder to the queue of its stage."""

    case_id: str
    version_id: str
    stage: str
    reviewer_id: str
    released_by: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class SpecialitiesRegistered(Event):
    """What a reviewer knows from now on, as they said or who shares out the work; none is all."""

    reviewer_id: str
    specialities: tuple[str, ...]
    registered_by: str


@dataclass(frozen=True, kw_only=True)
class ReviewEscalated(Event):
    """A stage's time is over and nobody decided."""

    subject_id: str
    stage: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ChangeClassified(Event):
    """What a version changes of the approved one, by the table; whose answers still hold."""

    case_id: str
    version_id: str
    base_case_id: str
    base_version_id: str
    change_class: str
    table_hash: str
    diff_hash: str
    carried_rule_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ItemDecided(Event):
    """A person answered a rule that the machine left open."""

    case_id: str
    rule_id: str
    reviewer_id: str
    outcome: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class ReviewConcluded(Event):
    """A case has its end: approved, rejected, returned, supplemented or expired."""

    case_id: str
    version_id: str
    stage: str


@dataclass(frozen=True, kw_only=True)
class ReviewExpired(Event):
    """The supplier did not supplement in time."""

    case_id: str
    version_id: str


@dataclass(frozen=True, kw_only=True)
class PanelOpened(Event):
    """A panel was called to decide a case, a revocation, an appeal or a declared use."""

    panel_id: str
    kind: str
    subject_id: str
    case_id: str | None
    size: int


@dataclass(frozen=True, kw_only=True)
class PanelVoted(Event):
    """A member voted, on a case or on a declared use."""

    panel_id: str
    case_id: str | None
    scenario_id: str | None
    member_id: str
    vote: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class PanelConcluded(Event):
    """A panel came to its end."""

    panel_id: str
    subject_id: str
    state: str
    in_favour_count: int
    against_count: int


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


@dataclass(frozen=True, kw_only=True)
class ReviewPolicySet(Event):
    """Deadlines, majorities or thresholds of the review change from an instant on."""

    policy_id: str
    policy_hash: str
    effective_from: datetime
    set_by: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class SuspensionWidened(Event):
    """A suspension of new orders stops calls too."""

    suspension_id: str
    listing_code: str
    reason_code: str
    widened_by: str


@dataclass(frozen=True, kw_only=True)
class SuspensionRatified(Event):
    """A second person stands behind an emergency suspension."""

    suspension_id: str
    listing_code: str
    ratified_by: str


@dataclass(frozen=True, kw_only=True)
class ResumptionProposed(Event):
    """One of two people finds that a suspension's cause is closed."""

    suspension_id: str
    listing_code: str
    proposed_by: str


@dataclass(frozen=True, kw_only=True)
class DelistingNoticed(Event):
    """The supplier gave notice: off sale, and off the exchange when everything has run off."""

    listing_code: str
    delists_at: datetime


@dataclass(frozen=True, kw_only=True)
class DelistingCompleted(Event):
    """A listing's notice is over and its last licence has ended."""

    listing_code: str


@dataclass(frozen=True, kw_only=True)
class RevocationProposed(Event):
    """A panel is to revoke a listing."""

    revocation_id: str
    listing_code: str
    reason_code: str
    proposed_by: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class RevocationRefused(Event):
    """The panel did not revoke the listing."""

    revocation_id: str
    listing_code: str


@dataclass(frozen=True, kw_only=True)
class AppealFiled(Event):
    """A supplier appeals against a decision."""

    appeal_id: str
    subject_kind: str
    subject_id: str
    case_id: str
    version_id: str
    supplier_id: str
    ground: str
    statement_hash: str


@dataclass(frozen=True, kw_only=True)
class AppealDecided(Event):
    """A board of people who were not involved decided an appeal."""

    appeal_id: str
    subject_kind: str
    subject_id: str
    version_id: str
    supplier_id: str
    state: str


@dataclass(frozen=True, kw_only=True)
class PriceAlarmRaised(Event):
    """A licence was issued at a price that other buyers of the same version do not have."""

    alarm_id: str
    licence_id: str
    listing_code: str
    supplier_id: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class PriceExplained(Event):
    """The supplier said why a buyer has another price; the reason itself stays off the log."""

    alarm_id: str
    listing_code: str
    supplier_id: str
    ground: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class PriceDecided(Event):
    """Somebody of the exchange accepted a reason for another price, or objected."""

    alarm_id: str
    listing_code: str
    supplier_id: str
    state: str
    decided_by: str
    reason_hash: str


@dataclass(frozen=True, kw_only=True)
class PlatformDutyStated(Event):
    """Somebody who runs the exchange stated how a duty of the platform is met."""

    statement_id: str
    rule_id: str
    outcome: str
    document_hash: str
    valid_until: datetime


@dataclass(frozen=True, kw_only=True)
class PlatformDutyConfirmed(Event):
    """A second person confirmed it."""

    statement_id: str
    rule_id: str
    confirmed_by: str
