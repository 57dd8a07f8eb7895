"""The chain of rights behind a product as terms: each grantor's link narrows what follows it."""

from collections.abc import Mapping
from typing import Any

from compliance.days import day_begins, day_is_over
from compliance.terms.effective_terms import Terms


def chain_terms(dossier: Mapping[str, Any]) -> list[Terms]:
    """The terms of every link of the dossier's authorisation chain, in its order."""
    return [_terms_of(link) for link in dossier.get("authorisation_chain") or ()]


def _terms_of(link: Mapping[str, Any]) -> Terms:
    starts_on, ends_on = link.get("from"), link.get("to")
    return Terms(
        purposes=_codes(link.get("purposes")),
        regions=_codes(link.get("regions")),
        starts_at=None if starts_on is None else day_begins(starts_on),
        ends_at=None if ends_on is None else day_is_over(ends_on),
        may_sublicense=bool(link.get("may_sublicense", False)),
    )


def _codes(value: Any) -> frozenset[str] | None:
    return None if value is None else frozenset(value)
