"""Verbs about organisations: registration, evidence, verification."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.accounts.errors import (
    EvidenceLimitReached,
    EvidenceMissing,
    InvalidValidity,
    OrganisationNotFound,
    OwnOrganisation,
    UsccAlreadyVerified,
)
from app.accounts.events import (
    OrganisationRefused,
    OrganisationRegistered,
    OrganisationVerified,
)
from app.accounts.models import (
    VERIFY,
    EvidenceRecord,
    Organisation,
    Person,
    VerificationDecision,
)
from app.accounts.ports import Passwords
from app.accounts.queries import get_organisation
from app.accounts.role_rules import founder_roles
from app.accounts.services.people import lock_organisation, make_person
from app.accounts.uscc import parse_uscc
from app.core.ids import OrganisationId, PersonId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork

EVIDENCE_MAX = 50
VERIFICATION_DAYS_MAX = 1_100
"""Three years and a little: identity is verified again periodically (E-Commerce Law 27)."""


def register_organisation(
    uow: UnitOfWork,
    passwords: Passwords,
    organisation_id: OrganisationId,
    *,
    name: str,
    uscc: str,
    is_supplier: bool,
    is_buyer: bool,
    evidence: Iterable[Mapping[str, Any]],
    person: Mapping[str, str],
) -> tuple[Organisation, Person]:
    """An organisation that waits for verification, and its first person, its owner.

    The id comes from the caller because it is also this transaction's reach. Raises `InvalidUscc`,
    `EmailTaken`, `WeakPassword`.
    """
    organisation = Organisation(
        id=organisation_id,
        name=name,
        uscc=parse_uscc(uscc),
        is_supplier=is_supplier,
        is_buyer=is_buyer,
        is_exchange=False,
        status="pending",
        registered_at=uow.now,
        evidence=[_evidence(uow, organisation_id, record) for record in evidence],
        decisions=[],
    )
    uow.session.add(organisation)
    uow.session.flush()
    _record_registration(uow, organisation)
    roles = founder_roles(organisation.kind)
    return organisation, make_person(uow, passwords, organisation, roles=roles, **person)


def add_evidence(
    uow: UnitOfWork, principal: Principal, **record: str | datetime | None
) -> EvidenceRecord:
    """One more document of the principal's own organisation; raises `EvidenceLimitReached`."""
    organisation = lock_organisation(uow, principal.organisation_id)
    counted = select(func.count()).where(EvidenceRecord.organisation_id == organisation.id)
    if uow.session.scalars(counted).one() >= EVIDENCE_MAX:
        raise EvidenceLimitReached(EVIDENCE_MAX)
    added = _evidence(uow, organisation.id, record)
    uow.session.add(added)
    uow.session.flush()
    return added


def decide_verification(
    uow: UnitOfWork,
    principal: Principal,
    *,
    organisation_id: str,
    decision: str,
    method: str,
    reason: str,
    valid_until: datetime | None = None,
) -> Organisation:
    """A reviewer's decision, ``verify`` until ``valid_until`` or ``refuse`` (Data Security Law 33).

    Raises `OrganisationNotFound`, `OwnOrganisation`, `EvidenceMissing`, `InvalidValidity`,
    `UsccAlreadyVerified`, `IllegalTransition`.
    """
    _check_not_own(uow, principal, organisation_id)
    lock_organisation(uow, organisation_id)
    organisation = get_organisation(uow, organisation_id)
    until = _checked_validity(uow, organisation, valid_until) if decision == VERIFY else None
    organisation.decide(decision, until)
    organisation.decisions.append(
        VerificationDecision(
            id=uow.ids.new("vdn"),
            decision=decision,
            method=method,
            reason=reason,
            valid_until=until,
            decided_by=principal.id,
            deciding_organisation_id=principal.organisation_id,
            decided_at=uow.now,
        )
    )
    _flush_verification(uow)
    _record_decision(uow, organisation, PersonId(principal.id), reason)
    return organisation


def _record_registration(uow: UnitOfWork, organisation: Organisation) -> None:
    uow.record(
        OrganisationRegistered(
            occurred_at=uow.now,
            organisation_id=OrganisationId(organisation.id),
            is_supplier=organisation.is_supplier,
            is_buyer=organisation.is_buyer,
        )
    )


def _evidence(uow: UnitOfWork, organisation_id: str, record: Mapping[str, Any]) -> EvidenceRecord:
    return EvidenceRecord(
        id=uow.ids.new("evd"), organisation_id=organisation_id, added_at=uow.now, **record
    )


def _check_not_own(uow: UnitOfWork, principal: Principal, organisation_id: str) -> None:
    party = uow.session.get(Organisation, organisation_id)
    if party is None:
        raise OrganisationNotFound(organisation_id)
    # The exchange itself is no party: nobody inside it could decide without being its own judge.
    if party.is_exchange or party.id == principal.organisation_id:
        raise OwnOrganisation


def _checked_validity(
    uow: UnitOfWork, organisation: Organisation, valid_until: datetime | None
) -> datetime:
    if not any(record.is_in_force(uow.now) for record in organisation.evidence):
        raise EvidenceMissing
    latest = uow.now + timedelta(days=VERIFICATION_DAYS_MAX)
    if valid_until is None or not uow.now < valid_until <= latest:
        raise InvalidValidity(days_max=VERIFICATION_DAYS_MAX)
    return valid_until


def _flush_verification(uow: UnitOfWork) -> None:
    try:
        with uow.session.begin_nested():
            uow.session.flush()
    except IntegrityError as error:
        if "uq_organisations_verified_uscc" in str(error.orig):
            raise UsccAlreadyVerified from None
        raise


def _record_decision(
    uow: UnitOfWork, organisation: Organisation, reviewer: PersonId, reason: str
) -> None:
    if organisation.verified_until is None:
        uow.record(
            OrganisationRefused(
                occurred_at=uow.now,
                organisation_id=OrganisationId(organisation.id),
                refused_by=reviewer,
                reason=reason,
            )
        )
        return
    uow.record(
        OrganisationVerified(
            occurred_at=uow.now,
            organisation_id=OrganisationId(organisation.id),
            name=organisation.name,
            uscc=organisation.uscc,
            verified_by=reviewer,
            valid_until=organisation.verified_until,
            is_supplier=organisation.is_supplier,
            is_buyer=organisation.is_buyer,
        )
    )
