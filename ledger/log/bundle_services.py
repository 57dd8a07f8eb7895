"""Putting evidence together: everything about one licence, or the whole log."""

import base64
import binascii
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.core.canonical import base64_text, canonical_bytes, sha256_hex
from app.core.clock import iso_instant
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from ledger.log import tree_queries
from ledger.log.bundles import seal_bundle
from ledger.log.errors import LogTooLargeToExport
from ledger.log.events import EvidenceBundled
from ledger.log.key_history import published_keys
from ledger.log.keys import LogKeys
from ledger.log.models import SignedCheckpoint
from ledger.log.ports import AnchorSource, EvidenceSources
from ledger.log.queries import get_parties
from ledger.log.sequencing.shards import parse_origin
from ledger.log.sequencing.succession import links_behind
from ledger.log.storage import stored_tiles
from ledger.log.tree.merkle import HASH_BYTES, leaf_hash, make_consistency_proof
from ledger.log.tree.proofs import LedgerProof
from ledger.log.tree.tiles import TILE_WIDTH, tile_path, tiles_of
from ledger.log.witnesses.queries import cosigned_note

RECEIPTS_MAX = 10_000
INVOICES_MAX = 200
ANCHORS_MAX = 1_000
LINKS_MAX = 20
EXPORT_LEAVES_MAX = 100_000
"""About 60 MB; a longer log is read tile by tile."""


@dataclass(frozen=True)
class Bundle:
    """A sealed archive and the SHA-256 of its bytes."""

    data: bytes
    hash: str


def build_bundle(
    uow: UnitOfWork,
    *,
    keys: LogKeys,
    sources: EvidenceSources,
    licence_id: str,
    organisation_id: str | None,
) -> Bundle:
    """The evidence about a licence for one of its parties, or for an auditor (organisation None).

    Holds the oldest 10,000 receipts that the newest checkpoint covers, their proofs, 200 invoices
    and 1,000 anchors. Raises `LicenceNotInLog`, `CheckpointNotPublished`.
    """
    get_parties(uow.session, licence_id, organisation_id=organisation_id)
    # The caller is a party or an auditor; from here on it is the exchange that gives evidence.
    uow.enter(Reach.EXCHANGE)
    checkpoint = tree_queries.get_checkpoint(uow.session, keys.origin)
    files = head_files(uow.session, keys, checkpoint, sources.anchors)
    files.update(_receipt_files(uow.session, checkpoint, sources, licence_id))
    for invoice in sources.invoices.invoices(uow.session, licence_id, INVOICES_MAX):
        files[f"invoices/{invoice['invoice']['invoice_id']}.json"] = canonical_bytes(invoice)
    bundle = seal(uow, keys, files)
    uow.record(EvidenceBundled(occurred_at=uow.now, licence_id=licence_id, bundle_hash=bundle.hash))
    return bundle


def export_log(uow: UnitOfWork, *, keys: LogKeys, anchors: AnchorSource) -> Bundle:
    """The whole published log: checkpoint, keys, anchors, every tile and entry bundle.

    Needs the exchange's reach. Raises `LogTooLargeToExport`, `CheckpointNotPublished`.
    """
    checkpoint = tree_queries.get_checkpoint(uow.session, keys.origin)
    earlier = [link.checkpoint for link in links_behind(uow.session, checkpoint)]
    size = sum(head.tree_size for head in [checkpoint, *earlier])
    if size > EXPORT_LEAVES_MAX:
        raise LogTooLargeToExport(size, EXPORT_LEAVES_MAX)
    files = head_files(uow.session, keys, checkpoint, anchors)
    files.update(_tile_files(uow.session, checkpoint))
    for head in earlier:
        name = parse_origin(head.text.partition("\n")[0])
        files.update(_shard_files(uow.session, head, name.path if name else str(head.shard)))
    return seal(uow, keys, files)


def seal(uow: UnitOfWork, keys: LogKeys, files: dict[str, bytes]) -> Bundle:
    """The files as one sealed archive of this log."""
    data = seal_bundle(
        files, origin=keys.origin, created_at=iso_instant(uow.now), signer=keys.statements
    )
    return Bundle(data, sha256_hex(data))


