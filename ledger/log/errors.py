"""What the log refuses, each named as the fact it states."""

from enum import StrEnum
from typing import NoReturn

from app.core.errors import CounterfoilError, ErrorKind


class EvidenceRefused(CounterfoilError):
    """Text or bytes from outside are not the evidence they claim to be.

    The one family for hostile input: notes, keys, checkpoints, paths and proofs raise nothing else.
    """

    kind = ErrorKind.INVALID
    slug = "evidence-refused"
    title = "The evidence does not hold"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Refused: {reason}.", reason=reason)


def refuse(reason: str) -> NoReturn:
    """Raise `EvidenceRefused` for this reason."""
    raise EvidenceRefused(reason) from None


class LeafRefused(CounterfoilError):
    """An entry has no canonical leaf, or not the one that its hash names."""

    kind = ErrorKind.INVALID
    slug = "leaf-refused"
    title = "The entry cannot become a leaf"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Refused: {reason}.", reason=reason)


def refuse_leaf(reason: str) -> NoReturn:
    """Raise `LeafRefused` for this reason."""
    raise LeafRefused(reason) from None


class LogEntryNotFound(CounterfoilError):
    """No entry of this leaf hash is within the caller's sight."""

    kind = ErrorKind.NOT_FOUND
    slug = "log-entry-not-found"
    title = "There is no such log entry"

    def __init__(self, leaf_hash: str) -> None:
        super().__init__("No log entry has this leaf hash.", leaf_hash=leaf_hash)


class LicenceNotInLog(CounterfoilError):
    """The log knows no licence of this id, or the caller is not a party to it."""

    kind = ErrorKind.NOT_FOUND
    slug = "licence-not-in-log"
    title = "The log knows no such licence"

    def __init__(self, licence_id: str) -> None:
        super().__init__("The log has no parties for this licence.", licence_id=licence_id)


class TileNotFound(CounterfoilError):
    """The path is no tile's, or the published tree does not hold that tile."""

    kind = ErrorKind.NOT_FOUND
    slug = "tile-not-found"
    title = "There is no such tile"

    def __init__(self, path: str) -> None:
        super().__init__("The published tree has no tile at this path.", path=path)


class LogShardNotFound(CounterfoilError):
    """The log has no shard of this name."""

    kind = ErrorKind.NOT_FOUND
    slug = "log-shard-not-found"
    title = "The log has no such shard"

    def __init__(self, shard: str) -> None:
        super().__init__("GET /log/shards lists the shards there are.", shard=shard)


class CheckpointNotPublished(CounterfoilError):
    """Nothing has been published yet."""

    kind = ErrorKind.NOT_FOUND
    slug = "checkpoint-not-published"
    title = "The log has published no checkpoint yet"

    def __init__(self) -> None:
        super().__init__("The first checkpoint follows the first entry.", retry_after_seconds=1)


class CheckpointNotWitnessed(CounterfoilError):
    """No checkpoint has been cosigned by as many witnesses as the policy needs."""

    kind = ErrorKind.NOT_FOUND
    slug = "checkpoint-not-witnessed"
    title = "No checkpoint has enough cosignatures yet"

    def __init__(self) -> None:
        super().__init__("GET /v1/log-witnesses says who is asked and what each has cosigned.")


class NotYetPublished(CounterfoilError):
    """The entry is stored, but no published checkpoint covers it yet."""

    kind = ErrorKind.CONFLICT
    slug = "not-yet-published"
    title = "The entry is not under a published checkpoint yet"

    def __init__(self, leaf_hash: str) -> None:
        super().__init__(
            "The entry is stored and will be covered by one of the next checkpoints.",
            retry_after_seconds=1,
            leaf_hash=leaf_hash,
        )


class TreeSizeNotPublished(CounterfoilError):
    """A consistency proof was asked between sizes that the published tree does not have."""

    kind = ErrorKind.INVALID
    slug = "tree-size-not-published"
    title = "The published tree never had this size"

    def __init__(self, first: int, second: int, published: int) -> None:
        super().__init__(
            "Needed: 1 <= from <= to <= the published tree size.",
            first=first,
            second=second,
            published=published,
        )


class LogTooLargeToExport(CounterfoilError):
    """The whole log no longer fits into one archive."""

    kind = ErrorKind.TOO_LARGE
    slug = "log-too-large-to-export"
    title = "The log is too large for one archive"

    def __init__(self, tree_size: int, leaves_max: int) -> None:
        super().__init__(
            "Read the tiles and entry bundles under /log/tile instead; they carry the same bytes.",
            tree_size=tree_size,
            leaves_max=leaves_max,
        )


class LogBehindItsPublishedHead(CounterfoilError):
    """A head was published that this log cannot reach: it was restored, or somebody else writes."""

    kind = ErrorKind.UNAVAILABLE
    slug = "log-behind-its-published-head"
    title = "The log is behind, or differs from, a head it has published"

    def __init__(self, source: str, published_size: int, tree_size: int) -> None:
        super().__init__(
            f"The head known from {source} is not a beginning of this log; signing has stopped.",
            source=source,
            published_size=published_size,
            tree_size=tree_size,
        )


class Stored(StrEnum):
    """What the log hashes again."""

    EDGE = "the tree's right edge"
    ENTRIES = "the entries of a batch"
    TILES = "the stored tiles"


class LogStorageAltered(CounterfoilError):
    """Stored bytes no longer hash to what the tree says."""

    kind = ErrorKind.UNAVAILABLE
    slug = "log-storage-altered"
    title = "Stored log bytes do not hash to their tree"

    def __init__(self, what: Stored, tree_size: int) -> None:
        super().__init__(
            f"Re-hashing found a difference in {what}.", what=what, tree_size=tree_size
        )


class SigningStopped(CounterfoilError):
    """The shard was stopped after a contradiction; recovery is a new shard."""

    kind = ErrorKind.UNAVAILABLE
    slug = "log-signing-stopped"
    title = "This log signs no more checkpoints"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Signing has stopped: {reason}", reason=reason)


class ShardNotStopped(CounterfoilError):
    """A shard in good order was to be ended for a fault that it does not have."""

    kind = ErrorKind.CONFLICT
    slug = "log-shard-not-stopped"
    title = "This shard signs as it should"

    def __init__(self, origin: str) -> None:
        super().__init__(
            "Its signing has not stopped; only a stolen key ends a shard in good order.",
            origin=origin,
        )


class NothingToCarryOn(CounterfoilError):
    """The log has no checkpoint that a new shard could name."""

    kind = ErrorKind.CONFLICT
    slug = "log-nothing-to-carry-on"
    title = "The log has no checkpoint to carry on"

    def __init__(self) -> None:
        super().__init__("A new shard names the old one's last checkpoint, and there is none.")


class HeadMoved(Exception):
    """Another sequencer advanced the head first: nothing was written, read again."""
