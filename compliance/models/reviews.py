"""What compliance keeps of reviews: parties, rule sets, cases and everything decided on them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text, literal_column
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.core.canonical import digest_hex
from app.core.db import Base
from compliance.errors import DossierHashMismatch
from compliance.models.queue_keys import due_first
from compliance.review.case_machine import (
    FINAL_STAGES,
    OPEN_STAGES,
    TRANSITIONS,
    Review,
    Stage,
)

DUE = due_first("review_cases")
URGENCY = (
    "(CASE review_cases.severity WHEN 'BLOCK' THEN '0' WHEN 'REVIEW' THEN '1' ELSE '2' END"
    " || CASE review_cases.risk_level WHEN 'HIGH' THEN '0' WHEN 'MEDIUM' THEN '1' ELSE '2' END"
    f" || '/' || {DUE})"
)


class Party(Base):
    """An organisation as its verification stands, told by the room that verified it."""

    __tablename__ = "compliance_parties"

    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    uscc: Mapped[str]
    is_supplier: Mapped[bool]
    is_buyer: Mapped[bool]
    verified_until: Mapped[datetime]


class HeldRuleSet(Base):
    """A rule set as it was when it first decided something, so that it can decide again."""

    __tablename__ = "rule_sets"

    hash: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    document: Mapped[dict[str, Any]]
    held_at: Mapped[datetime]


class ReviewCase(Base):
    """One examination of one version; a version that comes back opens another case."""

    __tablename__ = "review_cases"

    id: Mapped[str] = mapped_column(primary_key=True)
    version_id: Mapped[str]
    product_id: Mapped[str]
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    round: Mapped[int]
    supplement_round: Mapped[int]
    is_for_listing: Mapped[bool]
    dossier: Mapped[dict[str, Any]]
    dossier_hash: Mapped[str]
    stage: Mapped[str]
    severity: Mapped[str]
    risk_score: Mapped[int]
    risk_level: Mapped[str]
    risk_factors: Mapped[dict[str, int]]
    rule_set_hash: Mapped[str]
    probe: Mapped[dict[str, Any] | None]
    findings: Mapped[list[dict[str, Any]]]
    opened_at: Mapped[datetime]
    stage_since_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    admitted_by: Mapped[str | None]
    first_reviewer_id: Mapped[str | None]
    first_approved_hash: Mapped[str | None]
    second_reviewer_id: Mapped[str | None]
    second_approved_hash: Mapped[str | None]
    needs_panel: Mapped[bool]
    panel_approved_hash: Mapped[str | None]
    approved_by: Mapped[list[str]] = mapped_column(ARRAY(Text))
    excluded_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    base_case_id: Mapped[str | None] = mapped_column(ForeignKey("review_cases.id"))
    change_class: Mapped[str | None]
    change_table_hash: Mapped[str | None]
    changes: Mapped[list[dict[str, Any]]]
    specialities: Mapped[list[str]] = mapped_column(ARRAY(Text))
    schema_fingerprint: Mapped[str | None]
    row_fingerprints: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # Keys of the queue's other orders, unique by the id; computed when one of them is asked for.
    by_urgency: Mapped[str] = column_property(literal_column(URGENCY).collate("C"), deferred=True)
    by_due: Mapped[str] = column_property(literal_column(DUE).collate("C"), deferred=True)

    def review(self, declarations: "list[ConflictDeclaration]") -> Review:
        """The case as the pure machine sees it."""
        return Review(
            case_id=self.id,
            stage=Stage(self.stage),
            is_high_risk=self.needs_panel,
            admitted_by=self.admitted_by,
            first_reviewer_id=self.first_reviewer_id,
            second_reviewer_id=self.second_reviewer_id,
            approved_by=frozenset(self.approved_by),
            declared=frozenset((each.reviewer_id, each.is_conflicted) for each in declarations),
            excluded=frozenset(self.excluded_ids),
        )

    def follow(self, review: Review, now: datetime, due_at: datetime | None) -> None:
        """Take over what the machine concluded; the approvals bind to the hash of the dossier."""
        before, self.stage = self.stage, review.stage
        self.admitted_by = review.admitted_by
        self.first_reviewer_id = review.first_reviewer_id
        self.second_reviewer_id = review.second_reviewer_id
        self.approved_by = sorted(review.approved_by)
        self.first_approved_hash = self._bound(review.first_reviewer_id)
        self.second_approved_hash = self._bound(review.second_reviewer_id)
        if before != review.stage:
            self._arrive(review.stage, now, due_at)

    def _bound(self, reviewer_id: str | None) -> str | None:
        return self.dossier_hash if reviewer_id in self.approved_by else None

    def _arrive(self, stage: Stage, now: datetime, due_at: datetime | None) -> None:
        self.stage_since_at, self.due_at, self.escalated_at = now, due_at, None
        if stage is Stage.PANEL:
            self.needs_panel = True
        if stage is Stage.APPROVED and self.needs_panel:
            self.panel_approved_hash = self.dossier_hash
        if stage in FINAL_STAGES:
            self.decided_at = now

    def answerers(self) -> set[str]:
        """Whose answers an approval rests on: both reviewers, or who outvoted one of them."""
        reviewers = {each for each in (self.first_reviewer_id, self.second_reviewer_id) if each}
        approvers = set(self.approved_by)
        both_approved = len(reviewers) > 1 and reviewers <= approvers
        return reviewers if both_approved else approvers - reviewers

    def demand_unchanged(self) -> None:
        """Raises `DossierHashMismatch` unless the stored dossier is the one that was handed in."""
        if digest_hex(self.dossier) != self.dossier_hash:
            raise DossierHashMismatch(self.version_id)

    def refuse_when_decided(self) -> None:
        """Raises `IllegalTransition` unless the exchange's people are still at work."""
        if self.stage not in OPEN_STAGES:
            TRANSITIONS.next(self.stage, "probe")


