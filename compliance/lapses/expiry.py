"""What a dossier rests on that lapses, and when that stops carrying its listing; pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from compliance.days import day_is_over
from compliance.lapses.expiry_policy import SUSPEND, Lapse, kind_of_document, lapse
from compliance.rules.rule_set import RuleSet

EVIDENCE_RULE = "P2"
Dossier = Mapping[str, Any]


def lapses_of(dossier: Dossier, rule_set: RuleSet) -> list[Lapse]:
    """Everything of the dossier that ends by itself.

    A kind of document lapses with the last of its documents, a group of kinds of which any one
    will do with the last of them all; days are Shanghai's and the last one counts, as in the rules.
    """
    return [
        lapse(kind, name, day_is_over(day))
        for found in (_documents(dossier, rule_set), _rights(dossier), _approvals(dossier))
        for kind, name, day in found
    ]


def evidence_lapses_at(dossier: Dossier, rule_set: RuleSet) -> datetime | None:
    """When the machine suspends the listing by itself; None if that never comes."""
    suspending = [
        each.effective_at for each in lapses_of(dossier, rule_set) if each.consequence == SUSPEND
    ]
    return min(suspending, default=None)


_Found = Iterator[tuple[str, str, str]]


def _documents(dossier: Dossier, rule_set: RuleSet) -> _Found:
    matrix: Mapping[str, list[list[str]]] = rule_set.rule(EVIDENCE_RULE).parameters["matrix"]
    evidence = list(dossier.get("evidence") or ())
    sources = dossier.get("source_types") or ()
    demanded = [tuple(group) for kind in sources for group in matrix.get(kind, [])]
    named = {kind for group in demanded for kind in group}
    others = {(document["kind"],) for document in evidence if document["kind"] not in named}
    for group in dict.fromkeys([*demanded, *sorted(others)]):
        day = _last_day(evidence, group)
        if day is not None:
            yield kind_of_document(group[0]), " or ".join(group), day


def _last_day(evidence: Iterable[Mapping[str, Any]], kinds: Iterable[str]) -> str | None:
    until = [document.get("valid_to") for document in evidence if document["kind"] in set(kinds)]
    # One document without an end carries its kind for ever.
    if not all(until):
        return None
    return max((day for day in until if day), default=None)


def _rights(dossier: Dossier) -> _Found:
    for right in dossier.get("rights") or ():
        if right.get("to"):
            yield "RIGHT", f"{right['right']} ({right['basis']})", right["to"]
    for place, link in enumerate(dossier.get("authorisation_chain") or ()):
        if link.get("to"):
            yield "CHAIN_LINK", f"link {place}", link["to"]


def _approvals(dossier: Dossier) -> _Found:
    for certificate in dossier.get("registry_certificates") or ():
        if certificate.get("valid_to"):
            name = f"{certificate.get('registry', '')} {certificate.get('number', '')}".strip()
            yield "CERTIFICATE", name, certificate["valid_to"]
    for kind, member, day in (
        ("IMPACT_ASSESSMENT", "pipia", "next_due_on"),
        ("CROSS_BORDER", "cross_border", "valid_to"),
        ("VALUATION", "valuation", "valid_to"),
    ):
        last = (dossier.get(member) or {}).get(day)
        if last:
            yield kind, member, last
