"""What compliance keeps of trade: how listings stand, scenarios, and the licences they permit."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, literal_column
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.core.db import Base
from compliance.models.queue_keys import due_first
from compliance.review.scenario_machine import ScenarioState
from compliance.review.scenario_risk import Depth
from compliance.review.use_machine import Use
from compliance.terms.enforcement import reasons, split_by_enforcement


class ListingStanding(Base):
    """Whether a published listing may be sold and called, and until when its evidence carries."""

    __tablename__ = "listing_standings"

    listing_code: Mapped[str] = mapped_column(primary_key=True)
    version_id: Mapped[str]
    supplier_id: Mapped[str]
    dossier_hash: Mapped[str]
    state: Mapped[str]
    product_terms: Mapped[dict[str, Any]]
    use_facts: Mapped[dict[str, Any]]
    evidence_lapses_at: Mapped[datetime | None]
    noted_at: Mapped[datetime]
    suspended_by: Mapped[str | None]
    suspension_scope: Mapped[str | None]
    reason_code: Mapped[str | None]
    delists_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class Scenario(Base):
    """A buyer's declared use of one listing; the terms are what was approved of it."""

    __tablename__ = "scenarios"

    id: Mapped[str] = mapped_column(primary_key=True)
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    state: Mapped[str]
    product_version_id: Mapped[str | None]
    """The version that was listed when it was declared."""
    version: Mapped[int] = mapped_column(default=1)
    """One, and one more with each narrowing since."""
    content: Mapped[dict[str, Any]]
    scenario_hash: Mapped[str]
    terms: Mapped[dict[str, Any] | None]
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    submitted_by: Mapped[str]
    submitted_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    risk_score: Mapped[int | None]
    risk_factors: Mapped[dict[str, Any]]
    risk_table: Mapped[int | None]
    needs_two: Mapped[bool]
    needs_panel: Mapped[bool]
    panel_id: Mapped[str | None] = mapped_column(ForeignKey("panels.id"))
    first_approved_by: Mapped[str | None]
    first_approved_at: Mapped[datetime | None]
    first_narrowed: Mapped[dict[str, Any] | None]
    asks_declarations: Mapped[bool] = mapped_column(default=True)
    """Whether whoever decided had to declare; older decisions did not."""
    stage_since_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    # The key of the queue's other order, computed when it is asked for.
    by_due: Mapped[str] = column_property(
        literal_column(due_first("scenarios")).collate("C"), deferred=True
    )

    @property
    def depth(self) -> Depth:
        """Whom it takes to approve it, as it was weighed."""
        if self.needs_panel:
            return Depth.PANEL
        return Depth.TWO if self.needs_two else Depth.ONE

    def use(self, declarations: "Iterable[ScenarioDeclaration]") -> Use:
        """The use as the pure machine sees it."""
        return Use(
            id=self.id,
            depth=self.depth,
            state=ScenarioState(self.state),
            first_approved_by=self.first_approved_by,
            decided_by=self.decided_by,
            barred=frozenset(each.reviewer_id for each in declarations if each.is_conflicted),
        )

    def follow(self, use: Use, now: datetime, due_at: datetime | None = None) -> None:
        """Take over what the machine concluded; where it has come to is decided by ``due_at``."""
        if use.state != self.state:
            self.stage_since_at, self.due_at, self.escalated_at = now, due_at, None
        if use.first_approved_by != self.first_approved_by:
            self.first_approved_by, self.first_approved_at = use.first_approved_by, now
        if use.decided_by != self.decided_by:
            self.decided_by, self.decided_at = use.decided_by, now
        self.state = use.state

    def is_active_at(self, now: datetime) -> bool:
        """Whether an order can rest on it at that instant."""
        if self.state != ScenarioState.ACTIVE or not self.valid_from or not self.valid_until:
            return False
        return self.valid_from <= now < self.valid_until


class ScenarioDeclaration(Base):
    """What whoever decides a use answered about themselves; a conflict is never taken back."""

    __tablename__ = "scenario_declarations"

    scenario_id: Mapped[str] = mapped_column(ForeignKey("scenarios.id"), primary_key=True)
    reviewer_id: Mapped[str] = mapped_column(primary_key=True)
    is_conflicted: Mapped[bool] = mapped_column(primary_key=True)
    reviewer_organisation_id: Mapped[str]
    answers: Mapped[dict[str, str]]
    conflicts: Mapped[list[str]]
    declared_at: Mapped[datetime]


class Licence(Base):
    """The effective terms of one order, fixed and hashed when it was issued."""

    __tablename__ = "licences"

    id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str]
    agreement_id: Mapped[str]
    agreement_hash: Mapped[str]
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    version_id: Mapped[str]
    dossier_hash: Mapped[str]
    scenario_id: Mapped[str] = mapped_column(ForeignKey("scenarios.id"))
    terms: Mapped[dict[str, Any]]
    terms_hash: Mapped[str]
    plan_id: Mapped[str]
    plan_hash: Mapped[str]
    plan_terms: Mapped[dict[str, Any]]
    split: Mapped[dict[str, int]]
    currency: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[str]
    issued_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    reason_code: Mapped[str | None]
    narrowings: Mapped[list[dict[str, Any]]]
    """What was taken away since it was issued, with the reasons."""

    @property
    def enforced(self) -> dict[str, Any]:
        """The half of the terms that the exchange refuses calls by."""
        return split_by_enforcement(self.terms)["enforced"]

    @property
    def promised(self) -> dict[str, Any]:
        """The half that rests on the contract and on audits."""
        return split_by_enforcement(self.terms)["promised"]

    @property
    def enforcement_reasons(self) -> dict[str, str]:
        """How the enforced half is enforced, and why the other half cannot be."""
        return reasons()
