"""What the scanner found in a dossier, as facts that are stored with the evaluation.

Stored, not scanned again on replay: a better scanner must not change what was decided.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from compliance.scanner.scan import VERSION, Finding, Kind, contradictions, hints, scan

TOOL = f"counterfoil-scanner/{VERSION}"
DATA_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What a dossier that is no dossier can raise; the rules that read the scan then fail."""


def scan_facts(dossier: Mapping[str, Any]) -> dict[str, Any]:
    """Findings over the sample and the examples of the fields; there is no value in them."""
    try:
        rows = [*(dossier.get("sample") or ()), _examples(dossier)]
        found = scan(rows)
    except DATA_ERRORS as error:
        return {"tool": TOOL, "error": type(error).__name__}
    return {
        "tool": TOOL,
        "rows_count": len(rows),
        "findings": _documents(found),
        "contradictions": _documents(contradictions(found)),
        "hints": _documents(hints(found)),
        "secrets": _documents(each for each in found if each.kind is Kind.SECRET),
    }


def _documents(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [finding.document() for finding in findings]


def _examples(dossier: Mapping[str, Any]) -> dict[str, Any]:
    fields = [*(dossier.get("fields_in") or ()), *(dossier.get("fields_out") or ())]
    return {field["name"]: field.get("example") for field in fields}
