"""Findings: what does not agree between a provider and us, told once and kept until resolved."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from app.core.unit_of_work import UnitOfWork
from ledger.payments.errors import FindingNotFound
from ledger.payments.models import PaymentFinding

BY_ITSELF = "reconciliation"
"""Who resolved a finding that went away."""
DETAIL_MAX = 500


@dataclass(frozen=True)
class Finding:
    """One thing that does not agree; amounts in 10⁻⁸ units."""

    gateway: str
    rule: str
    subject: str
    currency: str
    detail: str
    expected_amount: int = 0
    found_amount: int = 0


def tell(uow: UnitOfWork, finding: Finding) -> None:
    """Store a finding, or see the open one of the same rule and subject again."""
    fresh = {
        "expected_amount": finding.expected_amount,
        "found_amount": finding.found_amount,
        "detail": finding.detail[:DETAIL_MAX],
        "last_seen_at": uow.now,
    }
    statement = insert(PaymentFinding).values(
        finding_id=uow.ids.new("fnd"),
        gateway=finding.gateway,
        rule=finding.rule,
        subject=finding.subject,
        currency=finding.currency,
        seen_count=1,
        found_at=uow.now,
        **fresh,
    )
    uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=["gateway", "rule", "subject"],
            index_where=PaymentFinding.resolved_at.is_(None),
            set_={**fresh, "seen_count": PaymentFinding.seen_count + 1},
        )
    )


def withdraw(uow: UnitOfWork, *, gateway: str, rule: str, subject: str) -> None:
    """The two sides agree again."""
    uow.session.execute(
        update(PaymentFinding)
        .where(
            PaymentFinding.gateway == gateway,
            PaymentFinding.rule == rule,
            PaymentFinding.subject == subject,
            PaymentFinding.resolved_at.is_(None),
        )
        .values(resolved_at=uow.now, resolved_by=BY_ITSELF, resolution="agrees again")
    )


def resolve(
    uow: UnitOfWork, *, finding_id: str, resolved_by: str, resolution: str
) -> PaymentFinding:
    """An operator has dealt with it and says how; raises `FindingNotFound`."""
    finding = uow.session.get(PaymentFinding, finding_id, with_for_update=True)
    if finding is None or finding.resolved_at is not None:
        raise FindingNotFound(finding_id)
    finding.resolved_at, finding.resolved_by = uow.now, resolved_by
    finding.resolution = resolution
    return finding
