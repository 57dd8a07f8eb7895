"""Where the data comes from, and which documents have to show it for each kind of source."""

from collections.abc import Iterable, Mapping
from typing import Any

from compliance.days import day_at
from compliance.rules.verdicts import Inputs, Verdict, failed, passed, passed_unless, unsure


def sources_are_stated(inputs: Inputs) -> Verdict:
    """There is a source, each of a known type with a statement in words, and some evidence."""
    listed, known = inputs["sources"] or [], inputs["parameters"]["source_types"]
    if not listed:
        return failed(reason="no source is stated")
    if not inputs["evidence"]:
        return failed(reason="no evidence document is attached")
    faults = [
        index
        for index, source in enumerate(listed)
        if source["type"] not in known or not source["statement"].strip()
    ]
    return passed_unless(faults, source_count=len(listed))


def source_evidence_is_complete(inputs: Inputs) -> Verdict:
    """Each source type has a document, in date, of every kind that the matrix demands of it."""
    matrix = inputs["parameters"]["matrix"]
    kinds = kinds_in_date(inputs["evidence"] or [], inputs["at"])
    types = sorted({source["type"] for source in inputs["sources"] or []})
    if not types:
        return failed(reason="no source is stated")
    missing = {t: lacking for t in types if (lacking := _lacking(matrix.get(t, []), kinds))}
    if missing:
        return failed(missing=missing)
    if set(types) & set(inputs["parameters"]["judged_types"]):
        return unsure(types=types)
    return passed(types=types)


def matrix_is_complete(inputs: Inputs) -> Verdict:
    """As `source_evidence_is_complete`, with what links to third parties demand on top."""
    parameters = inputs["parameters"]
    kinds = kinds_in_date(inputs["evidence"] or [], inputs["at"])
    types = sorted({source["type"] for source in inputs["sources"] or []})
    if not types:
        return failed(reason="no source is stated")
    demanded = {kind: parameters["matrix"].get(kind, []) for kind in types}
    demanded |= {
        f"link {link}": parameters["links"][link]
        for link in inputs["product.third_party_links"] or ()
    }
    missing = {
        of: lacking for of, groups in demanded.items() if (lacking := _lacking(groups, kinds))
    }
    if missing:
        return failed(missing=missing)
    is_judged = set(types) & set(parameters["judged_types"])
    return unsure(demanded=sorted(demanded)) if is_judged else passed(demanded=sorted(demanded))


def _lacking(groups: Iterable[list[str]], kinds: set[str]) -> list[str]:
    # Each group is met by any one of its kinds: an invoice or an exchange's certificate.
    return [" or ".join(group) for group in groups if not kinds & set(group)]


def kinds_in_date(evidence: Iterable[Mapping[str, Any]], at: str) -> set[str]:
    """The kinds of the documents that are valid on the instant's day."""
    day = day_at(at)
    return {
        document["kind"]
        for document in evidence
        # ISO 8601 days compare as text; the last day still counts.
        if (document.get("valid_from") or "") <= day <= (document.get("valid_to") or day)
    }
