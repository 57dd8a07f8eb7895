"""One history over a log's years: a newer head against the last one that was accepted.

Within a shard the tree must begin with the earlier tree. Into a new shard its first leaf must lead:
it names the checkpoint that it carries on, and so back to a shard of which a head was accepted.
"""

from collections.abc import Mapping
from typing import NamedTuple

from counterfoil_verify import canonical
from counterfoil_verify.errors import NotChecked, Rejected, require
from counterfoil_verify.fields import HASH_SIZE, Record
from counterfoil_verify.leaves import parse_leaf
from counterfoil_verify.log.paths import TilePaths
from counterfoil_verify.log.shards import folder_of
from counterfoil_verify.log.succession import (
    LINKS_BYTES_MAX,
    SHARDS_MAX,
    STEP,
    Opener,
    check_links,
    read_link,
)
from counterfoil_verify.log.tiles import Source
from counterfoil_verify.merkle import Head, check_consistency
from counterfoil_verify.notes import Checkpoint

OPENING = "opening"
ABANDONED_MAX = 64


class Fork(NamedTuple):
    """Why two heads are not of one history: the accepted one's shard, the note that denies it."""

    reason: str
    origin: str
    denying: bytes


class GivenUp(NamedTuple):
    """The accepted head is one that the next shard names as abandoned: what of it still counts."""

    origin: str
    kept_size: int
    note: bytes


class Opening(NamedTuple):
    """How a shard begins: under which of its heads, upon which checkpoint, what was given up."""

    later: Checkpoint
    earlier: Checkpoint
    note: bytes
    abandoned: tuple[Head, ...]


def find_fork(
    accepted: Mapping[str, Head],
    newest: tuple[Checkpoint, bytes],
    source: Source,
    open_note: Opener,
) -> Fork | GivenUp | None:
    """What of a head contradicts those accepted, the last of each of its log's shards, if anything.

    A log may give up leaves that it had published, openly; whoever relied on them has to know.
    NotChecked where the log does not serve what leads from the one to the other.
    """
    head, note = newest
    if not accepted:
        return None
    for _ in range(SHARDS_MAX):
        last = accepted.get(head.origin)
        if last is not None:
            reason = why_not_extended(last, head.head, of_shard(source, head))
            return Fork(reason, head.origin, note) if reason else None
        opening = _read_opening(_shard(source, head), open_note)
        if opening is None:
            return Fork(f"{head.origin} carries on nothing", max(accepted), note)
        require(opening.later.origin == head.origin, STEP, "the opening is of another shard")
        reason = why_not_extended(*in_order(opening.later.head, head.head), of_shard(source, head))
        require(not reason, STEP, f"the opening is of another {head.origin}: {reason}")
        last = accepted.get(opening.earlier.origin)
        if last is not None and last in opening.abandoned:
            kept_size = opening.earlier.head.tree_size
            return GivenUp(opening.earlier.origin, kept_size, opening.note)
        head, note = opening.earlier, opening.note
    raise Rejected(STEP, f"more than {SHARDS_MAX} shards")


def why_not_extended(last: Head, newest: Head, tiles: Source | None) -> str:
    """Why the newer head of a shard does not extend the last one; empty when it does.

    Without tiles only heads of one size are compared, and a larger one is let pass.
    """
    if newest.tree_size < last.tree_size:
        return f"the log shrank from {last.tree_size} to {newest.tree_size} leaves"
    if newest.tree_size == last.tree_size:
        is_same = newest.root_hash == last.root_hash
        return "" if is_same else f"two root hashes for size {newest.tree_size}"
    if last.tree_size == 0 or tiles is None:
        return ""
    path = TilePaths(tiles, newest.tree_size).consistency(last.tree_size)
    try:
        check_consistency(last, newest, path)
    except Rejected as error:
        sizes = f"{newest.tree_size} does not begin with {last.tree_size}"
        return f"the log of size {sizes}: {error.reason}"
    return ""


def in_order(first: Head, second: Head) -> tuple[Head, Head]:
    """The smaller head before the larger one."""
    return (first, second) if first.tree_size <= second.tree_size else (second, first)


def _shard(source: Source, head: Checkpoint) -> Source:
    return source.shard(folder_of(head.origin))


def of_shard(source: Source, head: Checkpoint) -> Source:
    """Where a shard's tiles are: the log's own place for the open one, else below its year."""
    data = source.read("checkpoint", LINKS_BYTES_MAX)
    is_open = data is not None and data.partition(b"\n")[0].decode(errors="replace") == head.origin
    return source if is_open else _shard(source, head)


def _read_opening(shard: Source, open_note: Opener) -> Opening | None:
    """The document that the log serves; None where the shard is the first of all."""
    data = shard.read(OPENING, LINKS_BYTES_MAX)
    if data is None:
        raise NotChecked(STEP, "the log does not serve how this shard was opened")
    record = Record(STEP, canonical.parse_json(data), "the opening")
    record.only("origin", "checkpoint", "opened", "predecessor_checkpoint")
    if record.members["predecessor_checkpoint"] is None:
        return None
    note = record.text("predecessor_checkpoint")
    later = open_note(record.text("checkpoint").encode())
    link = read_link(
        Record(STEP, {"checkpoint": note, "opened": record.members["opened"]}, "the opening")
    )
    check_links(later, [link], open_note)
    return Opening(later, open_note(note.encode()), note.encode(), _abandoned(link.entry))


def _abandoned(entry: bytes) -> tuple[Head, ...]:
    """Heads of the shard before that its successor says do not count."""
    leaf = parse_leaf(entry).record
    named = Record(STEP, dict(leaf.members), "the first leaf").record("predecessor")
    if "abandoned" not in named.members:
        return ()
    return tuple(
        Head(each.whole("tree_size"), each.hexadecimal("root_hash", HASH_SIZE))
        for each in named.records("abandoned", ABANDONED_MAX)
    )
