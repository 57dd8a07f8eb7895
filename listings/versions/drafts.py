"""Takes a supplier's form apart: content, offers, and the secret that belongs in neither."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from listings.errors import Fault
from listings.offers.plan_faults import plan_faults

OFFERS = "offers"
PLANS_MAX = 50


@dataclass(frozen=True)
class Draft:
    """A form taken apart; ``None`` means that the form says nothing of it."""

    content: Mapping[str, Any]
    offers: list[dict[str, Any]] | None
    credential: str | None


def read_draft(form: Mapping[str, Any]) -> Draft:
    """The draft in a loaded form; the form itself stays as it is."""
    content = {name: value for name, value in form.items() if name != OFFERS}
    credential = None
    if content.get("upstream"):
        content["upstream"] = dict(content["upstream"])
        credential = content["upstream"].pop("credential", None)
    return Draft(content, form.get(OFFERS), credential)


def offer_faults(offers: list[dict[str, Any]]) -> list[Fault]:
    """Plans that do not have the members of their kind, and more plans than a page shows."""
    faults = [
        fault
        for at, offer in enumerate(offers)
        for place, plan in enumerate(offer["plans"])
        for fault in plan_faults(plan, f"#/offers/{at}/plans/{place}")
    ]
    if sum(len(offer["plans"]) for offer in offers) > PLANS_MAX:
        faults.append(Fault("#/offers", f"At most {PLANS_MAX} plans."))
    return faults


def credential_faults(
    upstream: Mapping[str, Any] | None,
    *,
    credential: str | None,
    stored_for: Mapping[str, Any] | None,
) -> list[Fault]:
    """A header without its secret, or a secret without its header.

    A stored secret serves on only where address and header stay: it must not follow an edit to
    another host. ``stored_for`` is the upstream that the stored secret was given for.
    """
    header = (upstream or {}).get("credential_header")
    if credential is not None and header is None:
        return [Fault("#/upstream/credential_header", "A credential travels in a header.")]
    if header is not None and credential is None and not is_same_target(upstream, stored_for):
        return [Fault("#/upstream/credential", "The header needs its credential.")]
    return []


def is_same_target(upstream: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Whether both upstreams name one address and one credential header."""
    if not upstream or not other:
        return False
    return all(upstream.get(name) == other.get(name) for name in ("url", "credential_header"))
