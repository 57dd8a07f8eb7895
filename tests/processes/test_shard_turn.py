"""The year's turn by real processes: two at once without the lock, and killed at every instant.

Run as a program, this file is a sequencer whose clock is in the old year until a file says that it
turned: ``test_shard_turn.py <database> <folder> <die at>``.
"""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.db import make_engine
from app.core.ids import IdSource
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from ledger.log.sequencing import publication, sequencer, turning
from ledger.log.sequencing.file_checkpoint_keeper import FileCheckpointKeeper
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.storage import shard_heads, stored_tiles, waiting_line
from ledger.log.tree.merkle import leaf_hash, root_at, tree_hash
from ledger.log.tree_queries import load_entries
from tests.processes.test_sequencer import die_after, die_at_commit
from tests.unit.log.log_factory import ORIGIN, append_facts, append_rows, call_row, log_keys

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
KEYS = log_keys()
HOST, NEXT = "exchange.example", "exchange.example/log/2027"
OLD_YEAR = datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC)
NEW_YEAR = datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC)
IN_OLD, IN_NEW = "2026-12-31T23:59:58.500000Z", "2027-01-01T00:00:00.500000Z"
INSTANTS = [
    "heads advance_head",
    "heads close_head",
    "sequencer close_shard",
    "publication sign_checkpoint",
    "keep",
    "turning publish_head",
    "heads add_head",
    "turning integrate_fact",
    "turning open_shard",
    *(f"{when} commit {number}" for number in (1, 2, 3, 4) for when in ("before", "after")),
]
HOLDERS = {
    "heads": shard_heads, "sequencer": sequencer, "publication": publication, "turning": turning,
}  # fmt: skip


class YearClock:
    """In the old year until the folder holds the file ``turned``."""

    def __init__(self, folder):
        self._turned = Path(folder, "turned")

    def now(self):
        return NEW_YEAR if self._turned.exists() else OLD_YEAR


def make_sequencer(database_url, folder):
    clock = YearClock(folder)
    units = UnitOfWorkFactory(make_engine(database_url), clock, IdSource(clock))
    keeper = FileCheckpointKeeper(Path(folder))
    return Sequencer(units, KEYS, keeper=keeper, host=HOST, batch_max=50)


def main(database_url, folder, instant):
    running = make_sequencer(database_url, folder)
    if instant == "race":
        shard_heads.try_liveness_lock = lambda *_: True
    elif " commit " in instant:
        when, _, number = instant.split()
        die_at_commit(when, int(number))
    elif instant == "keep":
        die_after(FileCheckpointKeeper, "keep")
    elif instant:
        holder, _, name = instant.partition(" ")
        die_after(HOLDERS[holder], name)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not Path(folder, "stop").exists():
        running.step()


def start(database_url, folder, instant=""):
    return subprocess.Popen(
        [sys.executable, __file__, database_url, str(folder), instant],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def settle(database_url, folder):
    last = make_sequencer(database_url, folder)
    while last.step().has_more:
        pass


def check_shards(units, folder, count):
    """Both shards whole, every entry in one of them once, and lanes gapless through both."""
    with units.begin(Reach.EXCHANGE) as uow:
        old, new = shard_heads.list_heads(uow.session)
        assert (old.origin, old.is_closed, new.origin, new.is_closed) == (ORIGIN, True, NEXT, False)
        assert waiting_line.count_waiting(uow.session) == (0, 0)
        assert old.tree_size + new.tree_size == count
        seen = set()
        for head in (old, new):
            bodies = load_entries(uow.session, head.shard, 0, head.tree_size + 1)
            leaves = [leaf_hash(body) for body in bodies]
            assert tree_hash(leaves) == head.root_hash
            seen.update(leaves)
            newest = publication.newest_checkpoint(uow.session, head.shard)
            assert newest.tree_size == head.tree_size
            assert FileCheckpointKeeper(folder).newest(head.origin) == newest.text
            read = stored_tiles.stored_nodes(uow.session, head.shard)
            signed = uow.session.execute(
                text("SELECT tree_size, root_hash FROM checkpoints WHERE shard = :shard"),
                {"shard": head.shard},
            )
            assert all(root_at(read, size) == bytes(root) for size, root in signed)
        assert len(seen) == count, "no entry stands twice"
        lanes = uow.session.execute(
            text(
                "SELECT e.licence_id, array_agg(e.n ORDER BY p.shard, p.index) FROM log_positions p"
                " JOIN log_entries e USING (arrival) WHERE lane IS NOT NULL GROUP BY 1"
            )
        )
        assert all(list(numbers) == list(range(len(numbers))) for _, numbers in lanes)


@pytest.mark.parametrize("instant", INSTANTS)
def test_a_sequencer_killed_during_the_turn_leaves_what_the_next_one_finishes(
    units, database_url, tmp_path, instant
):
    append_facts(units, 20)
    append_rows(units, [call_row("lic_1", 1, n, at=IN_OLD) for n in range(30)])
    settle(database_url, tmp_path)
    append_rows(units, [call_row("lic_1", 1, n, at=IN_OLD) for n in range(30, 40)])
    append_rows(units, [call_row("lic_1", 1, n, at=IN_NEW) for n in range(40, 60)])
    (tmp_path / "turned").touch()
    process = start(database_url, tmp_path, instant)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, f"{instant}: {errors}"
    settle(database_url, tmp_path)
    # Beside facts and calls: two opening leaves and a closing one.
    check_shards(units, tmp_path, 20 + 60 + 3)


def test_two_sequencers_without_the_lock_turn_the_year_once(units, database_url, tmp_path):
    racers = [start(database_url, tmp_path, "race") for _ in range(2)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n", racer.stderr.read()
    count = 3
    for number in range(60):
        if number == 30:
            (tmp_path / "turned").touch()
        at = IN_OLD if number < 30 else IN_NEW
        append_rows(units, [call_row(f"lic_{number % 3}", 1, number // 3, at=at)])
        append_facts(units, 20)
        count += 21
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _waiting(units):
        time.sleep(0.05)
    (tmp_path / "stop").touch()
    ends = [racer.communicate(timeout=60) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0], ends
    settle(database_url, tmp_path)
    check_shards(units, tmp_path, count)


def _waiting(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return waiting_line.count_waiting(uow.session)[0]


if __name__ == "__main__":
    main(*sys.argv[1:])
