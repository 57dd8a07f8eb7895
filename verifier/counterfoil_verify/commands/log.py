"""The command that audits a whole log, through all its years."""

import argparse
import sys
import time
from collections.abc import Callable

from counterfoil_verify.commands import vaults as vault_commands
from counterfoil_verify.commands.inputs import describe_head, kept, keys_of_log
from counterfoil_verify.errors import NotChecked, require
from counterfoil_verify.keys import Keyring
from counterfoil_verify.log.audit import STEPS as AUDIT_STEPS
from counterfoil_verify.log.audit import describe_strange, describe_types, read_checkpoint
from counterfoil_verify.log.entry_types import is_known
from counterfoil_verify.log.key_book import STEP as KEYS_STEP
from counterfoil_verify.log.key_book import compare_keys
from counterfoil_verify.log.shards import (
    Shard,
    ShardedFacts,
    audit_shards,
    first_leaf,
    open_shards,
    sizes_of,
)
from counterfoil_verify.log.sources import open_source, read_file
from counterfoil_verify.log.succession import STEP as SUCCESSION
from counterfoil_verify.log.succession import host_of
from counterfoil_verify.log.tiles import Source
from counterfoil_verify.merkle import Head
from counterfoil_verify.notes import NOTE_BYTES_MAX, Checkpoint, open_checkpoint
from counterfoil_verify.report import Report

PROGRESS_SECONDS = 1.0


def check_log(options: argparse.Namespace, report: Report) -> None:
    """The whole log from its address, a folder or a bundle; progress goes to stderr."""
    source = kept(options, open_source(options.place, vault_commands.read_token(options)))
    keyring = keys_of_log(options, source, report)
    with report.step("checkpoint") as detail:
        checkpoint = read_checkpoint(source, keyring)
        detail.append(describe_head(checkpoint))
    seen = _seen(options, keyring, checkpoint)
    with report.together(*AUDIT_STEPS, SUCCESSION) as details:
        shards = _shards(options, source, keyring, checkpoint)
        _check_reached(shards, seen)
        facts = audit_shards(
            shards,
            sizes={origin: [head.tree_size] for origin, head in seen.items()},
            has_tiles=lambda _source: not options.without_tiles,
            progress=_progress(),
        )
        for origin, head in seen.items():
            same = facts.roots.get((origin, head.tree_size)) == head.root_hash
            require(same, "root", f"the log had another root hash at size {head.tree_size}")
        _detail_audit(details, facts)
        details[SUCCESSION].append(_told_shards(shards))
    with report.step(KEYS_STEP) as detail:
        told = compare_keys(keyring, [shard.checkpoint for shard in shards], facts.keys)
        detail.extend([f"{len(facts.keys.announced)} announced", *told])
    report.facts["key_differences"] = told
    report.counts["leaves"] = facts.leaves
    report.facts["types"] = dict(facts.types)
    report.facts["unknown_types"] = sorted(name for name in facts.types if not is_known(name))
    report.facts["incomplete"] = dict(facts.incomplete)


def _shards(
    options: argparse.Namespace, source: Source, keyring: Keyring, checkpoint: Checkpoint
) -> list[Shard]:
    """The shards to audit, newest first: all that the log carries on, or the newest alone."""
    if options.this_shard:
        return [Shard(source, checkpoint, first_leaf(source, checkpoint))]
    return open_shards(source, checkpoint, lambda data: open_checkpoint(data, keyring))


def _told_shards(shards: list[Shard]) -> str:
    earlier = [shard.checkpoint.origin for shard in shards[1:]]
    unseen = shards[-1].predecessor
    if unseen is not None:
        return f"what it carries on was not looked at: {unseen.origin}"
    return f"carries on {', '.join(earlier)}" if earlier else "the first shard"


def _seen(options: argparse.Namespace, keyring: Keyring, newest: Checkpoint) -> dict[str, Head]:
    """The head that the auditor kept, by its shard: this one or an earlier one of the log."""
    if options.since is None:
        return {}
    earlier = open_checkpoint(read_file(options.since, NOTE_BYTES_MAX), keyring)
    same = host_of(earlier.origin) == host_of(newest.origin)
    require(same, "checkpoint", "the earlier one is of another log")
    if earlier.origin == newest.origin:
        is_earlier = earlier.head.tree_size <= newest.head.tree_size
        require(is_earlier, "checkpoint", "the log is smaller than it was")
    return {earlier.origin: earlier.head}


def _check_reached(shards: list[Shard], seen: dict[str, Head]) -> None:
    """The audit comes to the kept head: its shard is one of those audited, and not smaller."""
    sizes = sizes_of(shards)
    for origin, head in seen.items():
        if origin not in sizes and shards[-1].predecessor is not None:
            raise NotChecked(SUCCESSION, f"the earlier checkpoint is of {origin}, not looked at")
        require(origin in sizes, SUCCESSION, f"the log does not carry on {origin}, kept earlier")
        is_there = head.tree_size <= sizes[origin]
        require(is_there, "root", f"{origin} is smaller than it was")


def _detail_audit(details: dict[str, list[str]], facts: ShardedFacts) -> None:
    details["entries"].append(describe_types(facts.types))
    details["entries"].extend(describe_strange(facts.types, facts.incomplete))
    details["tiles"].append(f"{facts.tiles:,} tiles")
    carried = facts.lanes.carried_count
    seen = f", {carried:,} of them from before, unseen" if carried else ""
    details["lanes"].append(f"{len(facts.lanes):,} lanes{seen}")
    details["revocations"].append(f"{facts.lanes.revoked_count:,} licences revoked")


def _progress() -> Callable[[int, int], None]:
    """A line on stderr each second, with the speed since the start."""
    started = shown = time.monotonic()

    def show(done: int, size: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= PROGRESS_SECONDS or done == size:
            shown = now
            speed = done / max(now - started, 1e-9)
            print(f"{done:,} of {size:,} leaves, {speed:,.0f} a second", file=sys.stderr)

    return show
