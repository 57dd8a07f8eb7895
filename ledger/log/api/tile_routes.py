"""The public log as static files (C2SP tlog-tiles): checkpoint, tiles, keys, entry bundles."""

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
from ledger.log.schemas import LogKeysSchema
from ledger.log.witnesses.queries import cosigned_note

_OCTETS = "application/octet-stream"
_NOTE = "text/plain; charset=utf-8"


@blueprint.route("/log/checkpoint", methods=["GET"])
@blueprint.response(200, TEXT, content_type=_NOTE)
@public("a log that is not public proves nothing")
def get_checkpoint() -> Response:
    """The newest signed checkpoint (C2SP tlog-checkpoint), with the cosignatures it has so far."""
    with unit_of_work(Reach.PUBLIC) as uow:
        checkpoint = tree_queries.get_checkpoint(uow.session, log_keys(uow).origin)
        note = cosigned_note(uow.session, checkpoint)
        return answer(note, _NOTE, "public, max-age=1")


@blueprint.route("/log/witnessed-checkpoint", methods=["GET"])
@blueprint.response(200, TEXT, content_type=_NOTE)
@public("whoever does not trust the log alone waits for its witnesses")
def get_witnessed_checkpoint() -> Response:
    """The newest checkpoint that as many witnesses cosigned as the policy needs."""
    with unit_of_work(Reach.PUBLIC) as uow:
        note = tree_queries.get_witnessed_note(uow.session, log_keys(uow).origin)
        return answer(note, _NOTE, "public, max-age=1")


@blueprint.route("/log/keys", methods=["GET"])
@blueprint.response(200, LogKeysSchema)
@public("everybody must be able to check signatures")
def get_keys() -> dict[str, Any]:
    """The log's public keys as vkey lines, and every key there was with its range."""
    with unit_of_work(Reach.EXCHANGE) as uow:
        keys = log_keys(uow)
        return {"origin": keys.origin, **published_keys(uow.session, keys)}


@blueprint.route("/log/tile/entries/<path:tile>", methods=["GET"])
@blueprint.response(200, BINARY, content_type=_OCTETS)
@requires(Permission.AUDIT)
def get_entry_bundle(tile: str) -> Response:
    """The entries under a level 0 tile, for auditors."""
    with unit_of_work() as uow:
        entries = tree_queries.get_entry_bundle(uow.session, log_keys(uow).origin, tile)
        return answer(entries, _OCTETS, f"private, {IMMUTABLE}")


@blueprint.route("/log/tile/<string:level>/<path:tile>", methods=["GET"])
@blueprint.response(200, BINARY, content_type=_OCTETS)
@public("hashes only; they are what makes the log checkable")
def get_tile(level: str, tile: str) -> Response:
    """The hashes of a tile, full or partial."""
    with unit_of_work(Reach.PUBLIC) as uow:
        hashes = tree_queries.get_tile(uow.session, log_keys(uow).origin, level, tile)
        return answer(hashes, _OCTETS, f"public, {IMMUTABLE}")
