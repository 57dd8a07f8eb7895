"""Data products, their versions, and the offers inside a version."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.canonical import canonical_bytes
from app.core.db import Base
from listings.errors import DossierChanged, VersionChanged, VersionImmutable
from listings.versions.dossier import build_dossier, dossier_hash
from listings.versions.life_cycle import EDITABLE, LIFE_CYCLE


class DataProduct(Base):
    """The thing of value; it gets its listing code with the first submission and keeps it."""

    __tablename__ = "data_products"

    id: Mapped[str] = mapped_column(primary_key=True)
    supplier_id: Mapped[str]
    name: Mapped[str]
    listing_code: Mapped[str | None]
    origin: Mapped[dict[str, Any] | None]
    registered_at: Mapped[datetime]


class UpstreamCredential(Base):
    """The encrypted secret of a version's upstream; it leaves only towards the data plane."""

    __tablename__ = "upstream_credentials"

    version_id: Mapped[str] = mapped_column(ForeignKey("product_versions.id"), primary_key=True)
    supplier_id: Mapped[str]
    ciphertext: Mapped[bytes]
    context: Mapped[str]
    stored_at: Mapped[datetime]


class Plan(Base):
    """Price and allowance of an offer; the terms are canonical and the hash is over them."""

    __tablename__ = "plans"

    id: Mapped[str] = mapped_column(primary_key=True)
    offer_id: Mapped[str] = mapped_column(ForeignKey("offers.id"))
    version_id: Mapped[str] = mapped_column(ForeignKey("product_versions.id"))
    supplier_id: Mapped[str]
    terms: Mapped[dict[str, Any]]
    plan_hash: Mapped[str]

    def reviewed(self) -> dict[str, Any]:
        """The plan as it stands in a dossier."""
        return {
            "plan_id": self.id,
            "offer_id": self.offer_id,
            "plan_hash": self.plan_hash,
            "terms": self.terms,
        }


class Offer(Base):
    """A named set of plans proposed for a listing."""

    __tablename__ = "offers"

    id: Mapped[str] = mapped_column(primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("product_versions.id"))
    supplier_id: Mapped[str]
    name: Mapped[str]
    plans: Mapped[list[Plan]] = relationship(
        order_by=Plan.id, cascade="all, delete-orphan", lazy="selectin"
    )


class ProductVersion(Base):
    """What is offered: editable as a draft, immutable from submission on."""

    __tablename__ = "product_versions"

    id: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("data_products.id"))
    supplier_id: Mapped[str]
    listing_code: Mapped[str | None]
    version_number: Mapped[int]
    state: Mapped[str]
    content: Mapped[dict[str, Any]]
    dossier_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    moved_at: Mapped[datetime | None] = mapped_column("decided_at")
    """When its state last changed by anything but editing and submitting."""
    offers: Mapped[list[Offer]] = relationship(
        order_by=Offer.id, cascade="all, delete-orphan", lazy="selectin"
    )
    credential: Mapped[UpstreamCredential | None] = relationship(
        cascade="all, delete-orphan", uselist=False
    )

    @property
    def plans(self) -> list[Plan]:
        """The plans of all offers, in their order."""
        return [plan for offer in self.offers for plan in offer.plans]

    @property
    def tag(self) -> str:
        """Another one after every change that somebody may have made since one read it."""
        credential = self.credential and self.credential.stored_at.isoformat()
        read = {
            "id": self.id,
            "state": self.state,
            "content": self.content,
            "offers": [[offer.id, offer.name] for offer in self.offers],
            "credential": credential,
        }
        return hashlib.sha256(canonical_bytes(read)).hexdigest()[:32]

    def demand_match(self, tags: frozenset[str] | None) -> None:
        """Raises `VersionChanged` where one of the tags was asked for and it has none of them."""
        if tags is not None and self.tag not in tags:
            raise VersionChanged(self.id, self.edited_at)

    def demand_editable(self) -> None:
        """Raises `VersionImmutable` once the version was handed in."""
        if self.state not in EDITABLE:
            raise VersionImmutable(self.id, self.state)

    def advance(self, event: str, *, at: datetime) -> None:
        """Move along the life cycle; raises `IllegalTransition`."""
        self.state = LIFE_CYCLE.next(self.state, event)
        if event == "submit":
            self.submitted_at = at
        elif event == "edit":
            self.edited_at = at
        else:
            self.moved_at = at

    def dossier(self) -> dict[str, Any]:
        """Everything reviewed, from what is stored now."""
        identity = {
            "product_id": self.product_id,
            "version_id": self.id,
            "version_number": self.version_number,
            "supplier_id": self.supplier_id,
            "listing_code": self.listing_code,
        }
        return build_dossier(
            identity=identity,
            content=self.content,
            offers=[{"offer_id": offer.id, "name": offer.name} for offer in self.offers],
            plans=[plan.reviewed() for plan in self.plans],
        )

    def demand_unchanged(self, reviewed_hash: str) -> None:
        """Raises `DossierChanged` when the stored row is not what has this hash."""
        stored_hash = dossier_hash(self.dossier())
        if stored_hash != reviewed_hash:
            raise DossierChanged(self.id, reviewed_hash, stored_hash)
