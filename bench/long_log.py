"""Writes a log of any length as static files, and audits it with `counterfoil-verify` in a process.

`python -m bench.long_log --leaves 10000000 --folder var/long-log` writes it (about 0.6 KB a leaf),
audits it and prints time and peak memory. The calls are real leaves in real lanes; nothing of the
log is held in memory but the ends of its lanes and the right edge of its tree.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from app.core.canonical import canonical_bytes
from bench.ledger_leaves import OPENED_AT, ORIGIN, PRICE, log_keys
from ledger.log.keys import LogKeys
from ledger.log.tree.checkpoints import Checkpoint, sign_checkpoint
from ledger.log.tree.merkle import HASH_BYTES
from ledger.log.tree.tiles import TILE_WIDTH, TileAddress, grow, right_edge, tile_path
from metering.leaves import CallFacts, LaneNames, call_leaf, lane_opened_leaf, leaf_hash

BATCH = TILE_WIDTH * TILE_WIDTH
"""Leaves between two looks at the disk; whole tiles, but for the last."""
LANES = 1_000
_HEX = "ab" * 32
_DAY_SECONDS = 86_400


def write_log(folder: Path, leaves: int, *, lanes: int = LANES) -> None:
    """Write checkpoint, keys, tiles and entries of a log of so many leaves."""
    keys = log_keys()
    made = chain([_opening(keys)], _leaves(lanes, leaves - 1))
    size, root, edge = 0, b"", dict[int, bytes]()
    while batch := [leaf for _, leaf in zip(range(BATCH), made, strict=False)]:
        growth = grow(edge, size, [leaf_hash(leaf) for leaf in batch])
        _write_entries(folder, size, batch)
        size, root = growth.size, growth.root
        for address, hashes in growth.tiles.items():
            if len(hashes) == TILE_WIDTH * HASH_BYTES:
                edge.pop(address.level, None)
                _write_tile(folder, address, hashes)
            else:
                edge[address.level] = hashes
    for address in right_edge(size):
        _write_tile(folder, address, edge[address.level])
    note = sign_checkpoint(Checkpoint(ORIGIN, size, root), [keys.checkpoint])
    _write(folder / "checkpoint", note.encode())
    _write(folder / "keys.json", json.dumps(keys.published).encode())


def _write_tile(folder: Path, address: TileAddress, hashes: bytes) -> None:
    width = len(hashes) // HASH_BYTES
    _write(folder / f"tile/{address.level}/{tile_path(address.number, width)}", hashes)


def _opening(keys: LogKeys) -> bytes:
    """The first leaf of the shard: it announces the keys, which an audit asks for."""
    members = {"origin": ORIGIN, "keys": keys.vkeys, "at": OPENED_AT, "blind": "0" * 32}
    return canonical_bytes({"v": 1, "type": "shard_opened", **members})


def _leaves(lanes: int, leaves: int) -> Iterator[bytes]:
    """Opening leaves, then calls, one lane after the other in turn."""
    names = [
        LaneNames(f"lic_{lane:026d}", "ver_" + "0" * 26, "scn_" + "0" * 26, _HEX, "CNY", 1)
        for lane in range(lanes)
    ]
    previous = []
    for lane in range(min(lanes, leaves)):
        opening = lane_opened_leaf(
            licence_id=names[lane].licence_id,
            lane=1,
            plan_hash=_HEX,
            at="2026-01-01T00:00:00.000000Z",
            blind=f"{lane:032x}",
        )
        previous.append(leaf_hash(opening).hex())
        yield opening
    for number in range(lanes, leaves):
        n, lane = divmod(number, lanes)
        facts = CallFacts(1, PRICE, "hit", _instant(number), _HEX, _HEX, _HEX, f"{number:032x}")
        leaf = call_leaf(
            names[lane],
            facts,
            n=n,
            total_units=n,
            total_amount=n * PRICE,
            previous=previous[lane],
        )
        previous[lane] = leaf_hash(leaf).hex()
        yield leaf


def _instant(number: int) -> str:
    day, seconds = divmod(number // 10, _DAY_SECONDS)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"2026-02-{1 + day % 28:02d}T{hour:02d}:{minute:02d}:{second:02d}.{number % 10:06d}Z"


def _write_entries(folder: Path, start: int, batch: list[bytes]) -> None:
    for at in range(0, len(batch), TILE_WIDTH):
        part = batch[at : at + TILE_WIDTH]
        data = b"".join(len(leaf).to_bytes(2) + leaf for leaf in part)
        path = tile_path((start + at) // TILE_WIDTH, len(part))
        _write(folder / "tile/entries" / path, data)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


_AUDIT = """
import json, resource, sys, time
from counterfoil_verify.cli import main
started = time.monotonic()
code = main(["log", sys.argv[1], "--keys", sys.argv[1] + "/keys.json"])
used = resource.getrusage(resource.RUSAGE_SELF)
with open("/proc/self/status", encoding="ascii") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
figures = {"exit_code": code, "seconds": round(time.monotonic() - started, 1),
    "core_seconds": round(used.ru_utime + used.ru_stime, 1), "peak_mb": round(peak / 1024, 1)}
print(json.dumps(figures))
"""


def audit_log(folder: Path) -> dict[str, Any]:
    """What `counterfoil-verify log` takes: seconds, those of one core, and peak memory in MB.

    In a process of its own, which tells its own peak (VmHWM): what a parent counts of a child
    includes the parent's memory.
    """
    found = subprocess.run(
        [sys.executable, "-c", _AUDIT, str(folder)], check=True, stdout=subprocess.PIPE, text=True
    )
    figures: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return figures


def main() -> int:
    """Write the log unless it is there, audit it, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=Path("var/long-log"))
    options = parser.parse_args()
    if not (options.folder / "checkpoint").exists():
        write_log(options.folder, options.leaves)
    figures = audit_log(options.folder)
    print(json.dumps({"leaves": options.leaves, **figures}))
    return int(figures["exit_code"])


if __name__ == "__main__":
    sys.exit(main())
