"""The suppliers' systems that were asked lately, and the connections kept alive to each."""

import threading
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from metering.delivery.upstream_requests import Place, read_place
from metering.ports import Target

IDLE_MAX = 128
"""Kept-alive connections per upstream; more in flight are opened and closed again."""
PLACES_MAX = 10_000


class Kept(Protocol):
    """A connection that another question may follow on."""

    def is_silent(self) -> bool:
        """Whether nothing arrived since the last answer."""

    def close(self) -> None:
        """Close it."""


AnyKept = TypeVar("AnyKept", bound=Kept)


class Places(Generic[AnyKept]):
    """Targets read once, with their idle connections; for request threads or a loop alike."""

    def __init__(self) -> None:
        self._places: dict[Target, Place] = {}
        self._lock = threading.Lock()

    def of(self, target: Target) -> Place:
        """Where the target is; raises `NotAnHttpAddress`."""
        return self._places.get(target) or self._add(target)

    def _add(self, target: Target) -> Place:
        place = read_place(target)
        with self._lock:
            if len(self._places) >= PLACES_MAX:
                self._close_all()
            return self._places.setdefault(target, place)

    @staticmethod
    def take(place: Place) -> AnyKept | None:
        """A connection that was kept alive and is fit for another question."""
        with suppress(IndexError):  # another thread may take the last one
            while True:
                connection: AnyKept = place.idle.pop()
                # What came unasked would be taken for the answer, perhaps by another buyer.
                if connection.is_silent():
                    return connection
                connection.close()
        return None

    @staticmethod
    def give_back(place: Place, connection: AnyKept, *, is_fit: bool) -> None:
        """Keep a connection alive for the next question, or close it."""
        if is_fit and len(place.idle) < IDLE_MAX:
            place.idle.append(connection)
        else:
            connection.close()

    def _close_all(self) -> None:
        for place in self._places.values():
            with suppress(IndexError):
                while True:
                    place.idle.pop().close()
        self._places = {}

    def close(self) -> None:
        """Close what is kept alive."""
        with self._lock:
            self._close_all()
