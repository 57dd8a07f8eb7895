"""The routes of the log, by subject, on one blueprint."""

from ledger.log.api import (
    acknowledgement_routes,
    bundle_routes,
    entry_routes,
    proof_routes,
    shard_routes,
    tile_routes,
)
from ledger.log.api.blueprint import blueprint

__all__ = [
    "acknowledgement_routes",
    "blueprint",
    "bundle_routes",
    "entry_routes",
    "proof_routes",
    "shard_routes",
    "tile_routes",
]
