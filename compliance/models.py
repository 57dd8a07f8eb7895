"""What compliance keeps of reviews: parties, rule sets, cases and everything decided on them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from compliance.review.case_machine import TRANSITIONS, Decision, Review, Stage


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
    dossier: Mapped[dict[str, Any]]
    dossier_hash: Mapped[str]
    stage: Mapped[str]
    severity: Mapped[str]
    risk_score: Mapped[int]
    risk_level: Mapped[str]
    rule_set_hash: Mapped[str]
    probe: Mapped[dict[str, Any] | None]
    findings: Mapped[list[dict[str, Any]]]
    opened_at: Mapped[datetime]
    stage_since_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    first_reviewer_id: Mapped[str | None]
    first_approved_hash: Mapped[str | None]
    second_reviewer_id: Mapped[str | None]
    second_approved_hash: Mapped[str | None]

    def review(self, declarations: "list[ConflictDeclaration]") -> Review:
        """The case as the pure machine sees it."""
        return Review(
            case_id=self.id,
            stage=Stage(self.stage),
            first_reviewer_id=self.first_reviewer_id,
            second_reviewer_id=self.second_reviewer_id,
            declared=frozenset((each.reviewer_id, each.is_conflicted) for each in declarations),
        )

    def follow(self, review: Review, now: datetime) -> None:
        """Take over what the machine concluded; the approvals bind to the hash of the dossier."""
        before, self.stage = self.stage, review.stage
        self.first_reviewer_id = review.first_reviewer_id
        self.second_reviewer_id = review.second_reviewer_id
        if before == review.stage:
            return
        self.stage_since_at = now
        if review.stage is Stage.SECOND:
            self.first_approved_hash = self.dossier_hash
        elif review.stage is not Stage.REVIEW:
            self.decided_at = now
        if review.stage is Stage.APPROVED:
            self.second_approved_hash = self.dossier_hash

    def refuse_when_decided(self) -> None:
        """Raises `IllegalTransition` unless reviewers are still at work."""
        TRANSITIONS.next(self.stage, Decision.APPROVE)


class RuleEvaluation(Base):
    """One run of a rule set over a case, with everything needed to run it again."""

    __tablename__ = "rule_evaluations"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"))
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
