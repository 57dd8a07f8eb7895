"""The command that compares a checkpoint with the anchor contract."""

import argparse

from counterfoil_verify.chain import LATEST, Announced, Chain
from counterfoil_verify.commands.inputs import describe_head, kept, keys_of_log, trusted_keys
from counterfoil_verify.errors import NotChecked, require
from counterfoil_verify.finality import UNDEMANDED, Depths, Finality
from counterfoil_verify.log.paths import TilePaths
from counterfoil_verify.log.sources import open_source, read_file
from counterfoil_verify.log.tiles import Source
from counterfoil_verify.merkle import Head, check_consistency
from counterfoil_verify.notes import NOTE_BYTES_MAX, open_checkpoint
from counterfoil_verify.report import Report

HEAD = "anchored head"


def check_chain(options: argparse.Namespace, report: Report) -> None:
    """What the anchor contract says against a checkpoint."""
    source = kept(options, open_source(options.log)) if options.log else None
    keyring = keys_of_log(options, source, report) if source else trusted_keys(options, report)
    contract: str = options.contract
    with report.step("checkpoint") as detail:
        checkpoint = open_checkpoint(read_file(options.checkpoint, NOTE_BYTES_MAX), keyring)
        detail.append(describe_head(checkpoint))
    chain, rule = kept(options, Chain(options.rpc)), options.finality or UNDEMANDED
    with report.step("chain") as detail:
        detail.append(f"chain {chain.chain_id()}")
        depths = Depths.ask(chain, rule)
        block = _asked_at(rule, depths)
    with report.step(HEAD) as detail:
        head = chain.head(contract, block)
        _require_head(head, rule)
        newest = chain.anchored(contract, head.tree_size, block)
        detail.append(f"size {head.tree_size:,} {depths.describe(_block_of(newest))}")
    with report.step("agreement") as detail:
        ours = chain.anchored(contract, checkpoint.head.tree_size, block)
        announced = None if ours is None else ours.head
        detail.append(_agree(checkpoint.head, head, announced, source))
        deciding = _block_of(ours or newest)
        detail.extend([depths.describe(deciding)] if ours else [])
    is_final = deciding is not None and depths.is_final(deciding)
    report.facts |= {"anchor_block": deciding, "newest_block": depths.newest, "is_final": is_final}


def _asked_at(rule: Finality, depths: Depths) -> str:
    """The newest block that is final by what is demanded: what it holds, only final blocks hold."""
    if not rule.text:
        return LATEST
    if depths.final is None:
        raise NotChecked("chain", f"no block is final by {rule.text}, or the node does not say")
    return hex(depths.final)


def _require_head(head: Head, rule: Finality) -> None:
    waits = f"no head is in a final block yet: {rule.text}"
    if not head.tree_size and rule.text:
        raise NotChecked(HEAD, waits)
    require(head.tree_size, HEAD, "the contract holds no head yet")


def _block_of(announced: Announced | None) -> int | None:
    return None if announced is None else announced.block_number


def _agree(ours: Head, newest: Head, announced: Head | None, source: Source | None) -> str:
    step = "agreement"
    if ours.tree_size == newest.tree_size:
        require(ours == newest, step, f"fork: the chain has another root for {ours.tree_size}")
        return "the newest anchor is this checkpoint"
    if announced is not None:
        require(ours == announced, step, f"fork: the chain had another root for {ours.tree_size}")
        return "an earlier anchor is this checkpoint"
    if source is None:
        raise NotChecked(step, "the sizes differ: give --log so that consistency can be proven")
    first, second = sorted((ours, newest), key=lambda head: head.tree_size)
    path = TilePaths(source, second.tree_size).consistency(first.tree_size)
    check_consistency(first, second, path)
    return f"size {second.tree_size:,} extends size {first.tree_size:,}"
