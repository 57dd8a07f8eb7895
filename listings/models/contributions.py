"""Shares of several suppliers in one product: asked for, agreed to, and fixed in agreements."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from listings.offers.contribution_terms import AGREED, ASKED, DECLINED
from listings.offers.errors import ContributionChanged, ContributionDecided


class Contribution(Base):
    """A contributor's part in a version; whatever changes its terms asks for agreement anew."""

    __tablename__ = "contributions"

    id: Mapped[str] = mapped_column(primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("product_versions.id"))
    supplier_id: Mapped[str]
    contributor_id: Mapped[str]
    terms: Mapped[dict[str, Any]]
    terms_hash: Mapped[str]
    state: Mapped[str]
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decline_reason: Mapped[str | None]

    def ask(self, terms: dict[str, Any], terms_hash: str, *, at: datetime) -> None:
        """Ask for agreement to these terms; what was decided on others is void."""
        self.terms, self.terms_hash = terms, terms_hash
        self.state, self.asked_at = ASKED, at
        self.decided_at = self.decline_reason = None

    def agree(self, terms_hash: str, *, at: datetime) -> None:
        """Agree to exactly these terms; raises `ContributionChanged`, `ContributionDecided`."""
        self._decide(AGREED, terms_hash, at=at)

    def decline(self, terms_hash: str, *, reason: str | None, at: datetime) -> None:
        """Decline these terms; raises as `agree`."""
        self._decide(DECLINED, terms_hash, at=at)
        self.decline_reason = reason

    def _decide(self, state: str, terms_hash: str, *, at: datetime) -> None:
        if terms_hash != self.terms_hash:
            raise ContributionChanged(self.id, self.terms_hash)
        if self.state != ASKED:
            raise ContributionDecided(self.id, self.state)
        self.state, self.decided_at = state, at


class AgreementShare(Base):
    """What one contributor gets of an agreement's amounts, in basis points of the whole."""

    __tablename__ = "agreement_shares"

    agreement_id: Mapped[str] = mapped_column(ForeignKey("agreements.id"), primary_key=True)
    contributor_id: Mapped[str] = mapped_column(primary_key=True)
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    version_id: Mapped[str]
    agreement_hash: Mapped[str]
    split_bp: Mapped[int]
    agreed_at: Mapped[datetime]
