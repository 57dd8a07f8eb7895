"""Reads of payments."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, awaiting_word, between, holding, matching, paginate
from app.core.principals import Permission, Principal
from ledger.payments.errors import OperationNotFound, PayoutAccountNotFound
from ledger.payments.models import (
    AccountState,
    PaymentDispute,
    PaymentEvent,
    PaymentFinding,
    PaymentMovement,
    PaymentOperation,
    PaymentReference,
    PayoutAccount,
)
from ledger.payments.operations import Kind, State

NOT_GIVEN_BACK = (State.FAILED, State.CANCELLED)


def get_operation(
    session: Session, operation_id: str, organisation_id: OrganisationId | None
) -> PaymentOperation:
    """One operation; ``organisation_id`` None asks as the exchange. Raises `OperationNotFound`."""
    statement = select(PaymentOperation).where(PaymentOperation.operation_id == operation_id)
    if organisation_id is not None:
        statement = statement.where(PaymentOperation.organisation_id == organisation_id)
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise OperationNotFound(operation_id)
    return found


def get_operation_for_update(session: Session, operation_id: str) -> PaymentOperation:
    """One operation, locked and read afresh; raises `OperationNotFound`."""
    found = session.get(
        PaymentOperation, operation_id, with_for_update=True, populate_existing=True
    )
    if found is None:
        raise OperationNotFound(operation_id)
    return found


def find_operation(session: Session, kind: Kind, subject_id: str) -> PaymentOperation | None:
    """The payment or the transfer of a subject, locked, if one was ever asked for."""
    statement = (
        select(PaymentOperation)
        .where(PaymentOperation.kind == kind, PaymentOperation.subject_id == subject_id)
        .with_for_update()
    )
    return session.scalars(statement).one_or_none()


def peek_operation(session: Session, kind: Kind, subject_id: str) -> PaymentOperation | None:
    """The payment or the transfer of a subject, without a lock."""
    statement = select(PaymentOperation).where(
        PaymentOperation.kind == kind, PaymentOperation.subject_id == subject_id
    )
    return session.scalars(statement).one_or_none()


def list_operations(
    session: Session,
    organisation_id: OrganisationId | None,
    *,
    asks: Principal | None = None,
    gateway: str | None = None,
    subject_id: str | None = None,
    kind: str | None = None,
    state: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[PaymentOperation]:
    """Operations, newest first; ``asks``: those alone that wait for a word of its.

    The period is that in which they were asked for.
    """
    wanted = {
        PaymentOperation.organisation_id: organisation_id,
        PaymentOperation.gateway: gateway,
        PaymentOperation.subject_id: subject_id,
        PaymentOperation.kind: kind,
        PaymentOperation.state: state,
    }
    statement = select(PaymentOperation).where(
        *matching(wanted), *between(PaymentOperation.requested_at, from_at, until_at)
    )
    if asks is not None:
        is_waiting = PaymentOperation.state == State.REQUESTED
        first_by = PaymentOperation.requested_by
        statement = statement.where(
            awaiting_word(asks, Permission.CONFIRM_TOP_UPS, first_by, is_waiting)
        )
    return paginate(
        session, statement, key=PaymentOperation.operation_id, cursor=cursor, limit=limit
    )


def given_back_amount(session: Session, parent_id: str) -> int:
    """What refunds or reversals of an operation have taken of it, or will (10⁻⁸ units)."""
    statement = select(func.coalesce(func.sum(PaymentOperation.amount), 0)).where(
        PaymentOperation.parent_id == parent_id, PaymentOperation.state.not_in(NOT_GIVEN_BACK)
    )
    return int(session.scalar(statement) or 0)


def find_by_reference(
    session: Session, gateway: str, references: Sequence[str]
) -> PaymentOperation | None:
    """The operation that the provider knows under any of these names, unlocked."""
    statement = (
        select(PaymentOperation)
        .join(PaymentReference, PaymentReference.operation_id == PaymentOperation.operation_id)
        .where(PaymentReference.gateway == gateway, PaymentReference.reference.in_(references))
        .limit(1)
    )
    return session.scalars(statement).first()


def list_references(session: Session, operation_id: str) -> list[str]:
    """Every name under which the provider knows an operation."""
    statement = select(PaymentReference.reference).where(
        PaymentReference.operation_id == operation_id
    )
    return list(session.scalars(statement))


def find_dispute(session: Session, gateway: str, reference: str) -> PaymentDispute | None:
    """A dispute by the provider's name for it, locked."""
    statement = (
        select(PaymentDispute)
        .where(PaymentDispute.gateway == gateway, PaymentDispute.reference == reference)
        .with_for_update()
    )
    return session.scalars(statement).one_or_none()


def dispute_states(session: Session, operation_id: str) -> set[str]:
    """The states of every dispute of a payment."""
    statement = select(PaymentDispute.state).where(PaymentDispute.operation_id == operation_id)
    return set(session.scalars(statement))


