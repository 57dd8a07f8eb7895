"""Kills −9: which process, when, and whether calls are answered again afterwards."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator

from demo.installation import Installation

VICTIMS = ("web", "worker", "postgres")
RECOVERY_SECONDS = 90.0
ANSWERS_BETWEEN = 50
PAUSE_MAX_SECONDS = 0.5
_POLL_SECONDS = 0.02
_ALONE = 0.5


class NotRecovered(Exception):
    """After a kill no call was answered any more."""


def process_id(installation: Installation, name: str) -> int:
    """The id of a process of the installation; raises OSError or KeyError while there is none."""
    if name != "postgres":
        return installation.processes()[name]
    state = installation.folder / "postgres" / "postmaster.pid"
    return int(state.read_text(encoding="ascii").split("\n", 1)[0])


def kill(installation: Installation, name: str, *, is_alone: bool = False) -> bool:
    """Kill −9, with the processes that it began unless alone; whether there was one to kill."""
    try:
        victim = process_id(installation, name)
        if name == "postgres" or is_alone:
            os.kill(victim, signal.SIGKILL)  # what it began notices by itself, as in real life
        else:
            os.killpg(victim, signal.SIGKILL)
    except (OSError, KeyError, ValueError):
        return False
    return True


def kill_at_random(
    installation: Installation,
    answered: Callable[[], int],
    *,
    kills: int,
    deadline: float,
    chance: random.Random,
) -> dict[str, int]:
    """Kill again and again under load until there were enough, or time is up; how often which."""
    killed = dict.fromkeys(VICTIMS, 0)
    order = _in_turns(chance)
    while sum(killed.values()) < kills and time.monotonic() < deadline:
        name = next(order)
        before = answered()
        if not kill(installation, name, is_alone=chance.random() < _ALONE):
            time.sleep(_POLL_SECONDS)  # it is dead already, and is being started
            continue
        killed[name] += 1
        _wait_for_answers(answered, before + ANSWERS_BETWEEN, name)
        time.sleep(chance.uniform(0.0, PAUSE_MAX_SECONDS))
        if sum(killed.values()) % 10 == 0:
            print(f"  {sum(killed.values())} kills, {answered()} calls answered", flush=True)
    return killed


def _in_turns(chance: random.Random) -> Iterator[str]:
    """Each victim as often as the others, in an order that nobody knows."""
    while True:
        yield from chance.sample(VICTIMS, len(VICTIMS))


def _wait_for_answers(answered: Callable[[], int], enough: int, name: str) -> None:
    give_up = time.monotonic() + RECOVERY_SECONDS
    while answered() < enough:
        if time.monotonic() > give_up:
            message = (
                f"no {ANSWERS_BETWEEN} answers within {RECOVERY_SECONDS:.0f} s of {name}'s end"
            )
            raise NotRecovered(message)
        time.sleep(_POLL_SECONDS)
