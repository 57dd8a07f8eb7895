"""Structured logs to standard output, and counters for Prometheus."""

import logging
import re
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from app.web.metric_files import take_room

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""A method is any word that a stranger likes; each new one would be counted for ever."""
_UNCOUNTED_SECONDS = 60.0
"""After the disk had no room: trying at each request would keep what each try leaves behind."""
_SECRET_NAMES = frozenset({"authorization", "password", "token", "secret", "key", "one_time_code"})


def _hide_secrets(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {name: "…" if name in _SECRET_NAMES else value for name, value in event.items()}


# structlog's own way shows the locals of every frame: passwords, keys, answers of suppliers.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
_OF_ROWS = re.compile(r"\n(?:DETAIL|CONTEXT|HINT|QUERY|WHERE):[^\n]*")
"""What PostgreSQL adds to an error: "Key (email)=(somebody@…) already exists"."""


def _hide_rows(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    for link in event.get("exception", ()):
        link["exc_value"] = _OF_ROWS.sub("", link["exc_value"])
    return event


class _LossyOutput:
    """Standard output, but a line that cannot be written is lost and fails nothing."""

    def write(self, text: str) -> None:
        with suppress(OSError):  # no room on the disk, or nobody reads any more
            sys.stdout.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stdout.flush()


def configure_logs(level: str) -> None:
    """One JSON object a line, with UTC time and whatever the request has bound."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _TRACEBACKS,
            _hide_rows,
            _hide_secrets,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _LossyOutput())),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )


_log = structlog.get_logger("metrics")


@dataclass(frozen=True)
class GaugeValue:
    """What a gauge shows at the moment of a scrape."""

    name: str
    help_text: str
    value: float


class Metrics:
    """The control plane's counters, and gauges that are read at a scrape.

    With a folder that several processes share (`PROMETHEUS_MULTIPROC_DIR`, which the library reads
    as well) each keeps its counts there, and a scrape of any tells of all of them. While the disk
    has no room for new ones nothing is counted, and no request is the worse for it.
    """

    def __init__(self, shared_folder: Path | None = None) -> None:
        self.registry = CollectorRegistry()
        take_room()
        self._shared_folder = shared_folder
        self._uncounted_until = 0.0
        self._requests = Counter(
            "counterfoil_requests",
            "Requests of the control plane",
            ["method", "rule", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "counterfoil_request_seconds",
            "Time to answer, in seconds",
            ["rule"],
            registry=self.registry,
        )
        self._gauges: dict[str, Gauge] = {}
        self._lock = threading.Lock()

    def observe(self, method: str, rule: str, status: int, seconds: float) -> None:
        """Count one request of the control plane."""
        known = method if method in METHODS else "OTHER"
        if time.monotonic() < self._uncounted_until:
            return
        try:
            self._requests.labels(known, rule, str(status)).inc()
            self._seconds.labels(rule).observe(seconds)
        except OSError as error:
            self._uncounted_until = time.monotonic() + _UNCOUNTED_SECONDS
            _log.warning("not counted", seconds=_UNCOUNTED_SECONDS, reason=str(error))

    def set(self, name: str, help_text: str, value: float) -> None:
        """Set a gauge, made on first use."""
        with self._lock:
            if name not in self._gauges:
                self._gauges[name] = Gauge(
                    name, help_text, registry=self.registry, multiprocess_mode="mostrecent"
                )
        self._gauges[name].set(value)

    def text(self) -> bytes:
        """The exposition format."""
        if self._shared_folder is None:
            return generate_latest(self.registry)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody, path=str(self._shared_folder))  # type: ignore[no-untyped-call] # the library types nothing here
        return generate_latest(everybody)
