"""Sends what is due, many at once, without letting slow receivers hold up quick ones."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.core.cipher import Cipher
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.notices.attempts import note_attempt
from app.notices.claims import CLAIM_SECONDS, Claimed, claim_due, load_claimed
from app.notices.ports import Receivers
from app.notices.signatures import signed_headers

_log = structlog.get_logger("notices")


@dataclass(frozen=True)
class DispatchLimits:
    """How much one worker sends at once, to quick and to slow endpoints apart."""

    quick: int = 16
    slow: int = 8
    claim_seconds: int = CLAIM_SECONDS
    wait_seconds: float = 0.2


class _Lane:
    """Threads of its own for endpoints of one pace."""

    def __init__(self, pace: str, size: int) -> None:
        self.pace = pace
        self._size = size
        self._under_way = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=f"notices-{pace}")

    @property
    def room(self) -> int:
        """How many more may be sent now."""
        with self._lock:
            return self._size - self._under_way

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way."""
        with self._lock:
            return self._under_way > 0

    def start(self, send: Callable[[Claimed], None], claimed: Claimed) -> None:
        """Send in the background; the caller made sure of room."""
        with self._lock:
            self._under_way += 1

        def run() -> None:
            try:
                send(claimed)
            finally:
                with self._lock:
                    self._under_way -= 1

        self._pool.submit(run)

    def close(self) -> None:
        """Wait for what is under way; each is bounded in time."""
        self._pool.shutdown(wait=True)


class Dispatcher:
    """One worker's sending of webhooks; several workers may run at once."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        cipher: Cipher,
        receivers: Receivers,
        entropy: Callable[[int], bytes],
        *,
        limits: DispatchLimits = DispatchLimits(),
    ) -> None:
        self._units, self._cipher, self._receivers = units, cipher, receivers
        self._entropy, self._limits = entropy, limits
        self._lanes = (_Lane("quick", limits.quick), _Lane("slow", limits.slow))
        self._finished = threading.Event()

    def step(self) -> bool:
        """Start sending what is due and fits; whether to come back at once."""
        self._finished.clear()
        claimed_count = sum(self._start_due(lane) for lane in self._lanes if lane.room)
        if claimed_count:
            return True
        # Come back as soon as one has finished, not at the next tick: there may be room now.
        return self.is_busy and self._finished.wait(self._limits.wait_seconds)

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way."""
        return any(lane.is_busy for lane in self._lanes)

    def close(self) -> None:
        """Finish what is under way."""
        for lane in self._lanes:
            lane.close()

    def _start_due(self, lane: _Lane) -> int:
        with self._units.begin(Reach.EXCHANGE) as uow:
            claim = uow.ids.new("clm")
            count = claim_due(
                uow.session,
                pace=lane.pace,
                slots=lane.room,
                claim=claim,
                now=uow.now,
                claim_seconds=self._limits.claim_seconds,
            )
            messages = load_claimed(uow.session, self._cipher, claim, now=uow.now) if count else ()
            uow.commit()
        for message in messages:
            lane.start(self._send, message)
        return count

    def _send(self, claimed: Claimed) -> None:
        """Send outside any transaction, then note what came of it.

        A crash in between leaves the claim to lapse, and the message goes out again under the same
        id: at least once, never not at all.
        """
        try:
            started_at, started = self._units.clock.now(), time.monotonic()
            headers = signed_headers(
                claimed.secrets,
                message_id=claimed.message_id,
                timestamp=int(started_at.timestamp()),
                body=claimed.body,
            )
            attempt = self._receivers.post(claimed.url, headers, claimed.body)
            took = timedelta(seconds=time.monotonic() - started)
            with self._units.begin(Reach.EXCHANGE) as uow:
                note_attempt(uow, self._entropy, claimed, attempt, started_at=started_at, took=took)
                uow.commit()
        except Exception:  # noqa: BLE001 -- a thread must not die silently
            _log.exception("a webhook's result was not noted", delivery=claimed.delivery_id)
        finally:
            self._finished.set()
