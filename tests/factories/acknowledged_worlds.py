"""Both pairs' buyers acknowledge their calls: rows of acknowledgements for the isolation proof."""

import json
from datetime import UTC, datetime

from counterfoil_verify.acknowledgements import (
    AcknowledgedLane,
    buyer_key,
    sign_acknowledgement,
)
from counterfoil_verify.signed_requests import RequestSigner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from app.core.reach import Reach
from demo.http import Client
from ledger.log.models import LogEntry


def fill_acknowledgements(exchange, worlds):
    """Each buyer registers a key, asks for acknowledgements and signs what the log holds."""
    for world in worlds.values():
        key, client = Ed25519PrivateKey.generate(), world.buyer.client
        name = f"{world.organisations['buyer']}/acknowledgements"
        client.post("/v1/acknowledgement-keys", {"vkey": buyer_key(name, key).text})
        licence_id = world.airports.licence_id
        body = {"mode": "ack"}
        client.expect("PUT", f"/v1/evidence-modes/{licence_id}", 200, body=body)
        lanes = _lanes(exchange.parts.units, licence_id)
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        signed = sign_acknowledgement(licence_id, lanes, at=at, name=name, key=key)
        client.post("/v1/acknowledgements", json.loads(signed))
        _call_signed(world, client, RequestSigner(licence_id, name=name, key=key))


def _call_signed(world, client, signer):
    """One signed call of a licence that asks for it meanwhile."""
    mode = f"/v1/evidence-modes/{world.airports.licence_id}"
    client.expect("PUT", mode, 200, body={"mode": "per_request"})
    path = f"/data/{world.airports.listing_code}?icao=ZSPD"
    caller = Client(client.base_url, world.airports.key)
    assert caller.send("GET", path).status == 401
    answer = caller.send("GET", path, headers=signer.headers("GET", path))
    assert answer.status == 200, answer.body
    client.expect("PUT", mode, 200, body={"mode": "ack"})


def _lanes(units, licence_id):
    with units.begin(Reach.EXCHANGE) as uow:
        entries = uow.session.scalars(
            select(LogEntry)
            .where(LogEntry.licence_id == licence_id, LogEntry.entry_type == "call")
            .order_by(LogEntry.lane, LogEntry.n)
        )
        last = {entry.lane: entry for entry in entries}
    return [_lane(entry) for entry in last.values()]


def _lane(entry):
    leaf = json.loads(entry.body)
    totals = leaf["total_units"], int(leaf["total_amount"])
    return AcknowledgedLane(entry.lane, entry.n, *totals, entry.leaf_hash)
