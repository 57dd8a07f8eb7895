"""The buyer's calls: many at once, retried under the same key, receipts kept."""

import base64
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.http import Answer, Client, Surprise

RETRIES_MAX = 200
_PAUSE_SECONDS = 0.1
_RETRIED = frozenset({429, 503})


@dataclass(frozen=True)
class Call:
    """One intended call: where, and the key that makes its retries harmless."""

    path: str
    key: str


@dataclass
class Vault:
    """The buyer's half: every receipt and body received, and how the calls ended."""

    folder: Path
    statuses: Counter[int] = field(default_factory=Counter)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    retries_count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, answer: Answer, retries: int) -> None:
        """Remember one final answer."""
        with self._lock:
            self.statuses[answer.status] += 1
            self.retries_count += retries
            if "usage-receipt" in answer.headers:
                self._store(answer)

    def _store(self, answer: Answer) -> None:
        receipt = decode_receipt(answer.headers["usage-receipt"])
        self.receipts.append(receipt)
        stem = self.folder / f"{len(self.receipts):05d}"
        stem.with_suffix(".json").write_text(json.dumps(receipt), encoding="utf-8")
        stem.with_suffix(".body").write_bytes(answer.body)

    def leaves(self) -> Iterator[dict[str, Any]]:
        """The leaf of every receipt."""
        for receipt in self.receipts:
            yield json.loads(base64.b64decode(receipt["entry"]))


def decode_receipt(header: str) -> dict[str, Any]:
    """The receipt in a `Usage-Receipt` header."""
    padded = header + "=" * (-len(header) % 4)
    receipt: dict[str, Any] = json.loads(base64.urlsafe_b64decode(padded))
    return receipt


def call(client: Client, intended: Call) -> tuple[Answer, int]:
    """Call until there is an answer; the same key every time, so at most one charge."""
    for retries in range(RETRIES_MAX):
        try:
            answer = client.send("GET", intended.path, headers={"Idempotency-Key": intended.key})
        except (OSError, http.client.HTTPException):
            time.sleep(_PAUSE_SECONDS)  # the gateway was killed and is being started again
            continue
        if answer.status not in _RETRIED:
            return answer, retries
        time.sleep(float(answer.headers.get("retry-after", _PAUSE_SECONDS)))
    message = f"{intended.path}: no answer after {RETRIES_MAX} tries"
    raise Surprise(message)


def call_all(
    client: Client,
    calls: Iterable[Call],
    vault: Vault,
    *,
    threads: int = 8,
    after: Callable[[int], None] | None = None,
) -> None:
    """Make every call over several connections; `after` hears how many have been answered."""
    done = 0
    lock = threading.Lock()

    def one(intended: Call) -> None:
        nonlocal done
        vault.keep(*call(client, intended))
        with lock:
            done += 1
            count = done
        if after:
            after(count)

    vault.folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, calls))
