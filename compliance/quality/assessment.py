"""All indicators of one sample put together: the report, without a single row in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.core.exchange_calendar import day_of
from compliance.quality import (
    access,
    anonymity,
    conformity,
    consistency,
    content,
    distributions,
    fitness,
    timeliness,
)
from compliance.quality.documentation import documentation
from compliance.quality.field_values import Row
from compliance.quality.grading import POLICY, Grade, Veto, grade
from compliance.quality.indicators import Indicator, decimal
from compliance.quality.rules import Rules, read_rules, without_missing
from compliance.scanner.scan import VERSION as SCANNER_VERSION
from compliance.scanner.scan import Finding, Kind, scan

FORMAT = "counterfoil-quality-report/1"


@dataclass(frozen=True)
class Sample:
    """Rows as drawn, perhaps a second pull of them, counters of calls, and how many there are."""

    rows: Sequence[Row]
    row_total: int | None = None
    again: Sequence[Row] = ()
    calls: access.CallCounts | None = None


def assess(
    dossier: Mapping[str, Any],
    sample: Sample,
    now: datetime,
    declared: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The report on a sample of a version: a document of counts, ratios and findings only."""
    rules = read_rules(dossier, declared)
    findings = scan(sample.rows, day_of(now))
    sample = replace(
        sample,
        rows=without_missing(rules, sample.rows),
        again=without_missing(rules, sample.again),
    )
    indicators = measure(rules, sample, now, findings)
    vetoes = vetoes_of(rules, indicators, findings, sample.calls)
    return {
        "format": FORMAT,
        "policy": POLICY,
        "scanner_version": SCANNER_VERSION,
        "sampled_count": len(sample.rows),
        "row_total": sample.row_total,
        **_graded(grade(indicators, vetoes), vetoes),
        "indicators": [each.document() for each in indicators],
        "calls": sample.calls and sample.calls.document(),
        "lag_p95_seconds": timeliness.lag_p95_seconds(rules, sample.rows, now),
        "anonymity": _anonymity(rules, sample.rows),
        "coded_values": distributions.coded_counts(rules, sample.rows),
        "documentation": documentation(dossier, rules.documentation),
        "model_gain": fitness.model_gain(rules.fitness.get("model")),
        "findings": [each.document() for each in findings],
    }


def measure(
    rules: Rules, sample: Sample, now: datetime, findings: Sequence[Finding]
) -> list[Indicator]:
    """Every indicator, in the order of the standard."""
    rows = sample.rows
    return [
        conformity.standard_conformity(rules, rows),
        conformity.metadata_match(rules, rows),
        conformity.business_rules(rules, rows),
        conformity.reference_validity(rules, rows),
        conformity.safety(rules, rows, findings),
        content.element_completeness(rules, rows),
        content.record_completeness(rules, rows),
        content.format_compliance(rules, rows),
        content.duplicate_rate(rows),
        content.key_uniqueness(rules, rows),
        content.dirty_rate(rules, rows),
        consistency.copy_consistency(rules, rows, sample.again),
        consistency.relation_consistency(rules, rows),
        timeliness.period_correctness(rules, rows),
        timeliness.timeliness(rules, rows, now),
        timeliness.order(rules, rows),
        timeliness.authorised_use(rules, rows, now),
        access.accessibility(sample.calls),
        access.usability(sample.calls),
        distributions.outlier_share(rules, rows),
        fitness.diversity(rows, rules.fitness.get("grid") or {}),
        fitness.scale(sample.row_total, rules.fitness.get("required_count")),
        fitness.annotation(rules.fitness.get("annotation")),
    ]


def vetoes_of(
    rules: Rules,
    indicators: Sequence[Indicator],
    findings: Sequence[Finding],
    calls: access.CallCounts | None,
) -> list[Veto]:
    """What no score makes up for, in the order of the list."""
    leaked = conformity.leaks(rules, findings)
    lapsed = [each for each in indicators if each.definition.code == "050400"]
    holds = {
        Veto.UNDECLARED_IDENTIFIER: any(each.kind is not Kind.SECRET for each in leaked),
        Veto.LEAKED_SECRET: any(each.kind is Kind.SECRET for each in leaked),
        Veto.AUTHORISATION_LAPSED: any(each.is_assessable and each.value < 1 for each in lapsed),
        Veto.LIVE_SCHEMA_MISMATCH: access.breaks_schema(calls),
    }
    return [veto for veto, is_met in holds.items() if is_met]


def _graded(found: Grade, vetoes: Sequence[Veto]) -> dict[str, Any]:
    return {
        "grade": found.letter,
        "score": decimal(found.score),
        "coverage": decimal(found.coverage),
        "vetoes": [veto.value for veto in vetoes],
    }


def _anonymity(rules: Rules, rows: Sequence[Row]) -> dict[str, Any] | None:
    found = anonymity.anonymity(rows, rules.quasi_identifiers, rules.sensitive_fields)
    return None if found is None else found.document()
