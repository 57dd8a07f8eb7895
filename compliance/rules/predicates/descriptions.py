"""Whether everything that must be disclosed is there (GB/T 36343, the exchange's leaflet)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from compliance.rules.verdicts import Inputs, Verdict, passed_unless


def description_is_complete(inputs: Inputs) -> Verdict:
    """Name, summary and kind are stated; every field has a name of its own, a type and words."""
    product = inputs["product"] or {}
    faults = [name for name in inputs["parameters"]["required"] if not product.get(name)]
    fields_out = inputs["fields_out"] or []
    if not fields_out:
        faults.append("fields_out")
    for direction, fields in (("fields_in", inputs["fields_in"] or []), ("fields_out", fields_out)):
        faults += [f"{direction}/{fault}" for fault in _field_faults(fields)]
    return passed_unless(faults)


def _field_faults(fields: Iterable[Mapping[str, Any]]) -> list[str]:
    listed = list(fields)
    times = Counter(field.get("name") for field in listed)
    repeated = [f"{name} is there twice" for name, count in times.items() if name and count > 1]
    return repeated + [
        f"{index}/{member}"
        for index, field in enumerate(listed)
        for member in ("name", "type", "description")
        if not field.get(member)
    ]
