"""Turns one property of a contract's schema into a field of the form."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from listings.data_contracts import members
from listings.data_contracts.form import ReadContract, entries


def read_field(
    read: ReadContract, declared: Mapping[str, Any], pointer: str, *, is_input: bool
) -> dict[str, Any]:
    """A field of the form, from a property of the contract's schema."""
    made: dict[str, Any] = {}
    kind = declared.get("logicalType")
    if not isinstance(kind, str) or kind not in members.TYPES:
        read.fault(f"{pointer}/logicalType", f"One of {', '.join(sorted(members.TYPES))}.")
    else:
        made["type"] = members.TYPES[kind]
    made |= {name: declared[name] for name in ("name", "description") if name in declared}
    is_required = declared.get("required", False)
    if is_input:
        made["required"] = is_required
    else:
        made["nullable"] = not is_required if isinstance(is_required, bool) else is_required
        if "primaryKey" in declared:
            made["key"] = declared["primaryKey"]
    if "classification" in declared:
        made["classification"] = str(declared["classification"]).upper()
    _read_examples(read, made, declared, pointer)
    _read_options(read, made, declared.get("logicalTypeOptions"), pointer)
    for at, entry in entries(read, declared, "customProperties", pointer):
        _read_field_extra(read, made, entry, at)
    for at, rule in entries(read, declared, "quality", pointer):
        _read_rule(read, made, rule, at)
    for unread in sorted(declared.keys() - members.FIELD_MEMBERS):
        read.ignore(f"{pointer}/{unread}", "Not carried by a field.")
    return made


def _read_examples(
    read: ReadContract, made: dict[str, Any], declared: Mapping[str, Any], pointer: str
) -> None:
    examples = declared.get("examples") or []
    if not isinstance(examples, list):
        read.fault(f"{pointer}/examples", "A list.")
    elif examples:
        first = examples[0]
        made["example"] = str(Decimal(repr(first))) if isinstance(first, float) else first
        if len(examples) > 1:
            read.ignore(f"{pointer}/examples/1", "A field has one example.")


def _read_options(read: ReadContract, made: dict[str, Any], options: Any, pointer: str) -> None:
    if options is None:
        return
    if not isinstance(options, Mapping):
        read.fault(f"{pointer}/logicalTypeOptions", "An object.")
        return
    for name, value in options.items():
        place = members.OPTIONS.get(name)
        if place is None:
            read.ignore(f"{pointer}/logicalTypeOptions/{name}", "Not enforced by the exchange.")
        elif place in {"minimum", "maximum"} and type(value) in {int, float}:
            # A bound is text: floats do not enter a dossier.
            made[place] = format(Decimal(repr(value)), "f")
        else:
            made[place] = value


def _read_field_extra(
    read: ReadContract, made: dict[str, Any], entry: Mapping[str, Any], pointer: str
) -> None:
    if entry.get("property") in members.FIELD_EXTRAS:
        made[entry["property"]] = entry.get("value")
    else:
        read.ignore(pointer, f"A field carries {', '.join(members.FIELD_EXTRAS)}.")


def _read_rule(
    read: ReadContract, made: dict[str, Any], rule: Mapping[str, Any], pointer: str
) -> None:
    values = rule.get("validValues")
    if rule.get("rule") == "validValues" and isinstance(values, list):
        made.setdefault("coded_values", [{"code": str(v), "label": str(v)} for v in values])
    else:
        read.ignore(pointer, "Of quality rules, validValues is enforced on every answer.")
