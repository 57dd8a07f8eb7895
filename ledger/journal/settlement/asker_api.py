"""Who asks, as the journal's routes need it."""

from app.core.ids import OrganisationId
from app.web.context import current_principal


def own_organisation() -> OrganisationId | None:
    """The first lock: whose rows to ask for; None for the exchange's staff, who see all."""
    principal = current_principal()
    if principal.is_exchange_staff:
        return None
    return OrganisationId(principal.organisation_id)
