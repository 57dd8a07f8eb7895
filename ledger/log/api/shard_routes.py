"""The log's shards: which there are, and each one's static files below its own folder."""

from typing import Any

from flask import Response

from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import public, requires
from app.web.context import unit_of_work
from ledger.log import tree_queries
from ledger.log.api.blueprint import (
    BINARY,
    IMMUTABLE,
    TEXT,
    answer,
    blueprint,
    log_keys,
)
from ledger.log.key_history import published_keys
from ledger.log.schemas import LogKeysSchema, LogShardsSchema, ShardOpeningSchema
from ledger.log.witnesses.queries import cosigned_note

_OCTETS = "application/octet-stream"
_NOTE = "text/plain; charset=utf-8"


@blueprint.route("/log/shards", methods=["GET"])
@blueprint.response(200, LogShardsSchema)
@public("whoever checks a year has to find the years before and behind it")
def list_shards() -> dict[str, Any]:
    """The shards, the open one first; each is a log of its own below ``/log/<shard>``."""
    with unit_of_work(Reach.PUBLIC) as uow:
        return {"shards": tree_queries.list_shards(uow.session)}


@blueprint.route("/log/<string:shard>/opening", methods=["GET"])
@blueprint.response(200, ShardOpeningSchema)
@public("it shows that a shard carries on the one before it, and names nobody")
def get_opening(shard: str) -> dict[str, object]:
    """A shard's first leaf with its proof, and the predecessor's checkpoint that it names."""
    with unit_of_work(Reach.EXCHANGE) as uow:
        origin = tree_queries.get_shard_origin(uow.session, shard)
        return tree_queries.get_opening(uow.session, origin)


@blueprint.route("/log/<string:shard>/checkpoint", methods=["GET"])
@blueprint.response(200, TEXT, content_type=_NOTE)
@public("a log that is not public proves nothing")
def get_shard_checkpoint(shard: str) -> Response:
    """A shard's newest checkpoint; of a closed one, its last."""
    with unit_of_work(Reach.PUBLIC) as uow:
        origin = tree_queries.get_shard_origin(uow.session, shard)
        checkpoint = tree_queries.get_checkpoint(uow.session, origin)
        return answer(cosigned_note(uow.session, checkpoint), _NOTE, "public, max-age=1")


@blueprint.route("/log/<string:shard>/keys", methods=["GET"])
@blueprint.response(200, LogKeysSchema)
@public("everybody must be able to check signatures")
def get_shard_keys(shard: str) -> dict[str, Any]:
    """The same keys as ``/log/keys``: those of every shard."""
    with unit_of_work(Reach.EXCHANGE) as uow:
        tree_queries.get_shard_origin(uow.session, shard)
        keys = log_keys(uow)
        return {"origin": keys.origin, **published_keys(uow.session, keys)}


@blueprint.route("/log/<string:shard>/tile/entries/<path:tile>", methods=["GET"])
@blueprint.response(200, BINARY, content_type=_OCTETS)
@requires(Permission.AUDIT)
def get_shard_entry_bundle(shard: str, tile: str) -> Response:
    """The entries under a level 0 tile of a shard, for auditors."""
    with unit_of_work() as uow:
        origin = tree_queries.get_shard_origin(uow.session, shard)
        entries = tree_queries.get_entry_bundle(uow.session, origin, tile)
        return answer(entries, _OCTETS, f"private, {IMMUTABLE}")


@blueprint.route("/log/<string:shard>/tile/<string:level>/<path:tile>", methods=["GET"])
@blueprint.response(200, BINARY, content_type=_OCTETS)
@public("hashes only; they are what makes the log checkable")
def get_shard_tile(shard: str, level: str, tile: str) -> Response:
    """The hashes of a tile of a shard, full or partial."""
    with unit_of_work(Reach.PUBLIC) as uow:
        origin = tree_queries.get_shard_origin(uow.session, shard)
        hashes = tree_queries.get_tile(uow.session, origin, level, tile)
        return answer(hashes, _OCTETS, f"public, {IMMUTABLE}")
