"""Question 1: is the log one unbroken history, from the first leaf to the newest anchor."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.auditing.questions import Method
from app.auditing.rules import Finding, Rule, Scope
from ledger.log.anchors.models import Anchor
from ledger.log.anchors.states import AnchorState
from ledger.log.errors import EvidenceRefused
from ledger.log.keys import LogKeys
from ledger.log.models import LogHead, SignedCheckpoint
from ledger.log.storage import shard_heads, stored_tiles
from ledger.log.tree.checkpoints import open_checkpoint
from ledger.log.tree.merkle import HASH_BYTES, root_at
from ledger.log.tree.tiles import TILE_WIDTH, row_hash

CHECKPOINTS_MAX = 2_000
"""The newest of them are checked one by one; an older one is a beginning of these."""
ROW_BYTES = TILE_WIDTH * HASH_BYTES

LEAVES = """
    SELECT p.shard || '/' || p.index AS subject,
        jsonb_build_object('shard', p.shard, 'index', p.index,
            'leaf_hash', encode(e.leaf_hash, 'hex'),
            'body_hash', encode(sha256('\\x00'::bytea || e.body), 'hex'),
            'tile_hash', encode(substr(t.hashes, (p.index % 256)::integer * 32 + 1, 32), 'hex')
        ) AS facts
    FROM log_positions p
    LEFT JOIN log_entries e ON e.arrival = p.arrival
    LEFT JOIN log_tiles t ON t.shard = p.shard AND t.level = 0 AND t.number = p.index / 256
    WHERE e.leaf_hash IS DISTINCT FROM sha256('\\x00'::bytea || e.body)
        OR e.leaf_hash IS DISTINCT FROM
            substr(t.hashes, (p.index % 256)::integer * 32 + 1, 32)
"""

CONTIGUOUS = """
    SELECT h.shard || '' AS subject,
        jsonb_build_object('shard', h.shard, 'tree_size', h.tree_size,
            'positions_count', held.positions, 'highest_index', held.highest) AS facts
    FROM log_head h LEFT JOIN LATERAL (
        SELECT count(*) AS positions, max(p.index) AS highest
        FROM log_positions p WHERE p.shard = h.shard
    ) held ON true
    WHERE held.positions <> h.tree_size OR coalesce(held.highest, -1) <> h.tree_size - 1
"""

STOPPED = """
    SELECT shard || '' AS subject,
        jsonb_build_object('shard', shard, 'stopped_reason', stopped_reason) AS facts
    FROM log_head WHERE stopped_reason IS NOT NULL
    UNION ALL
    SELECT 'arrival ' || arrival, jsonb_build_object('arrival', arrival, 'licence_id', licence_id,
        'lane', lane, 'n', n, 'held_reason', held_reason)
    FROM log_waiting WHERE held_since IS NOT NULL
