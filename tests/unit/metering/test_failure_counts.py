"""Failures are counted by kind; what goes beyond the bound is said, and costs nothing counted."""

from contextlib import contextmanager
from types import SimpleNamespace

from app.core.clock import SystemClock
from metering.delivery import failure_counts
from metering.delivery.errors import UpstreamTooSlow


class Connections:
    """Keeps the columns of each write."""

    def __init__(self):
        self.written = []

    @contextmanager
    def transaction(self):
        yield SimpleNamespace(execute=lambda _statement, columns: self.written.append(columns))


def test_beyond_the_bound_no_kind_begins_but_those_counted_go_on_and_the_log_says_so(monkeypatch):
    said = []
    log = SimpleNamespace(warning=lambda _event, **facts: said.append(facts))
    monkeypatch.setattr(failure_counts, "_log", log)
    monkeypatch.setattr(failure_counts, "COUNTS_MAX", 1)
    connections = Connections()
    counts = failure_counts.FailureCounts(connections, SystemClock(), lambda: "dlf_1")
    for listing_code in ("A", "B", "A", "B", "C"):
        counts.count(listing_code, "org_1", UpstreamTooSlow())
    counts.write()
    assert said == [{"uncounted_calls": 3}]
    counts.write()
    (columns,) = connections.written
    assert (columns[2], columns[5], said[1:]) == (["A"], [2], [])
