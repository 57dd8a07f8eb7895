"""The audit of a whole log: every leaf hashed again, every lane replayed, the root rebuilt."""

import re
from binascii import hexlify
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256

from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import HASH_SIZE, Record, parse_instant
from counterfoil_verify.keys import Keyring
from counterfoil_verify.leaves import (
    CALL,
    EVIDENCE_MODE,
    LANE_OPENED,
    LICENCE_REVOKED,
    PER_REQUEST,
    CallFields,
    Leaf,
    call_fields,
    lane_point,
    match_call,
    parse_leaf,
)
from counterfoil_verify.log.entry_types import is_incomplete, is_known
from counterfoil_verify.log.key_book import KeyBook
from counterfoil_verify.log.lanes import REVOCATIONS, LaneBook, LaneState
from counterfoil_verify.log.succession import SHARD_CLOSED
from counterfoil_verify.log.tiles import ENTRIES, TILE_WIDTH, TILES, Source, TileTree, read_entries
from counterfoil_verify.log.tiles import read_tile as read_hash_tile
from counterfoil_verify.merkle import Head
from counterfoil_verify.notes import NOTE_BYTES_MAX, Checkpoint, open_checkpoint

CHECKPOINT = "checkpoint"
LANES = "lanes"
ROOT = "root"
STEPS = (ENTRIES, TILES, LANES, REVOCATIONS, ROOT)
READERS = 4
READ_AHEAD = 16
DAYS_MAX = 100_000
TYPES_MAX = 256

Progress = Callable[[int, int], None]


def no_progress(done: int, size: int) -> None:
    """Show nothing."""
    del done, size


@dataclass
class LogFacts:
    """What the audit learned: leaf counts by type, the lanes, the roots at the sizes asked for."""

    types: Counter[str] = field(default_factory=Counter)
    incomplete: Counter[str] = field(default_factory=Counter)
    """Leaves that lack a member of their type, by type."""
    lanes: LaneBook = field(default_factory=LaneBook)
    roots: dict[int, bytes] = field(default_factory=dict)
    tiles: int = 0
    closing: tuple[int, Record] | None = None
    """The leaf that closes the shard, and its index."""
    keys: KeyBook = field(default_factory=KeyBook)


def read_checkpoint(source: Source, keyring: Keyring) -> Checkpoint:
    """The log's signed head."""
    data = source.read(CHECKPOINT, NOTE_BYTES_MAX)
    if data is None:
        raise Rejected(CHECKPOINT, "the log has no checkpoint")
    return open_checkpoint(data, keyring)


