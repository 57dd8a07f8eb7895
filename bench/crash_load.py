"""Callers that do not give up: each call has a key and is repeated under it until answered."""

import base64
import http.client
import json
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


@dataclass(frozen=True)
class Acknowledged:
    """What a caller holds of one answered call: enough to find it again in the exchange's books."""

    key: str
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
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def count(self) -> int:
        """How many calls have an answer."""
        return sum(self.statuses.values())

    def keep(self, key: str, answer: Answer) -> None:
        """Remember a final answer, and its receipt if it has one."""
        receipt = answer.headers.get("usage-receipt")
        held = _held(key, receipt) if receipt else None
        with self.lock:
            self.statuses[answer.status] += 1
            if held:
                self.acknowledged.append(held)


def _held(key: str, header: str) -> Acknowledged:
    entry = base64.b64decode(decode_receipt(header)["entry"])
    leaf = json.loads(entry)
    return Acknowledged(
        key,
        leaf["licence"],
        leaf["lane"],
        leaf["n"],
        entry,
        leaf["units"],
        int(leaf["amount"]),
    )


class Caller(threading.Thread):
    """One connection's worth of calls, by turns to whatever is still for sale."""

    def __init__(self, world: World, answers: Answers, stop: threading.Event) -> None:
        super().__init__(daemon=True)
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
            key = secrets.token_hex(16)
            answer = self._until_answered(licence_id, key)
            if answer is None:
                self._answers.unanswered.append(key)
            else:
                self._answers.keep(key, answer)
                if answer.status == _SOLD_OUT:
                    sold_out.add(licence_id)

    def _turns(self) -> Iterator[str]:
        while True:
            for licence_id in self._paths:
                if self._stop_calling.is_set():
                    return
                yield licence_id

    def _until_answered(self, licence_id: str, key: str) -> Answer | None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = self._clients[licence_id].send(
                    "GET", self._paths[licence_id], headers={"Idempotency-Key": key}
                )
            except (OSError, http.client.HTTPException):
                time.sleep(_PAUSE_SECONDS)
                continue
            if answer.status not in _AGAIN:
                return answer
            time.sleep(min(float(answer.headers.get("retry-after", _PAUSE_SECONDS)), 1.0))
        return None


def _path(trade: Trade, question: str) -> str:
    return f"/data/{trade.listing_code}?{question}"
