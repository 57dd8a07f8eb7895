"""The two products of the story, as their supplier describes them."""

from typing import Any

from demo import documents
from demo.upstream import CREDENTIAL_HEADER, find_airport, find_day

PACKAGE_PRICE = "5.00"


def _evidence(kind: str, title: str, visibility: str = "PARTIES") -> dict[str, str]:
    return {
        "kind": kind,
        "title": title,
        "issuer": "Skyways Open Data",
        "valid_from": "2026-01-01",
        "valid_to": "2099-12-31",
        "sha256": documents.hash_of(title),
        "visibility": visibility,
    }


_EVIDENCE = [
    _evidence("SITE_LIST", "Sites collected from"),
    _evidence("COLLECTION_METHOD", "Method and dates of collection", "PUBLIC"),
    _evidence("TERMS_RECORD", "Terms and robots files as found"),
    _evidence("NON_BYPASS_STATEMENT", "No access control was bypassed"),
    _evidence("PI_REMOVAL_NOTE", "No personal information was collected"),
]

_COMMON: dict[str, Any] = {
    "product_kind": "DATA_SERVICE_API",
    "delivery_mode": "API_CALL",
    "source_types": ["PUBLIC_COLLECTION"],
    "source_statement": "Collected from openly licensed public sources and checked by hand.",
    "rights": [
        {"right": right, "basis": "original", "from": "2026-01-01"}
        for right in ("HOLD", "USE", "OPERATE")
    ],
    "evidence": _EVIDENCE,
    "pi_level": "NONE",
    "grade": "GENERAL_1",
    "allowed_purposes": ["OPERATIONS", "RESEARCH"],
    "regions": ["CN"],
    "retention": "CONTRACT_TERM",
    "transfer_rule": "NO_TRANSFER",
}


def _template(**members: Any) -> list[dict[str, Any]]:
    """What the product is for: no trade without a scenario."""
    return [members]


def _upstream(url: str, key: str) -> dict[str, Any]:
    return {
        "url": url,
        "method": "GET",
        "timeout_ms": 5_000,
        "response_bytes_max": 65_536,
        "credential_header": CREDENTIAL_HEADER,
        "credential": key,
    }


def _field(name: str, kind: str, description: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": description, **more}


def airports(upstream_url: str, upstream_key: str) -> dict[str, Any]:
    """28,000 airports by ICAO code, per hit at 0.40 yuan."""
    return _COMMON | {
        "name": "全球机场查询",
        "name_en": "World airports by code",
        "series": "航空开放数据",
        "summary": "按四字代码查询全球两万八千余个机场的名称、城市、坐标与时区。",
        "description": "One airport by its four-letter ICAO code: name, city, country, elevation"
        " in feet, coordinates in degrees (WGS 84) and time zone.",
        "keywords": ["机场", "航空", "airport"],
        "sectors": ["TRANSPORT", "CULTURE_TOURISM"],
        "topic": "SPACE_TIME",
        "update_frequency": "MONTHLY",
        "coverage": "全球",
        "fields_in": [
            _field("icao", "string", "ICAO code", pattern="[A-Z0-9_]{4}", example="ZSPD")
        ],
        "fields_out": [
            _field("icao", "string", "ICAO code", key=True),
            _field("iata", "string", "IATA code, empty where there is none", nullable=True),
            _field("name", "string", "Name of the airport"),
            _field("city", "string", "City"),
            _field("country", "string", "Country (ISO 3166-1)", max_length=2),
            _field("elevation", "integer", "Elevation in feet"),
            _field("lat", "decimal", "Latitude in degrees", minimum="-90", maximum="90"),
            _field("lon", "decimal", "Longitude in degrees", minimum="-180", maximum="180"),
            _field("tz", "string", "Time zone (IANA)"),
        ],
        "scenario_templates": _template(
            name="航线规划",
            purpose="LOGISTICS",
            fields=["icao", "name", "city", "lat", "lon"],
            problem="Flights are planned with stale names and places of airports.",
            solution="Each airport is looked up by its code when a flight is planned.",
        ),
        "sample": [find_airport(code) for code in ("ZSPD", "ZBAA", "EGLL", "KJFK")],
        "upstream": _upstream(f"{upstream_url}/airports", upstream_key),
        "offers": [
            {
                "name": "Per hit",
                "plans": [
                    {
                        "kind": "per_call",
                        "unit": "hit",
                        "unit_price": "0.40",
                        "currency": "CNY",
                        "calls_per_second": 2_000,
                    }
                ],
            }
        ],
    }


def working_days(upstream_url: str, upstream_key: str) -> dict[str, Any]:
    """Working days and holidays of mainland China, as a package of calls."""
    return _COMMON | {
        "name": "中国工作日历",
        "name_en": "Working days of mainland China",
        "series": "开放日历数据",
        "summary": "查询任意日期是否为工作日及节假日名称，含调休。",
        "description": "Whether a day is worked in mainland China, adjusted rest days included.",
        "keywords": ["日历", "节假日", "calendar"],
        "sectors": ["COMMERCE"],
        "topic": "STATISTICS",
        "update_frequency": "YEARLY",
        "coverage": "中国大陆",
        "fields_in": [_field("day", "date", "The day", example="2026-10-01")],
        "fields_out": [
            _field("day", "date", "The day", key=True),
            _field("is_workday", "boolean", "Whether it is worked"),
            _field("holiday", "string", "Name of the holiday, empty on other days", nullable=True),
        ],
        "scenario_templates": _template(
            name="排班与交付日期",
            purpose="OPERATIONS",
            fields=["day", "is_workday", "holiday"],
            problem="Adjusted rest days are not in any calendar that a system carries.",
            solution="Each date is asked for before a delivery is promised.",
        ),
        "sample": [find_day(day) for day in ("2026-01-01", "2026-03-02", "2026-10-01")],
        "upstream": _upstream(f"{upstream_url}/days", upstream_key),
        "offers": [
            {
                "name": "Package",
                "plans": [
                    {
                        "kind": "package",
                        "unit": "call",
                        "package_units": 20,
                        "package_price": PACKAGE_PRICE,
                        "valid_days": 90,
                        "currency": "CNY",
                        "calls_per_second": 500,
                    }
                ],
            }
        ],
    }
