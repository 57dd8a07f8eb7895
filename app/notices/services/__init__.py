"""The verbs of this room, by subject."""

from app.notices.services.endpoints import (
    ENDPOINTS_MAX,
    IssuedEndpoint,
    change_endpoint,
    create_endpoint,
    delete_endpoint,
    ping_endpoint,
    rotate_secret,
)
from app.notices.services.notices import (
    KEPT_FOR,
    Told,
    forget_notices,
    give_notices,
    number_notices,
)
from app.notices.services.replays import (
    REPLAY_MAX,
    Replayed,
    replay_delivery,
    replay_since,
)

__all__ = [
    "ENDPOINTS_MAX",
    "KEPT_FOR",
    "REPLAY_MAX",
    "IssuedEndpoint",
    "Replayed",
    "Told",
    "change_endpoint",
    "create_endpoint",
    "delete_endpoint",
    "forget_notices",
    "give_notices",
    "number_notices",
    "ping_endpoint",
    "replay_delivery",
    "replay_since",
    "rotate_secret",
]
