"""Whether the documents that a rule asks for are there and in date."""

from collections.abc import Iterable, Mapping
from typing import Any

from compliance.days import day_at
from compliance.rules.predicates.sources import kinds_in_date
from compliance.rules.verdicts import Inputs, Verdict, failed, passed

STATEMENT = "STATEMENT:"
"""Before a kind of statement that the supplier signed, where a rule takes one for a document."""


def documents_are_in_date(inputs: Inputs) -> Verdict:
    """A document (or signed statement) of each group, and each officer that the rule asks for."""
    parameters = inputs["parameters"]
    known = known_kinds(inputs)
    missing = lacking(parameters["documents"], known)
    persons = inputs.get("responsible_persons") or {}
    missing += [each for each in parameters.get("officers", ()) if not persons.get(each)]
    found = sorted(known & {kind for group in parameters["documents"] for kind in group})
    return failed(missing=missing, found=found) if missing else passed(found=found)


def known_kinds(inputs: Inputs) -> set[str]:
    """Kinds of documents in date, and of signed statements."""
    signed = {STATEMENT + each["kind"] for each in inputs.get("statements") or ()}
    return kinds_in_date(inputs["evidence"] or [], inputs["at"]) | signed


def lacking(groups: Iterable[list[str]], known: set[str]) -> list[str]:
    """The groups none of whose kinds is known."""
    return [" or ".join(group) for group in groups if not known & set(group)]


def find_document(
    evidence: Iterable[Mapping[str, Any]] | None, reference: str | None, at: str
) -> Mapping[str, Any] | None:
    """The document that a member refers to by title or hash, if it is in date."""
    day = day_at(at)
    for document in evidence or ():
        is_meant = reference in {document["title"], document["sha256"]}
        if is_meant and document["valid_from"] <= day <= (document.get("valid_to") or day):
            return document
    return None
