"""Sequencers as real processes: racing without the lock, and killed with -9 at every instant.

Run as a program, this file is such a process: ``test_sequencer.py <database> <folder> <die at>``.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.clock import SystemClock
from app.core.db import make_engine
from app.core.ids import IdSource
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.log.sequencing import publication
from ledger.log.sequencing.file_checkpoint_keeper import FileCheckpointKeeper
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.storage import shard_heads, stored_tiles, waiting_line
from ledger.log.tree.checkpoints import open_checkpoint
from ledger.log.tree.merkle import leaf_hash, root_at, tree_hash
from ledger.log.tree.notes import key_of
from ledger.log.tree_queries import load_entries
from tests.unit.log.log_factory import ORIGIN, append_facts, append_rows, call_row, log_keys

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
KEYS = log_keys()
INSTANTS = [
    "take_waiting",
    "advance_head",
    "store_positions",
    "store_tiles",
    "store_lane_ends",
    "rehash_entries",
    "before commit 1",
    "after commit 1",
    "sign_checkpoint",
    "keep",
    "before commit 2",
    "after commit 2",
]


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(holder, name):
    """Let the function happen once, then die."""
    real = getattr(holder, name)

    def last(*args, **kwargs):
        real(*args, **kwargs)
        die()

    setattr(holder, name, last)


def die_at_commit(when, number):
    real, seen = UnitOfWork.commit, []

    def commit(uow):
        seen.append(uow)
        if len(seen) == number and when == "before":
            die()
        real(uow)
        if len(seen) == number:
            die()

    setattr(UnitOfWork, "commit", commit)  # noqa: B010 -- a method is replaced on purpose


def arrange_death(instant):
    if " commit " in instant:
        when, _, number = instant.split()
        die_at_commit(when, int(number))
    elif instant == "keep":
        die_after(FileCheckpointKeeper, "keep")
    elif instant == "sign_checkpoint":
        die_after(publication, "sign_checkpoint")
    elif instant:
        modules = (shard_heads, stored_tiles, waiting_line)
        die_after(next(each for each in modules if hasattr(each, instant)), instant)


def main(database_url, folder, instant):
    if instant == "race":
        shard_heads.try_liveness_lock = lambda *_: True
        instant = ""
    arrange_death(instant)
    clock = SystemClock()
    units = UnitOfWorkFactory(make_engine(database_url), clock, IdSource(clock))
    keeper = FileCheckpointKeeper(Path(folder))
    running = Sequencer(units, KEYS, keeper=keeper, batch_max=50)
    total = 0
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not Path(folder, "stop").exists():
        total += running.step().integrated_count
    sys.stdout.write(f"{total}\n")


def start(database_url, folder, instant=""):
    return subprocess.Popen(
        [sys.executable, __file__, database_url, str(folder), instant],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def finish(units, folder):
    """Sequence what is left, as the next process does: a killed one's session may outlive it."""
    last = Sequencer(units, KEYS, keeper=FileCheckpointKeeper(folder))
    deadline = time.monotonic() + 60
    while last.step().integrated_count or (waiting(units) and time.monotonic() < deadline):
        pass


def check_log(units, folder, count):
    """Every entry stands once, lanes are gapless, every checkpoint is of this one history."""
    with units.begin(Reach.EXCHANGE) as uow:
        head = shard_heads.get_head(uow.session, ORIGIN)
        assert head.tree_size == count
        leaves = [leaf_hash(b) for b in load_entries(uow.session, head.shard, 0, count + 1)]
        assert len(leaves) == len(set(leaves)) == count
        assert tree_hash(leaves) == head.root_hash
        assert waiting_line.count_waiting(uow.session) == (0, 0)
        read = stored_tiles.stored_nodes(uow.session, head.shard)
        notes = list(uow.session.scalars(text("SELECT text FROM checkpoints")))
        lanes = uow.session.execute(
            text(
                "SELECT e.licence_id, array_agg(e.n ORDER BY p.index) FROM log_positions p"
                " JOIN log_entries e USING (arrival) WHERE lane IS NOT NULL GROUP BY 1"
            )
        ).all()
        assert all(list(numbers) == list(range(len(numbers))) for _, numbers in lanes)
        notes.append(FileCheckpointKeeper(folder).newest(ORIGIN))
        signed = [
            open_checkpoint(note.encode(), [key_of(KEYS.checkpoint)], origin=ORIGIN)
            for note in notes
        ]
        assert all(root_at(read, each.tree_size) == each.root_hash for each in signed)
        assert signed[-1].tree_size == count, "the kept checkpoint is the newest"


def test_a_sequencer_killed_at_any_instant_loses_and_doubles_nothing(units, database_url, folder):
    append_facts(units, 20)
    expected = 21
    for number, instant in enumerate(INSTANTS):
        append_rows(units, [call_row(f"lic_{number}", 1, n) for n in range(60)])
        expected += 60
        process = start(database_url, folder, instant)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, f"{instant}: {errors}"
    finish(units, folder)
    check_log(units, folder, expected)


def test_what_was_signed_before_the_kill_is_signed_again_byte_for_byte(units, database_url, folder):
    append_facts(units, 5)
    start(database_url, folder, "keep").communicate(timeout=60)
    kept = FileCheckpointKeeper(folder).newest(ORIGIN)
    finish(units, folder)
    with units.begin(Reach.EXCHANGE) as uow:
        assert uow.session.scalar(text("SELECT text FROM checkpoints")) == kept


def test_racing_sequencers_without_the_lock_write_one_history(units, database_url, folder):
    racers = [start(database_url, folder, "race") for _ in range(2)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n", racer.stderr.read()
    for round_number in range(30):
        append_rows(units, [call_row(f"lic_{round_number % 3}", 1, round_number // 3)])
        append_facts(units, 40)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and waiting(units):
        time.sleep(0.05)
    (folder / "stop").touch()
    ends = [racer.communicate(timeout=60) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0], ends
    totals = [int(out) for out, _ in ends]
    assert sum(totals) == 30 * 41 + 1, "no leaf was integrated by both"
    finish(units, folder)
    check_log(units, folder, 30 * 41 + 1)


def waiting(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return waiting_line.count_waiting(uow.session)[0]


def test_killing_and_restarting_under_load_loses_and_doubles_nothing(units, database_url, folder):
    stop = threading.Event()
    appended: list[int] = []

    def feed():
        while not stop.is_set():
            number = len(appended)
            append_rows(units, [call_row(f"lic_{number % 4}", 1, number // 4)])
            append_facts(units, 30)
            appended.append(31)

    feeder = threading.Thread(target=feed)
    feeder.start()
    for pause in (0.01, 0.05, 0.1, 0.2, 0.3, 0.02):
        process = start(database_url, folder)
        assert process.stdout.readline() == "ready\n"
        time.sleep(pause)  # the instant of the kill, not a wait for anything
        process.kill()
        process.communicate(timeout=60)
    stop.set()
    feeder.join()
    finish(units, folder)
    check_log(units, folder, sum(appended) + 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
