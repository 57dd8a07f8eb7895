"""The one blueprint of this room."""

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
