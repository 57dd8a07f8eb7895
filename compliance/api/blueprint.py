"""The one blueprint of this room."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.core.clock import iso_instant
from app.core.principals import Principal
from app.web.blueprints import Blueprint

blueprint = Blueprint(
    "compliance",
    __name__,
    url_prefix="/v1",
    description="Review cases, scenarios, licences, suspension: no listing without compliance, no"
    " trade without a scenario.",
)


def own_only(principal: Principal) -> str | None:
    """The organisation that a read is confined to; the exchange's staff are not confined."""
    is_staff = principal.is_exchange_staff and principal.has_second_factor
    return None if is_staff else principal.organisation_id


def as_document(command: Mapping[str, Any]) -> dict[str, Any]:
    """A command's members as plain JSON: terms are hashed, and only JSON has one canonical form."""
    return {
        name: iso_instant(value) if isinstance(value, datetime) else value
        for name, value in command.items()
    }
