"""A gateway that runs through the year's turn: its calls promise, and stand in, their own year."""

import json
from datetime import UTC, datetime

import pytest
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.vault import ReceiptVault

from app.wiring.log import log_keys, receipt_signers
from ledger.log import intake
from ledger.log.sequencing.sequencer import Sequencer
from metering.ports import UpstreamAnswer
from tests.factories.metering import World, call
from tests.fakes.metering_ports import HeldUpstream

YUAN = 10**8
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')
STANDS_IN = """
SELECT h.origin FROM log_entries e
JOIN log_positions p USING (arrival) JOIN log_head h USING (shard) WHERE e.leaf_hash = %s
"""


@pytest.fixture
def world(database_url, parts, clock, ids):
    clock.set(datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC))
    made = World(database_url, parts.units, clock, ids)
    made.publish()
    made.fund(100 * YUAN)
    yield made
    made.close()


@pytest.fixture
def sequence(parts):
    sequencer = Sequencer(parts.units, log_keys(parts), host=parts.settings.log_host)

    def step():
        while sequencer.step().has_more:
            pass

    step()
    return step


@pytest.fixture
def plane(world, parts):
    return world.plane(HeldUpstream(HIT), log=intake, signer_at=receipt_signers(parts).at)


def test_each_call_promises_its_year_and_keeps_it_while_the_gateway_runs_on(
    world, parts, clock, plane, sequence, app, tmp_path
):
    licensed = world.license()
    ask = lambda: call(plane, licensed, {"iata": "PVG"})  # noqa: E731 -- said three times below
    old = [ask(), ask()]
    sequence()
    clock.set(datetime(2027, 1, 1, 0, 0, 0, 100_000, tzinfo=UTC))
    new = [ask()]  # the gateway is in the new year, the log not yet
    sequence()
    new.append(ask())
    sequence()
    answers = [*old, *new]
    assert [answer.status for answer in answers] == [200] * 4
    first = parts.origin
    second = first.replace("2026", "2027")
    promised = [answer.receipt["promise"]["origin"] for answer in answers]
    assert promised == [first, first, second, second]
    keys = parse_keyring(app.test_client().get("/log/keys").data, "the log")
    vault = ReceiptVault(tmp_path / "vault", keys)
    for answer, origin in zip(answers, promised, strict=True):
        held = vault.take(json.dumps(answer.receipt).encode(), answer.body)
        assert world.one(STANDS_IN, held.leaf) == origin
    assert vault.contradictions() == []
    assert [(lane.lane, lane.n) for lane in vault.lanes(licensed.licence_id)] == [(1, 4)]
    vault.close()


def test_a_call_of_the_old_year_that_is_sequenced_late_stands_in_the_new_one(
    world, parts, clock, plane, sequence
):
    licensed = world.license()
    answer = call(plane, licensed, {"iata": "PVG"})
    sequence()
    late = call(plane, licensed, {"iata": "PVG"})
    clock.set(datetime(2027, 1, 1, 0, 0, 0, 100_000, tzinfo=UTC))
    early = call(plane, licensed, {"iata": "PVG"})
    sequence()
    leaves = [each.leaf for each in (answer, late, early)]
    assert [leaf["n"] for leaf in leaves] == [1, 2, 3]
    assert [each.receipt["promise"]["origin"] for each in (late, early)] == [
        parts.origin,
        parts.origin.replace("2026", "2027"),
    ]
    assert (
        world.one("SELECT count(*) FROM log_waiting WHERE licence_id = %s", licensed.licence_id)
        == 0
    )
