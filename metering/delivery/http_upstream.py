"""The upstream over HTTP/1.1: pooled, bounded in time and size, no redirects, addresses checked."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.public_networks import Lookup, look_up, read_networks
from metering.delivery.http_wire import Wire
from metering.delivery.places import Places
from metering.delivery.sockets import open_socket
from metering.delivery.upstream_requests import (
    NotConnected,
    Question,
    Stale,
    question_of,
    refuse,
)
from metering.ports import Target, UpstreamAnswer, UpstreamTimedOut


class HttpUpstream:
    """Satisfies `Upstream`; `networks_allowed` names test and demonstration networks."""

    def __init__(self, networks_allowed: Sequence[str] = (), lookup: Lookup = look_up) -> None:
        self._networks = read_networks(networks_allowed)
        self._lookup = lookup
        self._places: Places[Wire] = Places()

    def send(self, target: Target, parameters: Mapping[str, Any]) -> UpstreamAnswer:
        """One answer; raises `UpstreamFailed`, or `UpstreamTimedOut` when its time is over."""
        place = self._places.of(target)
        question = question_of(target, place, parameters)
        wire = self._places.take(place)
        if wire is None:
            return self._ask_afresh(question)
        try:
            return self._ask(wire, question)
        except Stale:
            # The upstream had closed a kept connection; a lookup may be asked once more.
            return self._ask_afresh(question)

    def _ask_afresh(self, question: Question) -> UpstreamAnswer:
        try:
            wire = self._connect(question)
        except TimeoutError as error:
            raise UpstreamTimedOut from error
        except OSError as error:
            raise NotConnected(error) from error
        return self._ask(wire, question)

    def _connect(self, question: Question) -> Wire:
        return Wire(open_socket(question, self._networks, self._lookup))

    def _ask(self, wire: Wire, question: Question) -> UpstreamAnswer:
        was_kept = wire.is_kept
        try:
            status, body = wire.exchange(
                question.request,
                seconds=question.seconds_left(),
                body_bytes_max=question.body_bytes_max,
            )
        except BaseException as error:
            wire.close()
            refuse(error, was_kept=was_kept)
            raise
        self._places.give_back(question.place, wire, is_fit=wire.is_kept)
        return UpstreamAnswer(status, body)

    def close(self) -> None:
        """Close what is kept alive."""
        self._places.close()
