"""The keys that a log's own entries name, held against those that its reader was shown.

Whoever is shown a key that the log never announced was shown what others were not: what it signs,
nobody else can hold the exchange to.
"""

from collections.abc import Iterable, Iterator, Mapping

from counterfoil_verify.errors import require
from counterfoil_verify.fields import Record
from counterfoil_verify.keys import COMPROMISE, HISTORY_ROLES, ROTATION, KeyEnd, Keyring
from counterfoil_verify.leaves import Leaf
from counterfoil_verify.log.succession import SHARD_OPENED, host_of
from counterfoil_verify.notes import Checkpoint

STEP = "keys"
ENTRIES_STEP = "entries"
KEY_ANNOUNCED, KEY_RETIRED = "log_key", "log_key_retired"
KEYS_MAX = 4_096
SHOWN = 3


class KeyBook:
    """Keys by their text, as entries announce and end them; of all shards that are audited."""

    def __init__(self) -> None:
        self.announced: dict[str, str] = {}
        """The role of each key."""
        self.ends: dict[str, KeyEnd] = {}

    def note(self, leaf: Leaf, index: int) -> None:
        """What a leaf says of the log's keys, if anything."""
        record = leaf.record
        if leaf.type == KEY_ANNOUNCED:
            self._announce(record.text("key"), record.text("role"))
        elif leaf.type == KEY_RETIRED:
            self._retire(record)
        elif leaf.type == SHARD_OPENED and index == 0:
            keys = record.record("keys")
            for role in keys.members:
                self._announce(keys.text(role), role)

    def _announce(self, key: str, role: str) -> None:
        require(len(self.announced) < KEYS_MAX, ENTRIES_STEP, f"more than {KEYS_MAX:,} keys")
        self.announced[key] = role

    def _retire(self, told: Record) -> None:
        """Of two ends, the one that leaves the key less."""
        key = told.text("key")
        require(len(self.ends) < KEYS_MAX, ENTRIES_STEP, f"more than {KEYS_MAX:,} keys")
        end = KeyEnd(told.whole("until_size"), told.text("reason") == COMPROMISE)
        known = self.ends.get(key, end)
        self.ends[key] = KeyEnd(
            min(end.until_size, known.until_size), end.is_compromised or known.is_compromised
        )


def compare_keys(keyring: Keyring, heads: Iterable[Checkpoint], book: KeyBook) -> list[str]:
    """What sets the reader's keys and the log's apart and is no lie by itself, in lines.

    ``heads`` are those of the audited shards; keys of other shards are not looked at. Rejected
    where the reader trusts a key that the log never announced, or is told another end of one than
    everybody who reads the log; and where none that signed a head is announced below it.
    """
    sizes = {}
    for head in heads:
        size = sizes[head.origin] = head.head.tree_size
        is_known = not size or any(key.text in book.announced for key in head.signers)
        told = f"no entry up to size {size:,} announces the key that signed {head.origin}"
        require(is_known, STEP, told)
    lines = list(_of_trusted(keyring, sizes, book))
    trusted = {key.text for _, key in keyring.roles()}
    unnamed = sorted(key for key in book.announced if key not in trusted)
    if unnamed:
        told = ", ".join(unnamed[:SHOWN])
        more = f" and {len(unnamed) - SHOWN} more" if len(unnamed) > SHOWN else ""
        lines.append(f"announced and not among your keys: {told}{more}")
    hosts = {host_of(origin) for origin in sizes}
    others = sorted({key.name for key in keyring.checkpoint} - sizes.keys())
    lines.extend(
        f"your keys name the shard {origin[:200]}, which was not audited"
        for origin in others
        if host_of(origin) in hosts
    )
    return lines


def _of_trusted(keyring: Keyring, sizes: Mapping[str, int], book: KeyBook) -> Iterator[str]:
    for role, key in keyring.roles():
        size = sizes.get(key.name.removesuffix(_suffix(role)))
        if role not in HISTORY_ROLES or not size:
            continue
        shown = f"the key {key.fingerprint[:16]}… ({role} of {key.name[:200]})"
        if keyring.starts.get(key, 0) >= size and key.text not in book.announced:
            yield f"{shown} is newer than this head: no entry can announce it yet"
            continue
        unknown = f"{shown} was shown to you, and no entry up to size {size:,} announces it"
        require(book.announced.get(key.text) == role, STEP, unknown)
        yield from _of_ends(shown, keyring.end_of(key), book.ends.get(key.text), size)


def _of_ends(shown: str, ours: KeyEnd | None, logged: KeyEnd | None, size: int) -> Iterator[str]:
    if logged is None:
        if ours is not None and ours.until_size < size:
            yield f"{shown} ends in your keys, and in no entry up to size {size:,}"
    elif ours is None:
        why = COMPROMISE if logged.is_compromised else ROTATION
        yield f"{shown} ends in the log at size {logged.until_size:,} ({why}), not in your keys"
    else:
        told = f"{shown} ends in your keys elsewhere, or for another reason, than in the log"
        require(ours == logged, STEP, told)


def _suffix(role: str) -> str:
    return "" if role == "checkpoint" else f"/{role}"