class Audit:
    """One pass over a log's entries up to a head, in memory bounded by its lanes."""

    def __init__(
        self,
        source: Source,
        head: Head,
        *,
        sizes: Iterable[int] = (),
        has_tiles: bool = True,
        lanes: LaneBook | None = None,
        start: int = 0,
        keys: KeyBook | None = None,
    ) -> None:
        """``lanes`` and ``keys`` go on from the shards before, of ``start`` leaves in all."""
        self.facts = LogFacts(
            lanes=LaneBook() if lanes is None else lanes, keys=KeyBook() if keys is None else keys
        )
        self._offset = start
        self._source = source
        self._head = head
        self._has_tiles = has_tiles
        before_last = max(head.tree_size - 1, 0)
        self._sizes = sorted({size for size in (*sizes, before_last) if size <= head.tree_size})
        self._tree = TileTree(self._check_tile)
        self._days: set[bytes] = set()
        self._lanes = self.facts.lanes
        self._calls = 0

    def run(self, progress: Progress = no_progress) -> LogFacts:
        """Audit every leaf; Rejected at `entries`, `tiles`, `lanes`, `revocations` or `root`."""
        # Closed at once on a rejection: whoever reads ahead must have stopped by then.
        with closing(self._bundles()) as bundles:
            for start, entries in bundles:
                self._take(start, entries)
                progress(start + len(entries), self._head.tree_size)
        root = self._tree.finish()
        require(root == self._head.root_hash, ROOT, "the rebuilt root hash is not the signed one")
        self.facts.roots[self._head.tree_size] = root
        self.facts.types[CALL] = self._calls
        return self.facts

    def _take(self, start: int, entries: list[bytes]) -> None:
        hashes = [sha256(b"\x00" + entry).digest() for entry in entries]
        self._replay(start, entries, hashes)
        self._note_roots(start, hashes)
        self._tree.add(hashes)

    def _bundles(self) -> Generator[tuple[int, list[bytes]], None, None]:
        """The entry bundles in order; from afar they are fetched ahead of their use."""
        if self._source.is_remote:
            yield from self._bundles_ahead()
            return
        for start in self._starts:
            yield start, self._read(start)

    @property
    def _starts(self) -> range:
        return range(0, self._head.tree_size, TILE_WIDTH)

    def _read(self, start: int) -> list[bytes]:
        width = min(TILE_WIDTH, self._head.tree_size - start)
        return read_entries(self._source, start // TILE_WIDTH, width)

    def _bundles_ahead(self) -> Iterator[tuple[int, list[bytes]]]:
        pending: deque[tuple[int, Future[list[bytes]]]] = deque()
        with ThreadPoolExecutor(READERS) as readers:
            for start in self._starts:
                if len(pending) == READ_AHEAD:
                    yield _first(pending)
                pending.append((start, readers.submit(self._read, start)))
            while pending:
                yield _first(pending)

    def _replay(self, start: int, entries: list[bytes], hashes: list[bytes]) -> None:
        for offset, entry in enumerate(entries):
            match = match_call(entry)
            try:
                if match is None:
                    self._other_leaf(entry, hashes[offset], start + offset)
                else:
                    self._call(match.groups(), hashes[offset])
            except Rejected as error:
                step = error.step if error.step in STEPS else ENTRIES
                raise error.within(step, f"leaf {start + offset}") from error

    def _call(self, fields: CallFields, digest: bytes) -> None:
        day = fields[1][:10]
        if day not in self._days:
            self._new_day(day, fields[1])
        self._lanes.call(fields, hexlify(digest))
        self._calls += 1

    def _new_day(self, day: bytes, at: bytes) -> None:
        parse_instant(at.decode(), ENTRIES, "at")
        require(len(self._days) < DAYS_MAX, ENTRIES, "more days than a log can have")
        self._days.add(day)

    def _other_leaf(self, entry: bytes, digest: bytes, index: int) -> None:
        leaf = parse_leaf(entry)
        if leaf.type == CALL:
            self._call(call_fields(leaf), digest)
            return
        self._count_type(leaf)
        if leaf.type == LANE_OPENED:
            point = lane_point(leaf)
            place = self._offset + index
            state = LaneState(hexlify(digest), opened_index=place, opened_at=leaf.at)
            self._lanes.open(point.licence, point.lane, state)
        elif leaf.type == LICENCE_REVOKED:
            self._lanes.revoke(leaf.record.text("licence"))
        elif leaf.type == EVIDENCE_MODE:
            is_signed = leaf.record.text("mode") == PER_REQUEST
            self._lanes.demand_signatures(leaf.record.text("licence"), is_signed=is_signed)
        elif leaf.type == SHARD_CLOSED:
            require(self.facts.closing is None, ENTRIES, "the shard is closed twice")
            self.facts.closing = (index, leaf.record)
        else:
            self.facts.keys.note(leaf, index)

    def _count_type(self, leaf: Leaf) -> None:
        name, types = leaf.type, self.facts.types
        types[name if name in types or len(types) < TYPES_MAX else "other"] += 1
        if is_incomplete(leaf):
            self.facts.incomplete[name] += 1

    def _note_roots(self, start: int, hashes: list[bytes]) -> None:
        while self._sizes and self._sizes[0] < start + len(hashes):
            size = self._sizes.pop(0)
            self.facts.roots[size] = self._tree.root(hashes[: size - start])

    def _check_tile(self, level: int, index: int, hashes: bytes) -> None:
        if not self._has_tiles:
            return
        width = len(hashes) // HASH_SIZE
        served = read_hash_tile(self._source, level, index, width)
        if served is None:
            raise Rejected(TILES, f"tile {level}/{index} of width {width} is missing")
        require(served == hashes, TILES, f"tile {level}/{index} differs from its leaves")
        self.facts.tiles += 1


def _first(pending: deque[tuple[int, Future[list[bytes]]]]) -> tuple[int, list[bytes]]:
    start, future = pending.popleft()
    return start, future.result()


TYPES_SHOWN = 12
_SAFE_TYPE = re.compile(r"[a-z0-9_]{1,40}")


def describe_types(types: Counter[str]) -> str:
    """Leaf counts in a line, the commonest first; how many types are left out is said."""
    shown = _counted(types)
    left_out = sum(count > 0 for count in types.values()) - len(shown)
    rest = [f"and {left_out} types more, which --json names"] if left_out else []
    return ", ".join([*shown, *rest])


def describe_strange(types: Counter[str], incomplete: Counter[str]) -> list[str]:
    """What an auditor should look at himself: unknown types, and leaves that say too little."""
    unknown = Counter({name: count for name, count in types.items() if not is_known(name)})
    told = {"of types unknown to this verifier": unknown, "lacking a member": incomplete}
    return [f"{what}: {', '.join(_counted(found))}" for what, found in told.items() if found]


def _counted(types: Counter[str]) -> list[str]:
    shown = [
        (name if _SAFE_TYPE.fullmatch(name) else "?", count)
        for name, count in types.most_common(TYPES_SHOWN)
    ]
    return [f"{count:,} {name}" for name, count in shown if count]
