"""Consistency: two pulls of the same keys, and what columns and tables owe each other."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from compliance.quality import definitions
from compliance.quality.field_values import Row, is_filled, number
from compliance.quality.indicators import Indicator, measured
from compliance.quality.rules import Rules


def copy_consistency(rules: Rules, rows: Sequence[Row], again: Sequence[Row]) -> Indicator:
    """0401: equal cells of two pulls of the same keys, of the cells compared."""
    first = {_key(rules, row): row for row in rows}
    pairs = [
        (first[key].get(name), row.get(name))
        for row in again
        if (key := _key(rules, row)) in first
        for name in {**first[key], **row}
    ]
    of = len(pairs) if rules.key_fields else 0
    return measured(
        definitions.COPY_CONSISTENCY,
        (sum(str(a) == str(b) for a, b in pairs), of),
        lacking="no second pull, or no key is declared",
    )


def _key(rules: Rules, row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for name in rules.key_fields)


def relation_consistency(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """0402: foreign keys that exist and sums that add up, of those evaluated.

    A relation is ``{field, references[]}`` or ``{total, parts[]}``.
    """
    answers = [answer for relation in rules.relations for answer in _answers(relation, rows)]
    return measured(
        definitions.RELATION_CONSISTENCY,
        (sum(answers), len(answers)),
        lacking="no relation is declared",
    )


def _answers(relation: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[bool]:
    if "references" in relation:
        known = set(map(str, relation["references"]))
        values = [row.get(relation["field"]) for row in rows]
        yield from (str(value) in known for value in values if is_filled(value))
        return
    for row in rows:
        total = number(row.get(relation["total"]))
        parts = [number(row.get(name)) for name in relation["parts"]]
        if total is not None and None not in parts:
            yield total == sum((part for part in parts if part is not None), Decimal())
