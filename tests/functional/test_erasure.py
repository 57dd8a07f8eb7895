"""Erasing details of calls: what commits to them stands, and nothing opens it any more."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from counterfoil_verify.keys import Keyring, parse_vkey
from counterfoil_verify.receipts import check_detail, check_signature, parse_receipt

from app.core.reach import Reach
from ledger.log.tree.notes import key_of
from metering.erasure.details import erase_details
from metering.errors import EntitlementNotFound
from metering.ports import UpstreamAnswer
from metering.recording.receipt_queries import StoredReceipts
from tests.factories.metering import SIGNER, World, call
from tests.fakes.metering_ports import HeldUpstream

YUAN = 10**8
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong"}')
STORED = StoredReceipts(lambda _at: SIGNER)


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(100 * YUAN)
    yield made
    made.close()


def erase(world, licensed, until):
    with world.units.begin(Reach.EXCHANGE) as uow:
        count = erase_details(uow, licensed.licence_id, until=until, reason_code="person_request")
        uow.commit()
    return count


def receipt(world, licensed, n):
    which = {"licence_id": licensed.licence_id, "lane": 1, "n": n}
    with world.units.begin(Reach.organisation("org_buyer")) as uow:
        return STORED.receipt(uow.session, "org_buyer", **which)


def test_an_erased_receipt_keeps_leaf_and_signature_and_loses_detail_and_key(world, clock):
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    first = call(plane, licensed, {"iata": "PVG"}, idempotency_key="again").receipt
    assert world.one("SELECT count(*) FROM call_answers") == 1
    assert erase(world, licensed, clock.now()) == 0
    assert erase(world, licensed, clock.now() + timedelta(seconds=1)) == 1
    assert world.sql("SELECT detail, detail_key FROM usage_events") == [(None, None)]
    assert world.one("SELECT count(*) FROM call_answers") == 0
    again = receipt(world, licensed, 1)
    left = json.loads(again)
    assert (left["detail"], left["detail_key"]) == (None, None)
    assert {**first, "detail": None, "detail_key": None} == left
    read = parse_receipt(again)
    check_signature(read, Keyring(receipts=(parse_vkey(key_of(SIGNER).text),)))
    check_detail(read)
    assert read.is_erased


def test_other_calls_and_licences_keep_theirs_and_bundles_hold_both(world, clock):
    licensed, other = world.license(), world.license()
    plane = world.plane(HeldUpstream(HIT))
    call(plane, licensed, {"iata": "PVG"})
    call(plane, other, {"iata": "PVG"})
    limit = clock.now() + timedelta(seconds=1)
    clock.advance(seconds=2)
    call(plane, licensed, {"iata": "PEK"})
    assert erase(world, licensed, limit) == 1
    assert erase(world, licensed, limit) == 0
    assert world.one("SELECT count(*) FROM usage_events WHERE detail IS NULL") == 1
    with world.units.begin(Reach.EXCHANGE) as uow:
        given = list(STORED.receipts(uow.session, licensed.licence_id, 10))
    assert [each["detail"] is None for each in given] == [True, False]


def test_a_licence_that_there_is_not_is_told_and_not_erased_in_silence(world, clock):
    """ "0 calls" would let an operator believe that a slip of the pen was what was asked."""
    mistyped = SimpleNamespace(licence_id="lic_mistyped")
    with pytest.raises(EntitlementNotFound):
        erase(world, mistyped, clock.now())


def test_what_was_erased_is_recorded_once(world, clock):
    licensed = world.license()
    call(world.plane(HeldUpstream(HIT)), licensed, {"iata": "PVG"})
    limit = clock.now() + timedelta(seconds=1)
    with world.units.begin(Reach.EXCHANGE) as uow:
        erase_details(uow, licensed.licence_id, until=limit, reason_code="court_order")
        erase_details(uow, licensed.licence_id, until=limit, reason_code="court_order")
        [event] = uow._pending  # what commit would react to
    assert (event.licence_id, event.call_count) == (licensed.licence_id, 1)
    assert (event.until_at, event.reason_code) == (limit, "court_order")
