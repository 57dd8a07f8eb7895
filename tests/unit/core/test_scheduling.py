"""A serving process works in batches, and leaves alone what an operator chose."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setscheduler"), reason="no scheduling policies on this system"
)
PROGRAM = """
import os, threading
from app.core.scheduling import schedule_in_batches
os.sched_setscheduler(0, os.{before}, os.sched_param(0))
schedule_in_batches()
found = [os.sched_getscheduler(0)]
thread = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
thread.start()
thread.join()
print(*found)
"""


def _policies_after(before: str) -> list[int]:
    program = PROGRAM.format(before=before)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return [int(policy) for policy in done.stdout.split()]


def test_every_thread_of_a_serving_process_waits_for_its_turn():
    assert _policies_after("SCHED_OTHER") == [os.SCHED_BATCH] * 2


def test_a_policy_that_the_operator_chose_stays():
    assert _policies_after("SCHED_IDLE") == [os.SCHED_IDLE] * 2
