"""Callers whose every call can be told apart: by its name, which its event's detail has too.

Most have a key, and are repeated under it until they are answered. A share has none: those are sent
once, and whatever becomes of them is what the caller was told, or not known.
"""

import base64
import http.client
import json
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from typing_extensions import override

from demo.calls import decode_receipt
from demo.http import Answer, Client
from demo.world import Trade, World

PATIENCE_SECONDS = 180.0
_PAUSE_SECONDS = 0.05
_AGAIN = frozenset({429, 503})
_SOLD_OUT = 403
_UNKEYED = 0.3
_OUTCOME_UNKNOWN = "#call-outcome-unknown"


@dataclass(frozen=True)
class Acknowledged:
    """What a caller holds of one answered call: enough to find it again in the exchange's books."""

    name: str
    licence_id: str
    lane: int
    n: int
    leaf: bytes
    units: int
    amount: int


@dataclass
class Answers:
    """Everything that callers were answered."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    """Calls of which an attempt was cut off, or answered that nobody knows its outcome."""
    unkeyed: set[str] = field(default_factory=set)
    """Calls without a key."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def count(self) -> int:
        """How many calls have an answer."""
        return sum(self.statuses.values())

    def keep(self, name: str, answer: Answer) -> None:
        """Remember a final answer, and its receipt if it has one."""
        receipt = answer.headers.get("usage-receipt")
        held = _held(name, receipt) if receipt else None
        with self.lock:
            self.statuses[answer.status] += 1
            if held:
                self.acknowledged.append(held)

    @property
    def may_be_recorded(self) -> set[str]:
        """The calls that may have an event, and one at most; of all others there must be none."""
        return self.unknown.union(each.name for each in self.acknowledged)


def _held(name: str, header: str) -> Acknowledged:
    entry = base64.b64decode(decode_receipt(header)["entry"])
    leaf = json.loads(entry)
    return Acknowledged(
        name,
        leaf["licence"],
        leaf["lane"],
        leaf["n"],
        entry,
        leaf["units"],
        int(leaf["amount"]),
    )


class Caller(threading.Thread):
    """One connection's worth of calls, by turns to whatever is still for sale.

    Chance says which calls have no key; without it each has one.
    """

    def __init__(
        self,
        world: World,
        answers: Answers,
        stop: threading.Event,
        chance: random.Random | None = None,
    ) -> None:
        super().__init__(daemon=True)
        self._chance = chance
        self._answers = answers
        self._stop_calling = stop
        self._clients = {
            trade.licence_id: Client(world.base_url, trade.key)
            for trade in (world.airports, world.days)
        }
        self._paths = {
            world.airports.licence_id: _path(world.airports, "icao=ZSPD"),
            world.days.licence_id: _path(world.days, "day=2026-10-01"),
        }

    @override
    def run(self) -> None:
        """Call until told to stop; a call that was begun is still brought to its end."""
        sold_out: set[str] = set()
        for licence_id in self._turns():
            if licence_id in sold_out:
                continue
            name = secrets.token_hex(16)
            is_keyed = self._chance is None or self._chance.random() >= _UNKEYED
            answer = self._until_answered(licence_id, name) if is_keyed else None
            if not is_keyed:
                answer = self._once(licence_id, name)
            elif answer is None:
                self._answers.unanswered.append(name)
            if answer is not None:
                self._answers.keep(name, answer)
                if answer.status == _SOLD_OUT:
                    sold_out.add(licence_id)

    def _turns(self) -> Iterator[str]:
        while True:
            for licence_id in self._paths:
                if self._stop_calling.is_set():
                    return
                yield licence_id

    def _until_answered(self, licence_id: str, name: str) -> Answer | None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self._send(licence_id, name, {"Idempotency-Key": name})
            if answer is not None:
                return answer
        return None

    def _once(self, licence_id: str, name: str) -> Answer | None:
        with self._answers.lock:
            self._answers.unkeyed.add(name)
        return self._send(licence_id, name, {})

    def _send(self, licence_id: str, name: str, headers: dict[str, str]) -> Answer | None:
        """A final answer; after none, or one to come again with, wait for a while."""
        try:
            answer = self._clients[licence_id].send(
                "GET", self._paths[licence_id], headers={"X-Request-Id": name, **headers}
            )
        except (OSError, http.client.HTTPException):
            self._is_unknown(name)
            time.sleep(_PAUSE_SECONDS)
            return None
        if answer.status not in _AGAIN:
            return answer
        if answer.json["type"].endswith(_OUTCOME_UNKNOWN):
            self._is_unknown(name)
        time.sleep(min(float(answer.headers.get("retry-after", _PAUSE_SECONDS)), 1.0))
        return None

    def _is_unknown(self, name: str) -> None:
        with self._answers.lock:
            self._answers.unknown.add(name)


def _path(trade: Trade, question: str) -> str:
    return f"/data/{trade.listing_code}?{question}"
