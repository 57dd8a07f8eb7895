"""What an order, its licence and its entitlement have in common: who agreed on what, for when."""

from datetime import datetime
from typing import Any, TypedDict, cast


class AgreedTerms(TypedDict):
    """``split`` is in basis points; the rest of each room's terms is its own."""

    order_id: str
    agreement_id: str
    buyer_id: str
    supplier_id: str
    listing_code: str
    version_id: str
    scenario_id: str
    plan_id: str
    plan_hash: str
    plan_terms: dict[str, Any]
    split: dict[str, int]
    currency: str
    starts_at: datetime
    ends_at: datetime


def agreed_terms(of: object) -> AgreedTerms:
    """Those of an event or a row that has each of them under its name."""
    return cast(AgreedTerms, {name: getattr(of, name) for name in AgreedTerms.__annotations__})
