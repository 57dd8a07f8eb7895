"""Shards of a log that follow one another: heads of earlier ones, tied to the newest.

A shard's first leaf names the checkpoint that it carries on. So whoever trusts the newest head and
is shown that leaf under it trusts that checkpoint too, and through its own first leaf the next.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from counterfoil_verify import canonical
from counterfoil_verify.canonical import Json
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import HASH_SIZE, Record
from counterfoil_verify.leaves import parse_leaf
from counterfoil_verify.merkle import Head, check_inclusion
from counterfoil_verify.notes import NOTE_BYTES_MAX, Checkpoint

STEP = "succession"
MEMBER = "predecessors"
SHARD_OPENED, SHARD_CLOSED = "shard_opened", "shard_closed"
SHARDS_MAX = 200
LINKS_BYTES_MAX = 4_194_304
PATH_MAX = 64

Opener = Callable[[bytes], Checkpoint]
Heads = Mapping[str, Head]
"""Heads of earlier shards by their origin."""
NO_HEADS: Heads = {}


@dataclass(frozen=True)
class Predecessor:
    """What a shard's first leaf says that it carries on."""

    origin: str
    head: Head
    reason: str


@dataclass(frozen=True)
class Link:
    """A checkpoint of an earlier shard, and the first leaf of the later one that names it."""

    checkpoint: bytes
    entry: bytes
    path: tuple[bytes, ...]

    @property
    def origin(self) -> str:
        """The shard that the checkpoint says it is of; proven by `check_links` alone."""
        return self.checkpoint.partition(b"\n")[0].decode(errors="replace")


def host_of(origin: str) -> str:
    """What the origins of one log's shards have in common."""
    return origin.rpartition("/")[0]


def read_links(record: Record) -> tuple[Link, ...]:
    """The links that evidence carries, newest first; none where it has no such member."""
    if MEMBER not in record.members:
        return ()
    links = tuple(read_link(each) for each in record.records(MEMBER, SHARDS_MAX))
    require(links, record.step, f"{MEMBER} is empty")
    return links


def parse_links(data: bytes) -> tuple[Link, ...]:
    """The links of a file of their own: a canonical list."""
    value: Json = canonical.parse(data, bytes_max=LINKS_BYTES_MAX)
    return read_links(Record(STEP, {MEMBER: value}, "the file of predecessors"))


def read_link(record: Record) -> Link:
    """One link, with a checkpoint's text and the leaf that opened the next shard."""
    record.only("checkpoint", "opened")
    checkpoint, opened = record.text("checkpoint"), record.record("opened")
    require(len(checkpoint) <= NOTE_BYTES_MAX, record.step, "a checkpoint is too long")
    opened.only("entry", "index", "path")
    require(opened.whole("index") == 0, record.step, "a shard's first leaf has the index 0")
    path = tuple(opened.hashes("path", PATH_MAX))
    return Link(checkpoint.encode(), opened.base64("entry"), path)


def parse_opening(entry: bytes) -> tuple[str, Predecessor | None]:
    """The shard that a first leaf opens, and what it carries on."""
    try:
        leaf = parse_leaf(entry)
    except Rejected as error:
        raise error.within(STEP) from error
    require(leaf.type == SHARD_OPENED, STEP, f"a first leaf of type {leaf.type[:40]!r}")
    record = Record(STEP, dict(leaf.record.members), "the shard's first leaf")
    origin = record.text("origin")
    if "predecessor" not in record.members:
        return origin, None
    named = record.record("predecessor")
    head = Head(named.whole("tree_size"), named.hexadecimal("root_hash", HASH_SIZE))
    return origin, Predecessor(named.text("origin"), head, named.text("reason"))


def check_links(newest: Checkpoint, links: Iterable[Link], open_note: Opener) -> dict[str, Head]:
    """The heads of the earlier shards by origin; Rejected where a link does not hold."""
    heads: dict[str, Head] = {}
    later = newest
    for link in links:
        origin, named = parse_opening(link.entry)
        require(origin == later.origin, STEP, f"a first leaf of another shard than {later.origin}")
        _check_first(link, later)
        if named is None:
            raise Rejected(STEP, f"{origin} carries on nothing")
        later = open_note(link.checkpoint)
        is_named = (later.origin, later.head) == (named.origin, named.head)
        require(is_named, STEP, f"{origin} carries on another head than the one shown")
        require(later.origin not in {newest.origin, *heads}, STEP, "a shard follows itself")
        heads[later.origin] = later.head
    return heads


def check_opening(data: bytes, open_note: Opener) -> tuple[str, str]:
    """A shard and the one it carries on, by the document that the log serves as its opening."""
    record = Record(STEP, canonical.parse(data, bytes_max=LINKS_BYTES_MAX, is_strict=False))
    record.only("origin", "checkpoint", "opened", "predecessor_checkpoint")
    later = open_note(record.text("checkpoint").encode())
    link = read_link(
        Record(
            STEP,
            {
                "checkpoint": record.text("predecessor_checkpoint"),
                "opened": record.members["opened"],
            },
        )
    )
    (earlier,) = check_links(later, [link], open_note)
    return later.origin, earlier


def _check_first(link: Link, later: Checkpoint) -> None:
    try:
        check_inclusion(parse_leaf(link.entry).hash, 0, link.path, later.head)
    except Rejected as error:
        raise error.within(STEP, f"the first leaf of {later.origin}") from error


def head_in(newest: Head, earlier: Heads, origin: str) -> Head:
    """The head that a leaf is shown under: the newest, or the named earlier shard's."""
    if not origin:
        return newest
    if origin not in earlier:
        raise Rejected(STEP, f"no head is shown of the shard {origin[:200]!r}")
    return earlier[origin]


def place_of(links: Sequence[Link], origin: str, index: int, *, step: str) -> tuple[int, int]:
    """Where a leaf stands in the order of the whole log: its shard's place, and its index there."""
    origins = ["", *(link.origin for link in links)]
    require(origin in origins, step, "a leaf of a shard that is not shown")
    return -origins.index(origin), index


def key_name(origin: str, earlier: Heads, shown: str, role: str) -> bool:
    """Whether a key's name is that of the role in one of the shards shown."""
    return shown in {f"{each}/{role}" for each in (origin, *earlier)}
