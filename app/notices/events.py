"""What happens in this room that others may need to know."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class WebhookEndpointDisabled(Event):
    """The exchange stopped sending to an endpoint: it answered 410, or it failed for days."""

    endpoint_id: str
    organisation_id: str
    reason: str
