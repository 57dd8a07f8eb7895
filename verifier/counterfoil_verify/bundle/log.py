"""The log that a bundle may carry whole: rebuilt, replayed, and compared with the bundle's rest."""

from collections.abc import Iterable, Mapping

from counterfoil_verify.container import Container
from counterfoil_verify.errors import require
from counterfoil_verify.log.heads import HeadBook
from counterfoil_verify.log.key_book import compare_keys
from counterfoil_verify.log.shards import (
    Shard,
    ShardedFacts,
    audit_shards,
    first_leaf,
    open_shards,
)
from counterfoil_verify.log.sources import SHARDS, ContainerSource
from counterfoil_verify.log.tiles import Source
from counterfoil_verify.merkle import Head
from counterfoil_verify.money.invoices import InvoiceEvidence
from counterfoil_verify.notes import Checkpoint

STEP = "log"
FOLDERS = ("entries/", "tile/entries/")


def audit_export(
    container: Container,
    checkpoint: Checkpoint,
    heads: HeadBook,
    billed: Iterable[InvoiceEvidence],
) -> ShardedFacts | None:
    """What the exported log says, or None where there is none.

    Rejected where one of the heads, or an invoice's number of lanes, is another than the log's.
    """
    if not any(container.below(folder) for folder in FOLDERS):
        return None
    shards = _exported(container, checkpoint, heads)
    facts = audit_shards(shards, sizes=heads.sizes, has_tiles=_has_tiles)
    compare_keys(heads.keyring, [shard.checkpoint for shard in shards], facts.keys)
    for origin, head in heads:
        same = facts.roots.get((origin, head.tree_size), head.root_hash) == head.root_hash
        require(same, STEP, f"the log had another root hash at size {head.tree_size}")
    for evidence in billed:
        _check_lane_count(evidence, heads.open(evidence.checkpoint), facts)
    return facts


def count_untied(heads: HeadBook, ends: Mapping[str, Head], facts: ShardedFacts | None) -> int:
    """How many of the heads named may be of another history than the checkpoint.

    ``ends`` are the checkpoint and what it carries on, by origin.
    """
    known = {(origin, head.tree_size) for origin, head in ends.items()}
    return heads.untied(known | facts.roots.keys() if facts else known)


def _exported(container: Container, checkpoint: Checkpoint, heads: HeadBook) -> list[Shard]:
    """The shards whose files are here: all of them, or the newest alone."""
    source = ContainerSource(container)
    if any(container.below(f"{SHARDS}/")):
        return open_shards(source, checkpoint, heads.open)
    return [Shard(source, checkpoint, first_leaf(source, checkpoint))]


def _has_tiles(source: Source) -> bool:
    return isinstance(source, ContainerSource) and source.has_tiles


def _check_lane_count(
    evidence: InvoiceEvidence, checkpoint: Checkpoint, facts: ShardedFacts
) -> None:
    if checkpoint.origin not in facts.starts:
        return
    invoice = evidence.invoice
    tree_size = facts.starts[checkpoint.origin] + checkpoint.head.tree_size
    due = facts.lanes.lanes_due(invoice.licence, tree_size=tree_size, ends_at=invoice.ends_at)
    shown = len(evidence.lanes)
    require(shown >= due, STEP, f"{invoice.invoice_id} shows {shown} of {due} lanes")
