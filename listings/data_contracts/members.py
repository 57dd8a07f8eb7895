"""How the Open Data Contract Standard's words and ours correspond (ODCS 3.0 and 3.1).

What the standard has no word for travels as a custom property under our own name, so that a
contract carries a whole version.
"""

from collections.abc import Mapping

API_VERSION = "v3.0.2"
API_VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0")
KIND = "DataContract"
REQUEST = "request"
"""The schema object that holds the input fields; any other holds the output fields."""
RESPONSE = "response"
OFFERS = "offers"

TYPES: Mapping[str, str] = {
    "string": "string",
    "integer": "integer",
    "number": "decimal",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
"""The standard's logical type -> ours."""
OPTIONS: Mapping[str, str] = {
    "pattern": "pattern",
    "maxLength": "max_length",
    "minimum": "minimum",
    "maximum": "maximum",
}
"""Logical type options -> members of a field."""
FIELD_PLACES: Mapping[str, str] = {
    "type": "logicalType",
    "nullable": "required",
    "key": "primaryKey",
    "example": "examples/0",
    **{ours: f"logicalTypeOptions/{theirs}" for theirs, ours in OPTIONS.items()},
}
"""Where a field's member stands in a property, if not under its own name."""
FIELD_EXTRAS = (
    "unit",
    "event_time",
    "description_zh",
    "coded_values",
    "pi_category",
    "is_quasi_identifier",
    "grade",
    "source",
)
"""Members of a field that travel as its custom properties."""
FIELD_MEMBERS = frozenset(
    {
        "name",
        "logicalType",
        "physicalType",
        "logicalTypeOptions",
        "required",
        "primaryKey",
        "description",
        "examples",
        "classification",
        "customProperties",
        "quality",
        "primaryKeyPosition",
    }
)
"""Members of a property that are read."""
SERVER_EXTRAS = (
    "method",
    "timeout_ms",
    "response_bytes_max",
    "calls_per_second",
    "specification_sha256",
)
"""Members of an upstream that travel as a server's custom properties; its secret never does."""
SECONDS: Mapping[str, int] = {
    "s": 1,
    "m": 60,
    "min": 60,
    "h": 3_600,
    "d": 86_400,
    "day": 86_400,
    "days": 86_400,
}
"""Units of an agreed time -> seconds."""
FREQUENCIES: Mapping[tuple[str, str], str] = {
    ("1", "h"): "HOURLY",
    ("1", "d"): "DAILY",
    ("7", "d"): "WEEKLY",
    ("1", "m"): "MONTHLY",
    ("3", "m"): "QUARTERLY",
    ("6", "m"): "HALF_YEARLY",
    ("1", "y"): "YEARLY",
}
"""The service level ``frequency`` (value, unit) -> ours; the others travel as they are."""
PROMISES: Mapping[str, tuple[str, int]] = {
    "availability": ("availability_bp", 100),
    "throughput": ("qps", 1),
    "responseTimeP95": ("latency_p95_ms", 1),
}
"""Per cent, calls a second, milliseconds -> member and its scale."""
UNSUPPORTED: Mapping[str, str] = {
    "team": "People are added to your organisation, not to a product.",
    "roles": "Access is by licence.",
    "support": "Buyers reach you through the exchange.",
    "authoritativeDefinitions": "Documents are named in evidence, by hash.",
    "slaDefaultElement": "A service level holds for the whole product.",
    "tenant": "The supplier is who sends the contract.",
    "domain": "Use the custom property sectors.",
    "dataProduct": "The product is the one in the path.",
}
"""Members of a contract that are read past, and why."""
EXPECTED = frozenset(
    {
        "apiVersion",
        "kind",
        "id",
        "version",
        "status",
        "name",
        "description",
        "tags",
        "servers",
        "schema",
        "price",
        "slaProperties",
        "customProperties",
        "contractCreatedTs",
    }
)
"""Members that are read; id, version, status and the instant are the contract's own."""
