"""`make crash`: kill −9 under load, again and again, and count what was lost, doubled or stranded.

Writes var/crash/report.json; exit 1 unless `lost`, `doubled`, `oversold_units`, `unbalanced` and
`stranded_leases` are all 0. Doubled is each event beyond what its call may have: one where the call
was answered or nobody knows its outcome, none where it was refused or never sent.
"""

import argparse
import json
import random
import shutil
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from app.database import find_database
from app.settings import from_environment
from bench.crash_checks import Books
from bench.crash_kills import NotRecovered, kill_at_random
from bench.crash_load import PATIENCE_SECONDS, Answers, Caller
from bench.crash_market import installation_in, open_market
from demo import proving
from demo.installation import ROOT
from demo.patience import wait_for
from demo.world import World

FOLDER = ROOT / "var" / "crash"
CALLERS = 48
"""As many as one commit takes: both committing threads have work, in batches of every size."""
PACKAGE_UNITS_A_KILL = 20
SECONDS_A_KILL = 30.0
LEASES_SECONDS = 60.0
ZEROES = ("lost", "doubled", "oversold_units", "unbalanced", "stranded_leases")


def main() -> int:
    """Run it; 0 only if nothing was lost, doubled, oversold, unbalanced or stranded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    options = parser.parse_args()
    report = crash(FOLDER, kills=options.kills, seed=options.seed)
    print(json.dumps(report, indent=2))
    return 0 if report["passed"] else 1


def crash(folder: Path, *, kills: int, seed: int) -> dict[str, Any]:
    """One run from nothing in its own folder; the report, which is also written there."""
    shutil.rmtree(folder, ignore_errors=True)
    started = time.monotonic()
    report: dict[str, Any] = {"seed": seed, "kills": 0}
    installation = installation_in(folder / "exchange")
    try:
        installation.start()
        world = open_market(installation, package_units=PACKAGE_UNITS_A_KILL * kills)
        answers = _kill_under_load(world, report, kills=kills, seed=seed)
        report |= _count(world, answers)
    finally:
        installation.stop()
        report["seconds"] = round(time.monotonic() - started, 1)
        report["passed"] = _is_passed(report, kills)
        (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def _is_passed(report: dict[str, Any], kills: int) -> bool:
    is_whole = report["kills"] == kills and not report.get("unanswered") and "error" not in report
    return is_whole and all(report.get(name) == 0 for name in ZEROES)


def _kill_under_load(world: World, report: dict[str, Any], *, kills: int, seed: int) -> Answers:
    answers, stop = Answers(), threading.Event()
    chances = [random.Random(seed + at) for at in range(1 + CALLERS)]  # noqa: S311 -- who is killed when, and which calls have no key: no secrets
    callers = [Caller(world, answers, stop, chance) for chance in chances[1:]]
    for caller in callers:
        caller.start()
    try:
        by_name = kill_at_random(
            world.installation,
            lambda: answers.count,
            kills=kills,
            deadline=time.monotonic() + 60 + SECONDS_A_KILL * kills,
            chance=chances[0],
        )
        report |= {"kills": sum(by_name.values()), "killed": by_name}
    except NotRecovered as error:
        report["error"] = str(error)
    finally:
        stop.set()
        for caller in callers:
            caller.join(PATIENCE_SECONDS + 60)
    return answers


def _count(world: World, answers: Answers) -> dict[str, Any]:
    world.installation.wait_until_ready()  # the last kill may have been the web server's
    settings = from_environment(world.installation.environment)
    with Books(find_database(settings)) as books:
        stranded = _wait_for_leases(books)
        counted = books.compare(answers)
        batches = books.batches()
    counted["unbalanced"] += len(
        wait_for("reading the books", partial(_read_books, world))["items"]
    )
    return {
        "acknowledged": len(answers.acknowledged),
        "acknowledged_without_key": sum(
            each.name in answers.unkeyed for each in answers.acknowledged
        ),
        "unknown_without_key": len(answers.unknown & answers.unkeyed),
        "unanswered": len(answers.unanswered),
        **counted,
        "stranded_leases": stranded,
        "calls_a_commit": batches,
        "statuses": {str(status): count for status, count in sorted(answers.statuses.items())},
        "log_size": proving.wait_for_checkpoint(world),
    }


def _read_books(world: World) -> Any:
    """None where nobody listens: workers of a killed server answer until the next one starts."""
    with suppress(OSError):
        world.staff["auditor"].sign_in_again()  # a run beside other programs outlasts its token
        return world.staff_client("auditor").get("/v1/imbalances")
    return None


def _wait_for_leases(books: Books) -> int:
    """Leases come back when idle, or when the worker finds them expired; what never does."""
    deadline = time.monotonic() + LEASES_SECONDS
    while (stranded := books.stranded_leases()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return stranded


if __name__ == "__main__":
    sys.exit(main())
