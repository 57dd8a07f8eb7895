"""How the system shares a core among the threads of a serving process."""

import os
from contextlib import suppress


def schedule_in_batches() -> None:
    """Call once, before a serving process has other threads: each inherits it.

    A thread of this process that is woken waits for its turn on the core; it does not push the
    running one aside (`SCHED_BATCH`, sched(7): the same share of the processor, no preference on
    waking). Otherwise each answer handed to the server's thread has it run at once, for that answer
    alone: four switches of context a call (docs/decisions/0037). Nothing happens where the system
    knows no such policy or the operator chose another.
    """
    with suppress(AttributeError, OSError):
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