"""


def build(keys: LogKeys) -> Method:
    """The method of question 1; signatures are held against the keys of this log."""
    count_checked = f"SELECT least(count(*), {CHECKPOINTS_MAX}) FROM checkpoints"
    return Method(
        rules=(
            Rule(
                "leaf_is_its_body",
                "Each leaf hash is that of the entry's bytes, and stands in its tile.",
                "每个叶哈希即其条目字节之哈希，并位于其瓦片中。",
                "SELECT count(*) FROM log_positions",
                LEAVES,
            ),
            Rule(
                "indices_are_contiguous",
                "The positions of a tree are 0 to its size, without a gap.",
                "树中的位置自 0 起连续，无缺口。",
                "SELECT count(*) FROM log_head",
                CONTIGUOUS,
            ),
            Rule(
                "nodes_are_their_children",
                "Each stored inner node is the hash of the row below it.",
                "每个存储的内部节点即其下一行之哈希。",
                "SELECT count(*) FROM log_tiles",
                search=lambda session, _: list(_broken_nodes(session)),
            ),
            Rule(
                "checkpoint_is_signed_root",
                "Each checkpoint is signed by the log and is the root of its tree.",
                "每个检查点均由日志签名，且为其树之根。",
                count_checked,
                search=lambda session, _: list(_broken_checkpoints(session, keys)),
            ),
            Rule(
                "anchor_is_root",
                "Each anchored head is the root of the log's tree of that size.",
                "每个锚定的头即该大小之树的根。",
                "SELECT count(*) FROM anchors WHERE state IN ('mined', 'final')",
                search=lambda session, _: list(_broken_anchors(session)),
            ),
            Rule(
                "nothing_is_held_back",
                "Signing goes on, and no entry waits behind a gap of its lane.",
                "签名持续进行，且无条目因其通道缺口而滞留。",
                "SELECT count(*) FROM log_head",
                STOPPED,
            ),
        ),
        entries="SELECT arrival FROM log_entries WHERE entry_type = 'shard_opened'",
        figures=_figures,
    )


def _broken_nodes(session: Session) -> Iterator[Finding]:
    """Full rows whose hash is not what the tile above holds, a level at a time."""
    query = text(
        "SELECT below.shard, below.level, below.number, below.hashes, substr(above.hashes,"
        " (below.number % 256)::integer * 32 + 1, 32) AS stored"
        " FROM log_tiles below LEFT JOIN log_tiles above ON above.shard = below.shard"
        " AND above.level = below.level + 1 AND above.number = below.number / 256"
        " WHERE length(below.hashes) = :row ORDER BY below.shard, below.level, below.number"
    )
    options = {"yield_per": 64}
    for row in session.execute(query, {"row": ROW_BYTES}, execution_options=options):
        made = row_hash(bytes(row.hashes))
        if row.stored is None or bytes(row.stored) != made:
            place = {"shard": row.shard, "level": row.level, "number": row.number}
            subject = f"{row.shard}/{row.level}/{row.number}"
            stored = row.stored and bytes(row.stored).hex()
            facts = {**place, "made_hash": made.hex(), "stored_hash": stored}
            yield Finding("nodes_are_their_children", subject, facts)


def _root(session: Session, shard: int, size: int) -> str | None:
    """The root that the stored tiles give, or None where they do not reach so far."""
    try:
        return root_at(stored_tiles.stored_nodes(session, shard), size).hex()
    except KeyError:
        return None


def _broken_checkpoints(session: Session, keys: LogKeys) -> Iterator[Finding]:
    newest_head = shard_heads.find_newest_head(session)
    newest = select(SignedCheckpoint).order_by(
        SignedCheckpoint.shard.desc(), SignedCheckpoint.tree_size.desc()
    )
    for checkpoint in session.scalars(newest.limit(CHECKPOINTS_MAX)):
        root = _root(session, checkpoint.shard, checkpoint.tree_size)
        fault = None if root == checkpoint.root_hash.hex() else "root"
        # Earlier shards have keys of their own, announced in their first leaves.
        if fault is None and newest_head and checkpoint.shard == newest_head.shard:
            fault = _signature_fault(checkpoint, keys.named(newest_head.origin))
        if fault is not None:
            facts = {
                "shard": checkpoint.shard,
                "tree_size": checkpoint.tree_size,
                "fault": fault,
                "signed_root": checkpoint.root_hash.hex(),
                "made_root": root,
            }
            subject = f"{checkpoint.shard}/{checkpoint.tree_size}"
            yield Finding("checkpoint_is_signed_root", subject, facts)


def _signature_fault(checkpoint: SignedCheckpoint, keys: LogKeys) -> str | None:
    try:
        opened = open_checkpoint(checkpoint.text.encode(), keys.verifiers, origin=keys.origin)
    except EvidenceRefused as refused:
        return refused.detail
    is_same = (opened.tree_size, opened.root_hash) == (
        checkpoint.tree_size,
        bytes(checkpoint.root_hash),
    )
    return None if is_same else "the note names another head"


def _broken_anchors(session: Session) -> Iterator[Finding]:
    shards = {head.origin: head.shard for head in session.scalars(select(LogHead))}
    on_chain = select(Anchor).where(Anchor.state.in_((AnchorState.MINED, AnchorState.FINAL)))
    for anchor in session.scalars(on_chain.order_by(Anchor.id)):
        shard = shards.get(anchor.origin)
        root = None if shard is None else _root(session, shard, anchor.tree_size)
        if root != anchor.root_hash.removeprefix("0x"):
            facts = {
                "anchor_id": anchor.id,
                "tree_size": anchor.tree_size,
                "anchored_root": anchor.root_hash,
                "made_root": root,
                "transaction_hash": anchor.transaction_hash,
            }
            yield Finding("anchor_is_root", anchor.id, facts)


def _figures(session: Session, _: Scope) -> Mapping[str, Any]:
    """Where the log ends, and the first leaf at which it breaks."""
    heads = session.execute(text("SELECT shard, origin, tree_size FROM log_head ORDER BY shard"))
    first = session.execute(
        text(
            f"SELECT facts FROM ({LEAVES}) broken"
            " ORDER BY (facts->>'shard')::bigint, (facts->>'index')::bigint LIMIT 1"
        )
    ).scalar()
    anchored = text("SELECT max(tree_size) FROM anchors WHERE state IN ('mined', 'final')")
    return {
        "heads": [dict(row._mapping) for row in heads],  # noqa: SLF001 -- the documented way
        "first_broken_leaf": first,
        "anchored_size": session.scalar(anchored),
        "checkpoints_count": session.scalar(text("SELECT count(*) FROM checkpoints")),
    }
