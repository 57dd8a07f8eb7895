"""Waiting for what another thread or process does: for its effect, never for a time."""

import time


def wait_until(holds, seconds=20.0):
    """Wait until it holds; fails when it does not within a generous time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)
