"""The audit of a long log: its memory grows with lanes, not with calls."""

import pytest

from bench.long_log import audit_log, write_log

pytestmark = pytest.mark.processes
SHORT, LONG = 10_000, 80_000
GROWTH_MB_MAX = 8
"""What eight times the calls may add; held in memory, 70,000 further leaves would take 40 MB."""
PEAK_MB_MAX = 100


def test_eight_times_the_calls_need_no_more_memory(tmp_path):
    peaks = []
    for leaves in (SHORT, LONG):
        write_log(tmp_path / str(leaves), leaves, lanes=100)
        figures = audit_log(tmp_path / str(leaves))
        assert figures["exit_code"] == 0
        peaks.append(figures["peak_mb"])
    assert peaks[1] - peaks[0] <= GROWTH_MB_MAX
    assert peaks[1] <= PEAK_MB_MAX