class RuleEvaluation(Base):
    """One run of a stage's rules over a case, with everything needed to run it again."""

    __tablename__ = "rule_evaluations"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"))
    stage: Mapped[str]
    subject_id: Mapped[str]
    supplier_id: Mapped[str]
    rule_set_hash: Mapped[str] = mapped_column(ForeignKey("rule_sets.hash"))
    input_hash: Mapped[str]
    circumstances: Mapped[dict[str, Any]]
    outcomes: Mapped[list[dict[str, Any]]]
    evaluated_at: Mapped[datetime]


class ConflictDeclaration(Base):
    """A reviewer's answers for one case; a conflict once declared is never taken back."""

    __tablename__ = "conflict_declarations"

    case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"), primary_key=True)
    reviewer_id: Mapped[str] = mapped_column(primary_key=True)
    is_conflicted: Mapped[bool] = mapped_column(primary_key=True)
    reviewer_organisation_id: Mapped[str]
    answers: Mapped[dict[str, str]]
    conflicts: Mapped[list[str]]
    declared_at: Mapped[datetime]


class ItemAnswer(Base):
    """What a reviewer answered to a rule that the machine left to a person."""

    __tablename__ = "item_answers"

    case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(primary_key=True)
    reviewer_id: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    reason: Mapped[str]
    answered_at: Mapped[datetime]


class CarriedAnswer(Base):
    """An item that nobody answers again: people did in an earlier case, and nothing moved."""

    __tablename__ = "carried_answers"

    case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(primary_key=True)
    from_case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"))
    from_version_id: Mapped[str]
    carried_at: Mapped[datetime]


class ReviewDecision(Base):
    """A reviewer's decision at one stage, bound to the dossier that was before them."""

    __tablename__ = "review_decisions"

    case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"), primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    reviewer_id: Mapped[str]
    decision: Mapped[str]
    reason: Mapped[str]
    reason_salt: Mapped[str]
    reason_hash: Mapped[str]
    dossier_hash: Mapped[str]
    decided_at: Mapped[datetime]
