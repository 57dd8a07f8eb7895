"""Asking until there is an answer, for what the exchange does after it has answered."""

import time
from collections.abc import Callable
from typing import Any

from demo.http import Surprise

WAIT_SECONDS = 60


def wait_for(what: str, ready: Callable[[], Any]) -> Any:
    """Ask until there is an answer."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        answer = ready()
        if answer:
            return answer
        time.sleep(0.2)
    message = f"{what} did not happen within {WAIT_SECONDS} s"
    raise Surprise(message)
