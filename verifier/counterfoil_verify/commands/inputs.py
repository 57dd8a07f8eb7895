"""What every command opens: trusted keys, signed heads, and things to close behind it."""

import argparse
from contextlib import ExitStack, closing
from typing import Protocol, TypeVar

from counterfoil_verify.errors import NotChecked
from counterfoil_verify.keys import COMPARE, KEYS_BYTES_MAX, Keyring, keyring_of, parse_keyring
from counterfoil_verify.log.sources import read_keys, read_place
from counterfoil_verify.log.succession import STEP as SUCCESSION
from counterfoil_verify.log.succession import Link, check_links
from counterfoil_verify.log.tiles import Source
from counterfoil_verify.merkle import Head
from counterfoil_verify.notes import Checkpoint, open_checkpoint
from counterfoil_verify.report import Report


class Closable(Protocol):
    """What has to be closed."""

    def close(self) -> None:
        """Give back what it holds."""


Kept = TypeVar("Kept", bound=Closable)


def kept(options: argparse.Namespace, thing: Kept) -> Kept:
    """The thing itself, to be closed when the command ends."""
    stack: ExitStack = options.opened
    return stack.enter_context(closing(thing))


def trusted_keys(options: argparse.Namespace, report: Report) -> Keyring:
    """The trusted keys; without any there is nothing to check against."""
    keyring = given_keys(options)
    if keyring is None:
        raise NotChecked("keys", "no trusted keys: give --keys or --key")
    report.show_keys(keyring)
    return keyring


def given_keys(options: argparse.Namespace) -> Keyring | None:
    """The keys named on the command line, if any: those of the file, and each by itself."""
    named = keyring_of(options.key) if options.key else None
    if options.keys is None:
        return named
    keyring = parse_keyring(read_place(options.keys, KEYS_BYTES_MAX), options.keys)
    return keyring.joined(named) if named else keyring


def keys_of_log(options: argparse.Namespace, source: Source, report: Report) -> Keyring:
    """The trusted keys, or the log's own with a warning."""
    keyring = given_keys(options)
    if keyring is None:
        keyring = parse_keyring(read_keys(source), f"the log itself: {COMPARE}")
    report.show_keys(keyring)
    return keyring


class Headed(Protocol):
    """Evidence with a checkpoint, and links back from it."""

    @property
    def checkpoint(self) -> bytes:
        """The signed note that its proofs lead to."""

    @property
    def predecessors(self) -> tuple[Link, ...]:
        """The links from its shard backwards."""


def open_heads(
    report: Report, evidence: Headed, keyring: Keyring
) -> tuple[Checkpoint, dict[str, Head]]:
    """The evidence's checkpoint, and the heads of earlier shards that it leads to."""
    with report.step("checkpoint") as detail:
        checkpoint = open_checkpoint(evidence.checkpoint, keyring)
        detail.append(describe_head(checkpoint))
    if not evidence.predecessors:
        return checkpoint, {}
    with report.step(SUCCESSION) as detail:
        earlier = check_links(
            checkpoint, evidence.predecessors, lambda data: open_checkpoint(data, keyring)
        )
        detail.append(f"carries on {', '.join(earlier)}")
    return checkpoint, earlier


def describe_head(checkpoint: Checkpoint) -> str:
    """Origin, size and witnesses in a line."""
    seen = f", witnessed by {', '.join(checkpoint.witnesses)}" if checkpoint.witnesses else ""
    return f"{checkpoint.origin}, size {checkpoint.head.tree_size:,}{seen}"