def head_files(
    session: Session, keys: LogKeys, checkpoint: SignedCheckpoint, anchors: AnchorSource
) -> dict[str, bytes]:
    """What every bundle begins with: checkpoint, keys, the anchors that it covers, their links."""
    covered = [
        anchor
        for anchor in anchors.anchors(session, keys.origin, ANCHORS_MAX)
        if anchor["tree_size"] <= checkpoint.tree_size
    ]
    links = [link.document for link in links_behind(session, checkpoint)]
    return {
        **({"predecessors.json": canonical_bytes(links)} if links else {}),
        "checkpoint.txt": cosigned_note(session, checkpoint).encode(),
        "keys.json": canonical_bytes(published_keys(session, keys)),
        "anchors.json": canonical_bytes(covered),
        "consistency.json": canonical_bytes(_links(session, checkpoint, covered)),
    }


def _links(
    session: Session, checkpoint: SignedCheckpoint, anchors: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Proofs that the checkpoint's tree begins with the newest anchored heads (RFC 9162)."""
    tree = tree_queries.open_tree(session, checkpoint)
    sizes = sorted({anchor["tree_size"] for anchor in anchors} - {tree.size})
    return [
        {"from": size, "to": tree.size, "hashes": [base64_text(node) for node in proof]}
        for size in sizes[-LINKS_MAX:]
        for proof in [make_consistency_proof(tree.read, size, tree.size)]
    ]


def _receipt_files(
    session: Session, checkpoint: SignedCheckpoint, sources: EvidenceSources, licence_id: str
) -> Iterator[tuple[str, bytes]]:
    """Receipts and proofs by file name; a receipt that no checkpoint covers yet is left out."""
    receipts = {
        leaf_hash(entry): (entry, receipt)
        for receipt in sources.receipts.receipts(session, licence_id, RECEIPTS_MAX)
        for entry in [_entry_of(receipt)]
    }
    signed = {
        (lane, n): request
        for lane, n, request in sources.signed.signed_requests(session, licence_id, RECEIPTS_MAX)
    }
    for leaf, proof in prove_all(session, checkpoint, receipts.keys()):
        entry, receipt = receipts[leaf]
        named = json.loads(entry)
        name = f"{licence_id}-{named['lane']}-{named['n']}.json"
        yield f"receipts/{name}", canonical_bytes(receipt)
        request = signed.get((named["lane"], named["n"]))
        if request is not None:
            yield f"signed-requests/{name}", request
        yield f"proofs/{leaf.hex()}.txt", proof.text.encode()


def prove_all(
    session: Session, checkpoint: SignedCheckpoint, leaf_hashes: Collection[bytes]
) -> Iterator[tuple[bytes, LedgerProof]]:
    """Each leaf's proof under the checkpoint, or under the head of the earlier shard it is in.

    A leaf that no checkpoint covers yet is left out.
    """
    left = set(leaf_hashes)
    for head in [checkpoint, *(link.checkpoint for link in links_behind(session, checkpoint))]:
        if not left:
            return
        tree = tree_queries.open_tree(session, head)
        for leaf, index in tree_queries.load_indices(session, head, left).items():
            left.discard(leaf)
            yield leaf, tree.prove(index)


def _entry_of(receipt: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(receipt["entry"], validate=True)
    except binascii.Error:
        msg = "the receipt source gives receipts whose entry is base64"
        raise TypeError(msg) from None


def _shard_files(
    session: Session, checkpoint: SignedCheckpoint, name: str
) -> Iterator[tuple[str, bytes]]:
    """An earlier shard's files, in a folder of its own."""
    yield f"shards/{name}/checkpoint.txt", cosigned_note(session, checkpoint).encode()
    for path, data in _tile_files(session, checkpoint):
        yield f"shards/{name}/{path}", data


def _tile_files(session: Session, checkpoint: SignedCheckpoint) -> Iterator[tuple[str, bytes]]:
    addresses = tiles_of(checkpoint.tree_size)
    wanted = [address for address, _ in addresses]
    stored = stored_tiles.load_tiles(session, checkpoint.shard, wanted)
    for address, width in addresses:
        path = tile_path(address.number, width)
        yield f"tile/{address.level}/{path}", stored[address][: width * HASH_BYTES]
        if address.level == 0:
            start = address.number * TILE_WIDTH
            entries = tree_queries.load_entries(session, checkpoint.shard, start, start + width)
            yield f"entries/{path}", b"".join(len(body).to_bytes(2) + body for body in entries)
