"""Listings as a supplier would write them; nothing here is a real company's."""

from typing import Any

CODED = [
    {"code": "01", "label": "match", "label_zh": "一致"},
    {"code": "02", "label": "no match", "label_zh": "不一致"},
    {"code": "03", "label": "none", "label_zh": "查无"},
]


def version_content() -> dict[str, Any]:
    """Sound and complete content of a version, as it is stored (without offers)."""
    return {
        "name": "城市信息查询",
        "name_en": "City information query",
        "summary": "按城市代码查询城市名称与人口。",
        "description": "Query the name and the population of a city by its code.",
        "series": "城市数据",
        "keywords": ["城市", "人口", "city"],
        "product_kind": "DATA_SERVICE_API",
        "sectors": ["CITY", "TRANSPORT"],
        "topic": "SPACE_TIME",
        "delivery_mode": "API_CALL",
        "update_frequency": "MONTHLY",
        "coverage": "全国",
        "regions": ["CN"],
        "source_types": ["SELF_PRODUCED"],
        "source_statement": "Collected by the supplier's own survey.",
        "rights": [
            {
                "right": "OPERATE",
                "basis": "original",
                "from": "2025-01-01",
                "to": "2030-01-01",
                "evidence": "survey report",
            }
        ],
        "evidence": [
            {
                "kind": "SYSTEM_DESCRIPTION",
                "title": "Survey system",
                "issuer": "The supplier",
                "valid_from": "2025-01-01",
                "valid_to": "2030-01-01",
                "sha256": "ab" * 32,
            }
        ],
        "pi_level": "NONE",
        "grade": "GENERAL_1",
        "allowed_purposes": ["RESEARCH", "OPERATIONS"],
        "forbidden_purposes": ["MARKETING"],
        "retention": "CONTRACT_TERM",
        "transfer_rule": "NO_TRANSFER",
        "fields_in": [
            {
                "name": "code",
                "type": "string",
                "required": True,
                "description": "City code",
                "pattern": "[0-9]{6}",
                "max_length": 6,
                "example": "310***",
            }
        ],
        "fields_out": [
            {
                "name": "code",
                "type": "string",
                "nullable": False,
                "description": "Result",
                "coded_values": CODED,
                "example": "01",
            },
            {
                "name": "name",
                "type": "string",
                "nullable": False,
                "description": "Name of the city",
                "max_length": 60,
                "example": "上*",
            },
            {
                "name": "population",
                "type": "integer",
                "nullable": True,
                "description": "Inhabitants",
                "minimum": "0",
            },
        ],
        "sample": [
            {"code": "01", "name": "上*", "population": 24_870_000},
            {"code": "03", "name": "*", "population": None},
        ],
        "upstream": {
            "url": "https://upstream.example.org/cities",
            "method": "GET",
            "timeout_ms": 2_000,
            "response_bytes_max": 65_536,
            "credential_header": "X-Key",
        },
        "outcome_rule": {"hit": {"field": "/code", "equals": "01"}},
    }


def version_offers() -> list[dict[str, Any]]:
    """Two plans as they are asked for over HTTP: by the call and as a package."""
    return [
        {
            "name": "Standard",
            "plans": [
                {"kind": "per_call", "unit": "call", "unit_price": "0.40", "currency": "CNY"},
                {
                    "kind": "package",
                    "unit": "call",
                    "package_units": 1000,
                    "package_price": "300.00",
                    "valid_days": 365,
                    "currency": "CNY",
                },
            ],
        }
    ]


def draft_version() -> dict[str, Any]:
    """The body of POST /v1/products/{id}/versions: content, offers and the upstream's secret."""
    content = version_content()
    content["upstream"]["credential"] = "s3cret-of-the-upstream"
    return {**content, "offers": version_offers()}
