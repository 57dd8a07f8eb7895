"""The review's policy as it is in force, and setting it anew from an instant on."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.panels import HeldPolicy
from compliance.review import policy
from compliance.review.errors import PolicyNotInFuture
from compliance.review.events import ReviewPolicySet
from compliance.review.policy import Policy
from compliance.services.reasons import seal_reason


def policy_document(uow: UnitOfWork) -> dict[str, Any]:
    """The document in force now; the shipped one until another was set."""
    wanted = select(HeldPolicy).where(HeldPolicy.effective_from <= uow.now)
    latest = wanted.order_by(HeldPolicy.effective_from.desc(), HeldPolicy.id.desc()).limit(1)
    held = uow.session.scalars(latest).one_or_none()
    return policy.shipped() if held is None else held.document


def policy_in_force(uow: UnitOfWork) -> Policy:
    """The values in force now."""
    return policy.read(policy_document(uow))


def set_policy(
    uow: UnitOfWork,
    principal: Principal,
    *,
    values: dict[str, int],
    reference: str,
    holidays: list[date] | None = None,
    effective_from: datetime | None = None,
) -> HeldPolicy:
    """Change values from an instant on, now by default; what has begun keeps its deadlines.

    Raises `PolicyInvalid`, `PolicyNotInFuture`.
    """
    begins = effective_from or uow.now
    if begins < uow.now:
        raise PolicyNotInFuture
    document = policy.amended(
        policy_document(uow), values=values, holidays=holidays, reference=reference
    )
    held = HeldPolicy(
        id=uow.ids.new("pol"),
        effective_from=begins,
        document=document,
        policy_hash=policy.hash_of(document),
        set_by=principal.id,
        set_at=uow.now,
    )
    uow.session.add(held)
    uow.record(
        ReviewPolicySet(
            occurred_at=uow.now,
            policy_id=held.id,
            policy_hash=held.policy_hash,
            effective_from=begins,
            set_by=principal.id,
            reason_hash=seal_reason(uow, reference).hash,
        )
    )
    return held
