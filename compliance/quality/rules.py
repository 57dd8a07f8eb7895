"""What a supplier declares beside the schema, so that more than form can be measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from compliance.days import day_begins, day_is_over
from compliance.quality.field_values import Field, Row


@dataclass(frozen=True)
class Rules:
    """The schema and everything declared; what is absent makes indicators not assessable.

    A period goes from its first instant up to the first one after its last day.
    """

    fields: tuple[Field, ...]
    key_fields: tuple[str, ...] = ()
    row_rules: tuple[Mapping[str, Any], ...] = ()
    relations: tuple[Mapping[str, Any], ...] = ()
    time_field: str | None = None
    order_within: str | None = None
    period_from: datetime | None = None
    period_to: datetime | None = None
    freshness_seconds: int | None = None
    authorised: tuple[tuple[datetime | None, datetime | None], ...] = ()
    quasi_identifiers: tuple[str, ...] = ()
    sensitive_fields: tuple[str, ...] = ()
    masked_fields: tuple[str, ...] = ()
    expected_keys: tuple[str, ...] = ()
    missing_values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_personal: bool = False
    fitness: Mapping[str, Any] = field(default_factory=dict)
    documentation: Mapping[str, Any] = field(default_factory=dict)


PERSONAL_LEVELS = frozenset({"PERSONAL", "SENSITIVE"})


def read_rules(dossier: Mapping[str, Any], declared: Mapping[str, Any] | None = None) -> Rules:
    """Rules from a version's content and the declaration that came with the commitment."""
    declared = declared or {}
    fields = tuple(Field(each) for each in dossier.get("fields_out") or ())
    period = dossier.get("period") or {}
    return Rules(
        fields=fields,
        key_fields=tuple(declared.get("key_fields") or _flagged(fields, "key")),
        row_rules=tuple(declared.get("row_rules") or ()),
        relations=tuple(declared.get("relations") or ()),
        time_field=declared.get("time_field"),
        order_within=declared.get("order_within"),
        period_from=_first_instant(period),
        period_to=_end(period),
        freshness_seconds=declared.get("freshness_seconds") or dossier.get("freshness_seconds"),
        authorised=_authorised(dossier),
        quasi_identifiers=_flagged(fields, "is_quasi_identifier"),
        sensitive_fields=tuple(declared.get("sensitive_fields") or ()),
        masked_fields=tuple(declared.get("masked_fields") or ()),
        expected_keys=tuple(map(str, declared.get("expected_keys") or ())),
        missing_values={
            name: frozenset(map(str, values))
            for name, values in (declared.get("missing_values") or {}).items()
        },
        is_personal=dossier.get("pi_level") in PERSONAL_LEVELS,
        fitness=declared.get("fitness") or {},
        documentation=declared.get("documentation") or {},
    )


def without_missing(rules: Rules, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows with null where a cell says, as declared, that there is no value.

    Files write ``0`` or ``N/A`` for "not known"; counted as values they would look complete.
    """
    if not rules.missing_values:
        return rows
    nothing: frozenset[str] = frozenset()
    return [
        {
            name: None if str(value) in rules.missing_values.get(name, nothing) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _flagged(fields: Sequence[Field], flag: str) -> tuple[str, ...]:
    return tuple(each.name for each in fields if each.declared.get(flag))


def _first_instant(days: Mapping[str, Any]) -> datetime | None:
    return day_begins(days["from"]) if days.get("from") else None


def _end(days: Mapping[str, Any]) -> datetime | None:
    return day_is_over(days["to"]) if days.get("to") else None


def _authorised(
    dossier: Mapping[str, Any],
) -> tuple[tuple[datetime | None, datetime | None], ...]:
    """The periods of the authorisation chain; an open end is None."""
    links = dossier.get("authorisation_chain") or ()
    return tuple((_first_instant(link), _end(link)) for link in links)
