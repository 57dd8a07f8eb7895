"""A listing as a dataset of DCAT-AP 3 (JSON-LD)."""

from collections.abc import Mapping, Sequence
from typing import Any

from listings.catalogue.exports.addresses import Addresses

Document = dict[str, Any]

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/"
FREQUENCIES = {
    "STATIC": "NEVER",
    "REALTIME": "UPDATE_CONT",
    "HOURLY": "HOURLY",
    "DAILY": "DAILY",
    "WEEKLY": "WEEKLY",
    "MONTHLY": "MONTHLY",
    "QUARTERLY": "QUARTERLY",
    "HALF_YEARLY": "ANNUAL_2",
    "YEARLY": "ANNUAL",
    "ON_EVENT": "IRREG",
}
"""Our word -> the controlled vocabulary that DCAT-AP asks for."""
RESTRICTED = "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"
"""Everybody sees the listing; who uses the data needs a licence."""
FILES = frozenset({"FILE_DOWNLOAD", "SFTP", "REPORT"})


def dataset(listing: Mapping[str, Any], content: Mapping[str, Any], at: Addresses) -> Document:
    """The dataset with its distribution and, where it is called, the service behind it."""
    return {
        "@context": CONTEXT,
        "@id": at.page,
        "@type": "dcat:Dataset",
        "dct:title": _spoken(listing["name"], listing["name_en"]),
        "dct:description": _description(listing, content),
        "dct:identifier": listing["listing_code"],
        "dct:publisher": {
            "@id": at.party(listing["supplier_id"]),
            "@type": "foaf:Agent",
            "foaf:name": listing["supplier_name"],
        },
        "dct:issued": _instant(listing["first_listed_at"]),
        "dct:modified": _instant(listing["published_at"]),
        "dct:accessRights": {"@id": RESTRICTED},
        "dct:accrualPeriodicity": {"@id": _FREQUENCY + FREQUENCIES[listing["update_frequency"]]},
        "dcat:version": str(listing["version_number"]),
        "dcat:keyword": [{"@value": word} for word in listing["keywords"]],
        "dcat:theme": [{"@id": at.term("sectors", code)} for code in listing["sectors"]],
        "dcat:landingPage": {"@id": at.page},
        "odrl:hasPolicy": {"@id": at.policy},
        **_optional(content, at),
        "dcat:distribution": [_distribution(listing, at)],
    }


def _spoken(chinese: str, english: str) -> list[Document]:
    words = [{"@language": "zh", "@value": chinese}]
    return [*words, {"@language": "en", "@value": english}] if english else words


def _description(listing: Mapping[str, Any], content: Mapping[str, Any]) -> list[Document]:
    """The summary and the long description; neither says which language it is in."""
    texts = (listing["summary"], content.get("description", ""))
    return [{"@value": text} for text in texts if text]


def _instant(moment: Any) -> Document:
    return {"@type": "xsd:dateTime", "@value": moment.isoformat()}


def _optional(content: Mapping[str, Any], at: Addresses) -> Document:
    found: Document = {}
    if content.get("regions"):
        found["dct:spatial"] = [{"@id": at.region(code)} for code in content["regions"]]
    if content.get("period"):
        ends = {"from": "dcat:startDate", "to": "dcat:endDate"}
        found["dct:temporal"] = {"@type": "dct:PeriodOfTime"} | {
            name: {"@type": "xsd:date", "@value": content["period"][end]}
            for end, name in ends.items()
            if content["period"].get(end)
        }
    inputs: Sequence[str] = (content.get("derivation") or {}).get("inputs") or ()
    if inputs:
        found["dct:source"] = [
            {"@id": f"{at.exchange}/v1/registry/{registration_id}"} for registration_id in inputs
        ]
    return found


def _distribution(listing: Mapping[str, Any], at: Addresses) -> Document:
    shown = {
        "@id": f"{at.page}#distribution",
        "@type": "dcat:Distribution",
        "dct:title": _spoken(listing["name"], listing["name_en"]),
        "dcat:accessURL": {"@id": at.page},
        "dct:license": {"@id": at.policy},
        "odrl:hasPolicy": {"@id": at.policy},
    }
    if listing["delivery_mode"] in FILES:
        return shown
    service = {
        "@id": at.data,
        "@type": "dcat:DataService",
        "dct:title": _spoken(listing["name"], listing["name_en"]),
        "dcat:endpointURL": {"@id": at.data},
        "dcat:endpointDescription": {"@id": at.page},
        "dcat:servesDataset": {"@id": at.page},
    }
    return shown | {
        "dct:format": {"@id": "http://publications.europa.eu/resource/authority/file-type/JSON"},
        "dcat:accessService": service,
    }
