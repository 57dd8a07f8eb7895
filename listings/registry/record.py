"""What the public registry says of a data product: one canonical record under a hash.

The record is what it is and who may do what; what is offered, and for how much, is the listing's.
Documents stay out, but for the hash over the chain of authorisations that they prove.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.core.canonical import digest_hex

FORMAT = "counterfoil-registry/1"
LIBRARY = "REGISTERED"
"""The library of registrations (登记库); listings stand in the other, TRADABLE (交易库)."""

_TOLD = (
    "name",
    "name_en",
    "series",
    "summary",
    "product_kind",
    "sectors",
    "industries",
    "topic",
    "modalities",
    "corpus",
    "grade",
    "data_classes",
    "pi_level",
    "coverage",
    "regions",
    "period",
    "population",
    "record_count",
    "stock",
    "update_frequency",
    "operator_organisation_id",
    "source_types",
    "third_party_links",
    "derivation",
    "registry_certificates",
)
_OF_RIGHT = ("right", "basis", "exclusive", "scope", "from", "to")


def registry_record(
    content: Mapping[str, Any],
    *,
    identity: Mapping[str, Any],
    holder: Mapping[str, Any],
) -> dict[str, Any]:
    """The record of a reviewed version; members that the version does not have are absent.

    ``identity`` are the ids of registration, product and version, the version's number and the
    dossier's hash; ``holder`` is the verified organisation as it was known at that instant.
    """
    chain = content.get("authorisation_chain", ())
    ends_on = last_day(content)
    return {
        "format": FORMAT,
        "library": LIBRARY,
        **identity,
        "holder": dict(holder),
        **{name: content[name] for name in _TOLD if name in content},
        "rights": [
            {name: right[name] for name in _OF_RIGHT if name in right}
            for right in content.get("rights", ())
        ],
        **({"chain_length": len(chain), "chain_hash": digest_hex(list(chain))} if chain else {}),
        **({"valid_to": ends_on.isoformat()} if ends_on else {}),
    }


def record_hash(record: Mapping[str, Any]) -> str:
    """SHA-256 over the record's canonical bytes, in hexadecimal."""
    return digest_hex(dict(record))


def last_day(content: Mapping[str, Any]) -> date | None:
    """The last day on which every right and every link of the chain is in force, if there is one.

    From the next day on the record says something that is no longer true.
    """
    ends = [
        date.fromisoformat(entry["to"])
        for name in ("rights", "authorisation_chain")
        for entry in content.get(name, ())
        if entry.get("to")
    ]
    return min(ends, default=None)


def input_ids(content: Mapping[str, Any]) -> list[str]:
    """The registrations that the product was made from."""
    return list(content.get("derivation", {}).get("inputs", ()))
