"""Ending sessions, for whatever reason."""

from sqlalchemy import select

from app.accounts.access_models import SignedInSession
from app.core.unit_of_work import UnitOfWork


def end_sessions(uow: UnitOfWork, person_id: str, *, reason: str, keep: str | None = None) -> None:
    """Close a person's open sessions, except perhaps the one that asks."""
    statement = select(SignedInSession).where(
        SignedInSession.person_id == person_id, SignedInSession.ended_at.is_(None)
    )
    # Locked in one order, so that two endings at once do not wait for each other.
    ordered = statement.order_by(SignedInSession.id).with_for_update()
    for session in uow.session.scalars(ordered):
        if session.id != keep:
            session.end(reason, at=uow.now)


def end_session(uow: UnitOfWork, session_id: str) -> None:
    """Sign out of one session; a second time changes nothing."""
    session = uow.session.get(SignedInSession, session_id, with_for_update=True)
    if session is not None:
        session.end("signed_out", at=uow.now)
