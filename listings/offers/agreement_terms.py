"""What buyer and supplier agree on, fixed at order time and bound by a hash."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.core.canonical import digest_hex
from app.core.clock import iso_instant
from listings.offers.plan_prices import PAID_AT_ORDER

FORMAT = "counterfoil-agreement/1"


def product_terms(content: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """What the product permits at most; the licence is the meet of this with everything else."""
    return {
        "purposes": sorted(content["allowed_purposes"]),
        "fields": sorted(field["name"] for field in content["fields_out"]),
        "regions": sorted(content["regions"]),
        "retention": content["retention"],
        "transfer": content["transfer_rule"],
        "calls_per_second": plan["calls_per_second"],
    }


def agreed_period(
    plan: Mapping[str, Any], *, ordered_at: datetime, scenario_ends_at: datetime
) -> tuple[datetime, datetime]:
    """From the order until the package or year runs out; any other plan lasts with its scenario."""
    if plan["kind"] in PAID_AT_ORDER:
        return ordered_at, ordered_at + timedelta(days=int(plan["valid_days"]))
    return ordered_at, scenario_ends_at


@dataclass(frozen=True)
class OrderWarning:
    """What is paid until when, and usable until when only."""

    code: str
    paid_until: datetime
    usable_until: datetime


def order_warnings(
    ends_at: datetime, scenario_ends_at: datetime | None
) -> tuple[OrderWarning, ...]:
    """A package or year that outlasts its scenario costs its whole price and ends with that."""
    if scenario_ends_at is None or ends_at <= scenario_ends_at:
        return ()
    return (OrderWarning("ends-with-scenario", ends_at, scenario_ends_at),)


def agreement_terms(
    *,
    parties: Mapping[str, Any],
    subject: Mapping[str, Any],
    plan: Mapping[str, Any],
    product: Mapping[str, Any],
    split: Mapping[str, int],
    period: tuple[datetime, datetime],
    contributors: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The agreement as one canonical document; shares of the split are basis points.

    ``contributors`` share the supplier's part; a product of one supplier does not mention them.
    """
    starts_at, ends_at = period
    shared = {"contributors": [dict(each) for each in contributors]} if contributors else {}
    return {
        "format": FORMAT,
        **parties,
        **subject,
        "plan": dict(plan),
        "product_terms": dict(product),
        "split": dict(split),
        **shared,
        "starts_at": iso_instant(starts_at),
        "ends_at": iso_instant(ends_at),
    }


def agreement_hash(terms: Mapping[str, Any]) -> str:
    """SHA-256 over the agreement's canonical bytes, in hexadecimal."""
    return digest_hex(dict(terms))
