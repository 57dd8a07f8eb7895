"""Organisations and people as they are stored, with the rules that keep each row true."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.role_rules import OrganisationKind
from app.core.db import Base
from app.core.principals import Role
from app.core.states import Transitions

PENDING, VERIFIED, REFUSED = "pending", "verified", "refused"
VERIFY, REFUSE = "verify", "refuse"

VERIFICATION = Transitions(
    {
        (PENDING, VERIFY): VERIFIED,
        (PENDING, REFUSE): REFUSED,
        (REFUSED, VERIFY): VERIFIED,
        # Identity is verified again from time to time, and may then fail.
        (VERIFIED, VERIFY): VERIFIED,
        (VERIFIED, REFUSE): REFUSED,
    }
)


class Organisation(Base):
    """A supplier, a buyer, both, or the exchange itself."""

    __tablename__ = "organisations"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    uscc: Mapped[str]
    is_supplier: Mapped[bool]
    is_buyer: Mapped[bool]
    is_exchange: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(default=PENDING)
    registered_at: Mapped[datetime]
    verified_until: Mapped[datetime | None]

    # Never loaded by accident: a page of organisations does not drag its evidence along.
    evidence: Mapped[list["EvidenceRecord"]] = relationship(
        lazy="raise", order_by="EvidenceRecord.id"
    )
    decisions: Mapped[list["VerificationDecision"]] = relationship(
        lazy="raise",
        order_by="VerificationDecision.id",
        foreign_keys="VerificationDecision.organisation_id",
    )

    @property
    def kind(self) -> OrganisationKind:
        """What its roles depend on."""
        return OrganisationKind(self.is_supplier, self.is_buyer, self.is_exchange)

    def decide(self, decision: str, valid_until: datetime | None) -> None:
        """Take a reviewer's decision; raises `IllegalTransition`."""
        self.status = VERIFICATION.next(self.status, decision)
        self.verified_until = valid_until if self.status == VERIFIED else None


class EvidenceRecord(Base):
    """A document that supports who an organisation is; the document itself stays elsewhere."""

    __tablename__ = "evidence_records"

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str]
    title: Mapped[str]
    issuer: Mapped[str]
    document_hash: Mapped[str]
    valid_until: Mapped[datetime | None]
    added_at: Mapped[datetime]

    def is_in_force(self, now: datetime) -> bool:
        """Whether it has not expired; a document without an end does not."""
        return self.valid_until is None or self.valid_until > now


class VerificationDecision(Base):
    """What a reviewer decided about an organisation; never changed afterwards."""

    __tablename__ = "verification_decisions"

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    decision: Mapped[str]
    method: Mapped[str]
    reason: Mapped[str]
    valid_until: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    deciding_organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    decided_at: Mapped[datetime]


class Person(Base):
    """Somebody who signs in, for one organisation."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    token_version: Mapped[int] = mapped_column(default=1)
    added_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]

    # The whole history, oldest first: a withdrawn role stays on record.
    grants: Mapped[list["RoleGrant"]] = relationship(lazy="selectin", order_by="RoleGrant.id")

    @property
    def roles(self) -> frozenset[Role]:
        """The roles in force."""
        return frozenset(Role(grant.role) for grant in self.grants if grant.is_in_force)

    @property
    def role_names(self) -> list[str]:
        """The roles in force, in one order."""
        return sorted(self.roles)

    @property
    def is_active(self) -> bool:
        """Whether the person may sign in."""
        return self.deactivated_at is None

    def void_access_tokens(self) -> None:
        """Make every access token of this person worthless from the next request on."""
        self.token_version += 1


class RoleGrant(Base):
    """A role of a person from one instant until, perhaps, another."""

    __tablename__ = "role_grants"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    role: Mapped[str]
    granted_at: Mapped[datetime]
    granted_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]

    @property
    def is_in_force(self) -> bool:
        """Whether the person has it now."""
        return self.withdrawn_at is None
