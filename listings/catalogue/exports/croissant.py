"""A listing as a data set of Croissant 1.1 (JSON-LD), for those who train models."""

from collections.abc import Mapping
from typing import Any

from listings.catalogue.exports.addresses import Addresses

Document = dict[str, Any]

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
CONTEXT: Document = {
    "@language": "zh",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "sc": "https://schema.org/",
    "source": "cr:source",
}
TYPES = {
    "string": "sc:Text",
    "integer": "sc:Integer",
    "decimal": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:DateTime",
}
_ANSWER = "answer"
_RECORDS = "records"


def data_set(listing: Mapping[str, Any], content: Mapping[str, Any], at: Addresses) -> Document:
    """The data set as a live one: what it holds comes by calls, so no file has a checksum."""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "@id": at.page,
        "name": listing["name"],
        "alternateName": listing["name_en"] or listing["name"],
        "description": content.get("description") or listing["summary"],
        "conformsTo": CONFORMS_TO,
        "url": at.page,
        "license": at.policy,
        "creator": {
            "@type": "sc:Organization",
            "@id": at.party(listing["supplier_id"]),
            "name": listing["supplier_name"],
        },
        "datePublished": listing["first_listed_at"].isoformat(),
        "dateModified": listing["published_at"].isoformat(),
        "version": f"{listing['version_number']}.0.0",
        "keywords": listing["keywords"],
        "isAccessibleForFree": False,
        "isLiveDataset": True,
        **_responsibly(content),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": _ANSWER,
                "name": _ANSWER,
                "description": "One answer of the interface, for a licensed key",
                "contentUrl": at.data,
                "encodingFormat": "application/json",
            }
        ],
        "recordSet": [_record_set(content, listing["summary"])],
    }


def _record_set(content: Mapping[str, Any], summary: str) -> Document:
    fields = content.get("fields_out", ())
    keys = [{"@id": _field_id(each)} for each in fields if each.get("key")]
    records: Document = {
        "@type": "cr:RecordSet",
        "@id": _RECORDS,
        "name": _RECORDS,
        "description": summary,
        "field": [_field(each) for each in fields],
        "examples": [
            {_field_id({"name": name}): value for name, value in row.items()}
            for row in content.get("sample", ())
        ],
    }
    return records | ({"key": keys} if keys else {})


def _field_id(field: Mapping[str, Any]) -> str:
    return f"{_RECORDS}/{field['name']}"


def _field(field: Mapping[str, Any]) -> Document:
    return {
        "@type": "cr:Field",
        "@id": _field_id(field),
        "name": field["name"],
        "description": field.get("description") or field["name"],
        "dataType": TYPES[field["type"]],
        "source": {
            "fileObject": {"@id": _ANSWER},
            "extract": {"jsonPath": f"$.{field['name']}"},
        },
    }


def _responsibly(content: Mapping[str, Any]) -> Document:
    """What the vocabulary for responsible AI asks for and the record has."""
    found: Document = {}
    if content.get("source_statement"):
        found["rai:dataCollection"] = content["source_statement"]
    templates = content.get("scenario_templates") or ()
    if templates:
        found["rai:dataUseCases"] = [each["name"] for each in templates]
    if content.get("pi_level", "NONE") != "NONE":
        found["rai:personalSensitiveInformation"] = sorted(
            each["category"] for each in content.get("pi_categories") or ()
        ) or [content["pi_level"]]
    return found
