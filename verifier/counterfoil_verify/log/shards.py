"""A log of several shards: each found behind the one that carries it on, all audited in one go."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from counterfoil_verify.errors import NotChecked, Rejected, require
from counterfoil_verify.leaves import parse_leaf
from counterfoil_verify.log.audit import ROOT, Audit, LogFacts, Progress, no_progress
from counterfoil_verify.log.key_book import KeyBook
from counterfoil_verify.log.lanes import LaneBook
from counterfoil_verify.log.succession import SHARDS_MAX, STEP, Opener, Predecessor, parse_opening
from counterfoil_verify.log.tiles import ENTRIES, TILE_WIDTH, Source, read_entries
from counterfoil_verify.notes import NOTE_BYTES_MAX, Checkpoint

CHECKPOINT = "checkpoint"
AT_YEARS_END = "year"
NO_SIZES: Mapping[str, Iterable[int]] = {}
_FOLDER = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """A shard's files, its head, and what it carries on."""

    source: Source
    checkpoint: Checkpoint
    predecessor: Predecessor | None


@dataclass
class ShardedFacts:
    """What the audit of all shards learned; leaves are counted through from the oldest on."""

    types: Counter[str] = field(default_factory=Counter)
    incomplete: Counter[str] = field(default_factory=Counter)
    lanes: LaneBook = field(default_factory=LaneBook)
    keys: KeyBook = field(default_factory=KeyBook)
    roots: dict[tuple[str, int], bytes] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    """How many leaves stand in the shards before each one."""
    tiles: int = 0
    leaves: int = 0


def sizes_of(shards: Iterable[Shard]) -> dict[str, int]:
    """How many leaves each shard has, by its origin."""
    return {shard.checkpoint.origin: shard.checkpoint.head.tree_size for shard in shards}


def folder_of(origin: str) -> str:
    """The folder of a shard beside the others: what its origin ends in."""
    name = origin.rpartition("/")[2]
    require(_FOLDER.fullmatch(name), STEP, f"no folder can be named after {origin[:100]!r}")
    return name


def first_leaf(source: Source, checkpoint: Checkpoint) -> Predecessor | None:
    """What a shard's first leaf says that it carries on; None for the first shard of a log."""
    size = checkpoint.head.tree_size
    if not size:
        return None
    entry = read_entries(source, 0, min(TILE_WIDTH, size))[0]
    if b'"type":"shard_opened"' not in entry:
        return None
    try:
        parse_leaf(entry)
    except Rejected as error:
        raise error.within(ENTRIES, "leaf 0") from error
    origin, predecessor = parse_opening(entry)
    is_own = origin == checkpoint.origin
    require(is_own or predecessor is None, STEP, "its first leaf opens another shard")
    return predecessor


def open_shards(source: Source, newest: Checkpoint, open_note: Opener) -> list[Shard]:
    """The newest shard and those that it carries on, newest first.

    Each first leaf is taken at its word here; the audit of its shard shows that it stands there.
    Rejected where a predecessor has another head than its successor names, NotChecked where its
    files are not at hand.
    """
    shards = [Shard(source, newest, first_leaf(source, newest))]
    while shards[-1].predecessor is not None:
        require(len(shards) < SHARDS_MAX, STEP, f"more than {SHARDS_MAX} shards")
        origins = {shard.checkpoint.origin for shard in shards}
        is_new = shards[-1].predecessor.origin not in origins
        require(is_new, STEP, "a shard follows itself")
        shards.append(_before(source, shards[-1].predecessor, open_note))
    return shards


def _before(source: Source, named: Predecessor, open_note: Opener) -> Shard:
    earlier = source.shard(folder_of(named.origin))
    data = earlier.read(CHECKPOINT, NOTE_BYTES_MAX)
    if data is None:
        reason = f"{named.origin} is not here; --this-shard audits the newest one alone"
        raise NotChecked(STEP, reason)
    checkpoint = open_note(data)
    is_named = (checkpoint.origin, checkpoint.head) == (named.origin, named.head)
    require(is_named, STEP, f"the head of {named.origin} is not the one that was carried on")
    return Shard(earlier, checkpoint, first_leaf(earlier, checkpoint))


def audit_shards(
    shards: Sequence[Shard],
    *,
    sizes: Mapping[str, Iterable[int]] = NO_SIZES,
    has_tiles: Callable[[Source], bool] = lambda _source: True,
    progress: Progress = no_progress,
) -> ShardedFacts:
    """Audit every shard, oldest first, with lanes that go on from one to the next.

    ``shards`` are newest first, ``sizes`` further ones whose roots are wanted, by shard.
    A shard whose predecessor is not among them takes its lanes as they come in.
    """
    is_whole = shards[-1].predecessor is None
    found = ShardedFacts(lanes=LaneBook(carries_on=not is_whole))
    total = sum(sizes_of(shards).values())
    for place in range(len(shards) - 1, -1, -1):
        shard, start = shards[place], found.leaves
        audit = Audit(
            shard.source,
            shard.checkpoint.head,
            sizes=sizes.get(shard.checkpoint.origin, ()),
            has_tiles=has_tiles(shard.source),
            lanes=found.lanes,
            start=start,
            keys=found.keys,
        )
        facts = audit.run(lambda done, _size, start=start: progress(start + done, total))  # type: ignore[misc]
        _check_closing(shard, facts, shards[place - 1] if place else None)
        _add(found, shard.checkpoint, facts)
    for shard in shards:
        _check_signers(shard.checkpoint, found.keys)
    return found


def _named(following: Shard) -> Predecessor:
    assert following.predecessor is not None, "a shard that follows names what it carries on"
    return following.predecessor


def _add(found: ShardedFacts, checkpoint: Checkpoint, facts: LogFacts) -> None:
    found.starts[checkpoint.origin] = found.leaves
    found.leaves += checkpoint.head.tree_size
    found.types.update(facts.types)
    found.incomplete.update(facts.incomplete)
    found.tiles += facts.tiles
    found.roots |= {(checkpoint.origin, size): root for size, root in facts.roots.items()}


def _check_signers(checkpoint: Checkpoint, keys: KeyBook) -> None:
    """A key that the log itself has ended signs no larger head, whatever a keys.json leaves out."""
    size = checkpoint.head.tree_size
    ended = [keys.ends.get(key.text) for key in checkpoint.signers]
    ends = [size if end is None else end.until_size for end in ended]
    told = f"the head's key was retired at size {max(ends, default=0)}, by the log's own entry"
    require(not ends or max(ends) >= size, ROOT, told)


def _check_closing(shard: Shard, facts: LogFacts, following: Shard | None) -> None:
    """A shard's closing leaf is its last, names the tree before it and the shard that follows."""
    if facts.closing is None:
        is_early = following is None or _named(following).reason != AT_YEARS_END
        told = f"{shard.checkpoint.origin} was carried on at its year's end, and no leaf closes it"
        require(is_early, STEP, told)
        return
    index, record = facts.closing
    size = shard.checkpoint.head.tree_size
    require(index == size - 1, STEP, f"leaf {index} closes the shard, and more leaves follow")
    stated = (record.text("origin"), record.whole("tree_size"), record.text("root_hash"))
    due = (shard.checkpoint.origin, index, facts.roots[index].hex())
    require(stated == due, STEP, "the closing leaf names another tree than the one it closes")
    if following is not None:
        is_next = record.text("successor") == following.checkpoint.origin
        require(is_next, STEP, "another shard follows than the closing leaf names")
