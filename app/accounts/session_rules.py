"""How long sessions and refresh tokens live."""

from datetime import datetime, timedelta

MEMBER_SESSION = timedelta(days=30)
STAFF_SESSION = timedelta(hours=12)
"""Whoever decides over others proves the second factor every working day."""
REFRESH_TOKEN = timedelta(days=7)
KEPT_AFTER_END = timedelta(days=30)
"""Ended sessions stay that long, so that a token that comes back late is still recognised."""


def session_end(started_at: datetime, *, is_staff: bool) -> datetime:
    """When a session ends whatever is refreshed."""
    return started_at + (STAFF_SESSION if is_staff else MEMBER_SESSION)


def refresh_token_end(issued_at: datetime, session_expires_at: datetime) -> datetime:
    """When an unused refresh token expires: never after its session."""
    return min(issued_at + REFRESH_TOKEN, session_expires_at)
