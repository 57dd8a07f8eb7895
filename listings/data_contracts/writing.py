"""Writes a version as a data contract (ODCS 3.0.2) that reads back as the same version.

The upstream's credential and its header stay behind: a contract is passed on.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from listings.data_contracts import members

_LOGICAL = {ours: theirs for theirs, ours in members.TYPES.items()}
_APART = frozenset(
    {
        "name",
        "description",
        "use_cases",
        "keywords",
        "fields_in",
        "fields_out",
        "upstream",
        "freshness_seconds",
        "service_level",
    }
)


def write_contract(
    content: Mapping[str, Any],
    offers: Sequence[Mapping[str, Any]],
    *,
    product_id: str,
    version_number: int,
    state: str,
) -> dict[str, Any]:
    """The contract; ``offers`` are names with the canonical terms of their plans."""
    contract: dict[str, Any] = {
        "apiVersion": members.API_VERSION,
        "kind": members.KIND,
        "id": product_id,
        "version": str(version_number),
        "status": "draft" if state == "DRAFT" else "active" if state == "LISTED" else "proposed",
        "name": content["name"],
        "tags": content.get("keywords"),
        "description": _description(content),
        "schema": _schema(content),
        "slaProperties": _service_levels(content),
        "servers": _servers(content.get("upstream")),
        "customProperties": [
            _property(name, content[name]) for name in sorted(content.keys() - _APART)
        ],
    }
    if offers:
        contract["customProperties"].append(_property(members.OFFERS, list(offers)))
    return {name: value for name, value in contract.items() if value}


def _property(name: str, value: Any) -> dict[str, Any]:
    return {"property": name, "value": value}


def _description(content: Mapping[str, Any]) -> dict[str, Any]:
    named = {"purpose": content.get("description"), "usage": content.get("use_cases")}
    return {name: value for name, value in named.items() if value}


def _schema(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "logicalType": "object",
            "properties": [_field(declared) for declared in content[member]],
        }
        for name, member in ((members.REQUEST, "fields_in"), (members.RESPONSE, "fields_out"))
        if member in content
    ]


def _field(declared: Mapping[str, Any]) -> dict[str, Any]:
    is_required = declared.get("required", not declared.get("nullable", False))
    options = {
        theirs: _option(theirs, declared[ours])
        for theirs, ours in members.OPTIONS.items()
        if ours in declared
    }
    extras = [_property(name, declared[name]) for name in members.FIELD_EXTRAS if name in declared]
    made: dict[str, Any] = {
        "name": declared["name"],
        "logicalType": _LOGICAL[declared["type"]],
        "required": is_required,
        **({"primaryKey": declared["key"]} if "key" in declared else {}),
        **({"description": declared["description"]} if "description" in declared else {}),
        **({"logicalTypeOptions": options} if options else {}),
        **({"examples": [declared["example"]]} if "example" in declared else {}),
        **(
            {"classification": declared["classification"].lower()}
            if "classification" in declared
            else {}
        ),
        **({"customProperties": extras} if extras else {}),
    }
    return made


def _option(name: str, value: Any) -> Any:
    if name not in {"minimum", "maximum"}:
        return value
    number = Decimal(value)
    whole = int(number)
    # The standard's bounds are numbers; one that a double would change stays text.
    if number == whole and str(whole) == value:
        return whole
    return float(value) if format(Decimal(repr(float(value))), "f") == value else value


def _service_levels(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    promised = content.get("service_level", {})
    levels = []
    if "freshness_seconds" in content:
        levels.append({"property": "latency", "value": content["freshness_seconds"], "unit": "s"})
    if "availability_bp" in promised:
        share = format(Decimal(promised["availability_bp"]) / 100, "f")
        levels.append({"property": "availability", "value": share, "unit": "percent"})
    if "qps" in promised:
        levels.append({"property": "throughput", "value": promised["qps"], "unit": "calls/s"})
    if "latency_p95_ms" in promised:
        value = promised["latency_p95_ms"]
        levels.append({"property": "responseTimeP95", "value": value, "unit": "ms"})
    return levels


def _servers(upstream: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if not upstream:
        return []
    extras = [_property(name, upstream[name]) for name in members.SERVER_EXTRAS if name in upstream]
    return [
        {
            "server": "upstream",
            "type": "api",
            "location": upstream["url"],
            "customProperties": extras,
        }
    ]
