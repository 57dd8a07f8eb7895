"""What the exchange can deliver: what a listing may promise is what the data plane keeps."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from app.core.errors import CounterfoilError, ErrorKind

CALLED = frozenset({"API_CALL"})
"""Modes of delivery whose calls an upstream answers with JSON."""
DELIVERED = CALLED
"""Modes that the exchange delivers; any other can be described and registered, never listed."""
ANSWER_BYTES_MAX = 1 << 20
"""The most bytes that an upstream's answer to a call may have."""
TIMEOUT_MS_MAX = 30_000


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
    if content.get("delivery_mode") in DELIVERED:
        return []
    known = ", ".join(sorted(DELIVERED))
    detail = f"The exchange delivers {known} only; any other can be registered without a listing."
    return [Obstacle("#/delivery_mode", detail)]


def demand_deliverable(content: Mapping[str, Any]) -> None:
    """Refuse to sell what nobody would deliver; raises `DeliveryUnavailable`."""
    obstacles = obstacles_of(content)
    if obstacles:
        raise DeliveryUnavailable(obstacles)