def list_disputes(
    session: Session,
    own: OrganisationId | None,
    *,
    organisation_id: str | None = None,
    gateway: str | None = None,
    operation_id: str | None = None,
    state: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[PaymentDispute]:
    """Disputes of one's ``own`` organisation, or of all in reach, newest first.

    The period is that in which the exchange learned of them.
    """
    wanted = {
        PaymentDispute.organisation_id: organisation_id,
        PaymentDispute.gateway: gateway,
        PaymentDispute.operation_id: operation_id,
        PaymentDispute.state: state,
    }
    statement = select(PaymentDispute).where(
        *matching(wanted), *between(PaymentDispute.opened_at, from_at, until_at)
    )
    if own is not None:
        statement = statement.where(PaymentDispute.organisation_id == own)
    return paginate(session, statement, key=PaymentDispute.dispute_id, cursor=cursor, limit=limit)


def list_notices(
    session: Session,
    *,
    gateway: str | None = None,
    state: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[PaymentEvent]:
    """Providers' notices, newest first; the period is that in which they came."""
    statement = select(PaymentEvent).where(
        *matching({PaymentEvent.gateway: gateway, PaymentEvent.state: state}),
        *between(PaymentEvent.received_at, from_at, until_at),
    )
    return paginate(session, statement, key=PaymentEvent.notice_id, cursor=cursor, limit=limit)


def list_findings(
    session: Session,
    *,
    gateway: str | None = None,
    is_open: bool | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[PaymentFinding]:
    """Findings, newest first; the period is that in which they were found."""
    statement = select(PaymentFinding).where(
        *matching({PaymentFinding.gateway: gateway}),
        *holding(PaymentFinding.resolved_at.is_(None), is_open),
        *between(PaymentFinding.found_at, from_at, until_at),
    )
    return paginate(session, statement, key=PaymentFinding.finding_id, cursor=cursor, limit=limit)


def list_movements(
    session: Session,
    *,
    gateway: str | None = None,
    explained_by: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[PaymentMovement]:
    """Lines of providers' account statements, newest seen first; the period is their booking."""
    statement = select(PaymentMovement).where(
        *matching({PaymentMovement.gateway: gateway, PaymentMovement.explained_by: explained_by}),
        *between(PaymentMovement.occurred_at, from_at, until_at),
    )
    return paginate(session, statement, key=PaymentMovement.movement_id, cursor=cursor, limit=limit)


def movement_totals(session: Session, gateway: str) -> dict[str, int]:
    """What the lines of a provider's statement add up to, by currency (10⁻⁸ units)."""
    statement = (
        select(
            PaymentMovement.currency,
            func.sum(PaymentMovement.amount - PaymentMovement.fee_amount),
        )
        .where(PaymentMovement.gateway == gateway)
        .group_by(PaymentMovement.currency)
    )
    return {currency: int(total) for currency, total in session.execute(statement)}


def known_movements(session: Session, gateway: str, references: Sequence[str]) -> set[str]:
    """Those of the references that were seen before."""
    statement = select(PaymentMovement.reference).where(
        PaymentMovement.gateway == gateway, PaymentMovement.reference.in_(references)
    )
    return set(session.scalars(statement))


def list_unconcluded(
    session: Session, gateway: str, *, sent_before: datetime, after_id: str, limit: int
) -> list[PaymentOperation]:
    """Operations that the provider has the last word on, by id, for the sweep."""
    statement = (
        select(PaymentOperation)
        .where(
            PaymentOperation.gateway == gateway,
            PaymentOperation.state.in_((State.SENT, State.OPEN)),
            PaymentOperation.first_sent_at < sent_before,
            PaymentOperation.operation_id > after_id,
        )
        .order_by(PaymentOperation.operation_id)
        .limit(limit)
    )
    return list(session.scalars(statement))


def find_payout_account(
    session: Session, organisation_id: str, gateway: str
) -> PayoutAccount | None:
    """The organisation's account at a provider, unlocked; else the last that was refused."""
    statement = (
        select(PayoutAccount)
        .where(PayoutAccount.organisation_id == organisation_id, PayoutAccount.gateway == gateway)
        .order_by(PayoutAccount.state == AccountState.FAILED, PayoutAccount.account_id.desc())
        .limit(1)
    )
    return session.scalars(statement).one_or_none()


def get_payout_account(
    session: Session, organisation_id: OrganisationId, gateway: str
) -> PayoutAccount:
    """The organisation's account at a provider; raises `PayoutAccountNotFound`."""
    found = find_payout_account(session, organisation_id, gateway)
    if found is None:
        raise PayoutAccountNotFound(gateway)
    return found


def list_payout_accounts(
    session: Session,
    own: OrganisationId | None,
    *,
    organisation_id: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[PayoutAccount]:
    """Payout accounts of one's ``own`` organisation, or of all in reach, newest first."""
    wanted = {PayoutAccount.organisation_id: organisation_id, PayoutAccount.state: state}
    statement = select(PayoutAccount).where(*matching(wanted))
    if own is not None:
        statement = statement.where(PayoutAccount.organisation_id == own)
    return paginate(session, statement, key=PayoutAccount.account_id, cursor=cursor, limit=limit)
