"""Proofs and the state of the log."""

import time
from typing import Any

from flask import Response

from app.core.clock import Clock
from app.core.principals import Permission
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from app.web.access import public, requires
from app.web.context import get, unit_of_work
from app.web.limits import limit
from ledger.log import queries, tree_queries
from ledger.log.api.blueprint import BINARY, TEXT, answer, blueprint, log_keys
from ledger.log.errors import NotYetPublished
from ledger.log.ports import EvidenceSources
from ledger.log.schemas import (
    ConsistencyProofSchema,
    ConsistencyQuerySchema,
    LogStatusSchema,
    LogWitnessesSchema,
    ProofQuerySchema,
)
from ledger.log.storage import shard_heads
from ledger.log.tree.cose_receipts import MEDIA_TYPE, make_cose_receipt
from ledger.log.tree.proofs import LedgerProof
from ledger.log.witnesses.policy import WitnessPolicy
from ledger.log.witnesses.queries import WitnessStatus, get_witness_status

_TRIES_A_SECOND = 5
_PROOF = "text/plain; charset=utf-8"


@blueprint.route("/v1/ledger-proofs/<string:leaf_hash>", methods=["GET"])
@blueprint.arguments(ProofQuerySchema, location="query")
@blueprint.response(200, TEXT, content_type=_PROOF)
@requires(Permission.READ_OWN)
@limit("600 per minute")
def get_ledger_proof(query: dict[str, Any], leaf_hash: str) -> Response:
    """The proof of an entry (C2SP tlog-proof), waiting for its publication at most ``await`` s.

    Not limited to parties: whoever holds the leaf hash could compute it from the public tiles.
    """
    proof = _await_proof(leaf_hash, query["await_seconds"] * _TRIES_A_SECOND)
    return answer(proof.text, _PROOF, "private, max-age=1")


@blueprint.route("/v1/ledger-proofs/<string:leaf_hash>/cose-receipt", methods=["GET"])
@blueprint.response(200, BINARY, content_type="application/cose")
@requires(Permission.READ_OWN)
@limit("600 per minute")
def get_cose_receipt(leaf_hash: str) -> Response:
    """The same proof as a COSE receipt (RFC 9942): CBOR, signed by the checkpoint's key."""
    with unit_of_work(Reach.EXCHANGE) as uow:
        proof = tree_queries.get_ledger_proof(uow.session, leaf_hash)
        origin = proof.checkpoint.partition("\n")[0]
        signer = log_keys(uow).named(origin).checkpoint
    return answer(make_cose_receipt(proof, signer), MEDIA_TYPE, "private, max-age=1")


def _await_proof(leaf_hash: str, tries_left: int) -> LedgerProof:
    while True:
        try:
            # A short transaction each time: waiting holds no connection and no snapshot.
            with unit_of_work(Reach.EXCHANGE) as uow:
                return tree_queries.get_ledger_proof(uow.session, leaf_hash)
        except NotYetPublished:
            if not tries_left:
                raise
        tries_left -= 1
        time.sleep(1 / _TRIES_A_SECOND)


@blueprint.route("/v1/consistency-proofs", methods=["GET"])
@blueprint.arguments(ConsistencyQuerySchema, location="query")
@blueprint.response(200, ConsistencyProofSchema)
@public("anybody can compute it from the public tiles")
def get_consistency_proof(query: dict[str, Any]) -> dict[str, object]:
    """The proof that a later tree begins with an earlier one."""
    with unit_of_work(Reach.PUBLIC) as uow:
        return tree_queries.get_consistency(uow.session, log_keys(uow).origin, **query)


@blueprint.route("/v1/log-witnesses", methods=["GET"])
@blueprint.response(200, LogWitnessesSchema)
@public("whoever relies on the log must be able to see who else vouches for it")
def get_log_witnesses() -> WitnessStatus:
    """Who is asked to cosign the checkpoints, what each has cosigned, and who fails since when."""
    with unit_of_work(Reach.PUBLIC) as uow:
        return _witnesses(uow)


def _witnesses(uow: UnitOfWork) -> WitnessStatus:
    head = shard_heads.find_head(uow.session, log_keys(uow).origin)
    shard = None if head is None else head.shard
    return get_witness_status(uow.session, shard, get(WitnessPolicy))


@blueprint.route("/v1/log-status", methods=["GET"])
@blueprint.response(200, LogStatusSchema)
@public("whoever relies on the log must be able to see how far behind it is")
def get_log_status() -> dict[str, Any]:
    """How far the log has come, what waits, and what its heads rest on."""
    with unit_of_work(Reach.EXCHANGE) as uow:
        status = queries.get_status(uow.session, log_keys(uow).origin)
        trust = {
            "witnesses": _witnesses(uow).in_words,
            "anchors": get(EvidenceSources).anchors.trust(uow.session),
        }
    last, now = status.last_checkpoint_at, get(Clock).now()  # type: ignore[type-abstract]
    return {
        **vars(status),
        "last_checkpoint_age_seconds": None if last is None else int((now - last).total_seconds()),
        "is_signing": status.stopped_reason is None,
        "trust": trust,
    }
