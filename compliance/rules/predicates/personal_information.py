"""Whether the sample contradicts what the supplier says about personal information (PIPL 4, 73)."""

from collections.abc import Mapping
from typing import Any

from compliance.rules.verdicts import Inputs, Verdict, failed, passed, unsure
from compliance.scanner.scan import Finding, Kind, contradictions, hints, scan


def _findings(inputs: Inputs) -> list[Finding]:
    fields: list[Mapping[str, Any]] = [
        *(inputs["fields_in"] or []),
        *(inputs["fields_out"] or []),
    ]
    examples = {field["name"]: field.get("example") for field in fields}
    return scan([*(inputs["sample"] or []), examples])


def _documents(findings: list[Finding]) -> list[dict[str, Any]]:
    return [finding.document() for finding in findings]


def sample_agrees_with_declaration(inputs: Inputs) -> Verdict:
    """A product declared free of direct identifiers shows none in its sample or examples."""
    level, parameters = inputs["product.pi_level"], inputs["parameters"]
    if level not in parameters["levels"]:
        return failed(pi_level=level)
    findings = _findings(inputs)
    if level in parameters["personal_levels"]:
        return passed(pi_level=level, findings=_documents(findings))
    direct = contradictions(findings)
    if direct:
        return failed(pi_level=level, findings=_documents(direct))
    open_to_judgement = hints(findings)
    if open_to_judgement:
        # An address may be a company's; only a person can tell.
        return unsure(pi_level=level, findings=_documents(open_to_judgement))
    return passed(pi_level=level)


def sample_is_masked(inputs: Inputs) -> Verdict:
    """There is a sample, and neither it nor any example shows a direct identifier or a secret."""
    if not inputs["sample"]:
        return failed(reason="there is no sample")
    findings = _findings(inputs)
    bare = contradictions(findings) + [each for each in findings if each.kind is Kind.SECRET]
    if bare:
        return failed(findings=_documents(bare))
    return passed(row_count=len(inputs["sample"]))
