"""Does the sample look as declared: types, fields, codes, masks and the supplier's own rules."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from compliance.quality import definitions
from compliance.quality.field_values import Field, Row, instant, is_filled, number
from compliance.quality.indicators import Indicator, measured
from compliance.quality.rules import Rules
from compliance.scanner.scan import Finding, Kind, contradictions

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": eq, "ne": ne, "lt": lt, "le": le, "gt": gt, "ge": ge,
}  # fmt: skip
OPERATORS = frozenset(_OPERATORS)


def filled_cells(rules: Rules, rows: Sequence[Row]) -> Iterator[tuple[Field, Any]]:
    """Every cell of a declared field that holds anything."""
    for row in rows:
        for field in rules.fields:
            if is_filled(value := row.get(field.name)):
                yield field, value


def standard_conformity(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0101: the mean of the shares of cells with the declared type, format and length."""
    cells = list(filled_cells(rules, rows))
    parts = [
        sum(fits(field, value) for field, value in cells)
        for fits in (Field.fits_type, Field.fits_format, Field.fits_length)
    ]
    shares = [(part, len(cells)) for part in parts]
    return measured(
        definitions.STANDARD_CONFORMITY, *shares, lacking="no declared field holds anything"
    )


def metadata_match(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0103: fields both declared and observed, of all that are either."""
    declared = {field.name for field in rules.fields}
    observed = {name for row in rows for name in row}
    of = len(declared | observed) if rows else 0
    return measured(definitions.METADATA_MATCH, (len(declared & observed), of), lacking="no rows")


def reference_validity(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0105: values in their code list, of the values of coded fields."""
    coded = [(field, value) for field, value in filled_cells(rules, rows) if field.codes]
    good = sum(str(value) in field.codes for field, value in coded)
    return measured(definitions.REFERENCE_VALIDITY, (good, len(coded)), lacking="no field is coded")


def business_rules(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0104: declared row rules that held, of those that could be evaluated.

    A rule compares a field with another (``right``) or with a ``value``.
    """
    answers = [
        answer
        for rule in rules.row_rules
        for row in rows
        if (answer := _holds(rule, row)) is not None
    ]
    return measured(
        definitions.BUSINESS_RULES, (sum(answers), len(answers)), lacking="no row rule is declared"
    )


def _holds(rule: Mapping[str, Any], row: Row) -> bool | None:
    left = row.get(rule["left"])
    right = row.get(rule["right"]) if "right" in rule else rule.get("value")
    if not is_filled(left) or not is_filled(right):
        return None
    a, b = _comparable(left, right)
    return _OPERATORS[rule["operator"]](a, b)


def _comparable(left: object, right: object) -> tuple[Any, Any]:
    """Both as numbers, or both as instants, or both as text."""
    numbers: tuple[Decimal | None, Decimal | None] = number(left), number(right)
    if None not in numbers:
        return numbers
    instants = instant(left), instant(right)
    if None not in instants:
        return instants
    return str(left), str(right)


def safety(rules: Rules, rows: Sequence[Row], findings: Sequence[Finding]) -> Indicator:
    """0106: cells that neither leak nor stand unmasked in a field declared as masked, of all.

    Where fields are declared as masked, only their cells and the leaking ones are counted.
    """
    scanned = [(name, value) for row in rows for name, value in row.items() if is_filled(value)]
    masked = set(rules.masked_fields)
    bare = sum(name in masked and "*" not in str(value) for name, value in scanned)
    leaked = sum(each.matched_count for each in leaks(rules, findings) if each.column not in masked)
    of = sum(name in masked for name, _ in scanned) + leaked if masked else len(scanned)
    return measured(definitions.SAFETY, (max(0, of - bare - leaked), of), lacking="no cells")


def leaks(rules: Rules, findings: Sequence[Finding]) -> list[Finding]:
    """Secrets, and identifiers of a product that declares no personal information."""
    secrets = [each for each in findings if each.kind is Kind.SECRET]
    return secrets if rules.is_personal else [*secrets, *contradictions(findings)]
