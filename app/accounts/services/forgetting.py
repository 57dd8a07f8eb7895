"""Deleting what has no further use, in bounded portions; the worker calls it."""

from sqlalchemy import CursorResult, delete, select

from app.accounts.access_models import SignedInSession, SignInAttempts
from app.accounts.session_rules import KEPT_AFTER_END
from app.accounts.throttling import FORGOTTEN_AFTER
from app.core.unit_of_work import UnitOfWork

PORTION = 500


def forget_stale_access(uow: UnitOfWork, *, portion: int = PORTION) -> int:
    """Delete at most ``portion`` each of forgotten attempts and long-expired sessions; the count.

    Refresh tokens go with their session. Needs the reach of the exchange.
    """
    attempts = (
        select(SignInAttempts.email_hash)
        .where(SignInAttempts.last_at < uow.now - FORGOTTEN_AFTER)
        .limit(portion)
    )
    sessions = (
        select(SignedInSession.id)
        .where(SignedInSession.expires_at < uow.now - KEPT_AFTER_END)
        .limit(portion)
    )
    results = (
        uow.session.execute(delete(SignInAttempts).where(SignInAttempts.email_hash.in_(attempts))),
        uow.session.execute(delete(SignedInSession).where(SignedInSession.id.in_(sessions))),
    )
    return sum(result.rowcount for result in results if isinstance(result, CursorResult))
