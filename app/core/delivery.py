"""What the exchange can deliver: what a listing may promise is what the data plane keeps."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from app.core.errors import CounterfoilError, ErrorKind

CALLED = frozenset({"API_CALL"})
"""Modes of delivery whose calls an upstream answers with JSON."""
FILES = frozenset({"FILE_DOWNLOAD"})
"""Modes in which a call is answered with addresses of files."""
DELIVERED = CALLED | FILES
"""Modes that the exchange delivers; any other can be described and registered, never listed."""
ANSWER_BYTES_MAX = 1 << 20
"""The most bytes that an upstream's answer to a call may have."""
TIMEOUT_MS_MAX = 30_000
FILE_BYTES_MAX = 10**12
_COUNTED_ONE_BY_ONE = frozenset({"PERSONAL", "SENSITIVE"})
"""Levels of data about persons that is consented to, and counted, by the call."""


class Obstacle(NamedTuple):
    """Why a version cannot be delivered: where (JSON pointer) and what."""

    pointer: str
    detail: str


class DeliveryUnavailable(CounterfoilError):
    """The exchange cannot deliver the version as it is described."""

    kind = ErrorKind.CONFLICT
    slug = "delivery-unavailable"
    title = "The exchange cannot deliver this"

    def __init__(self, obstacles: list[Obstacle]) -> None:
        super().__init__(
            "It stays registered; a version without what errors names can be listed.",
            errors=[obstacle._asdict() for obstacle in obstacles],
        )


def obstacles_of(content: Mapping[str, Any]) -> list[Obstacle]:
    """Everything for which a version that is whole cannot be listed."""
    mode = content.get("delivery_mode")
    if mode in FILES:
        return _obstacles_of_files(content)
    if mode in CALLED:
        return []
    known = ", ".join(sorted(DELIVERED))
    detail = f"The exchange delivers {known} only; any other can be registered without a listing."
    return [Obstacle("#/delivery_mode", detail)]


def _obstacles_of_files(content: Mapping[str, Any]) -> list[Obstacle]:
    """A package is fetched from its upstream by name, and asked for by part and name alone."""
    upstream = content.get("upstream") or {}
    units = (content.get("outcome_rule") or {}).get("units") or {}
    conditions = {
        Obstacle("#/files", "Say which files the package has."): not content.get("files"),
        Obstacle("#/upstream", "Files are served by an upstream."): not upstream,
        Obstacle("#/upstream/url", "Names follow this address: leave its query out."): "?"
        in upstream.get("url", ""),
        Obstacle("#/upstream/method", "Files are fetched by GET."): upstream.get("method")
        == "POST",
        Obstacle("#/fields_in", "A package is asked for by part and name."): bool(
            content.get("fields_in")
        ),
        Obstacle("#/pi_level", "Data about persons is delivered by calls alone."): content.get(
            "pi_level"
        )
        in _COUNTED_ONE_BY_ONE,
        Obstacle("#/outcome_rule/units", "Count size_bytes by a sum over /files."): units.get(
            "measure"
        )
        == "bytes",
    }
    return [obstacle for obstacle, stands in conditions.items() if stands]


def demand_deliverable(content: Mapping[str, Any]) -> None:
    """Refuse to sell what nobody would deliver; raises `DeliveryUnavailable`."""
    obstacles = obstacles_of(content)
    if obstacles:
        raise DeliveryUnavailable(obstacles)
