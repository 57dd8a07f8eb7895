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
class ReviewPolicySet(Event):
    """Deadlines, majorities or thresholds of the review change from an instant on."""

    policy_id: str
    policy_hash: str
    effective_from: datetime
    set_by: str
    reason_hash: str


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
