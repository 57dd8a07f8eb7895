"""Every effect that is asked for has somebody who performs it, and waits for nobody else's."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.outbox import OutboxMessage
from app.core.reach import Reach
from app.effects.topics import TOPICS
from app.worker.effects import effect_lines
from app.worker.steps import drain_outbox

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("app", "compliance", "contracts", "ledger", "listings", "metering")


def enqueued_topics():
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id="uow"), attr="enqueue"),
                        args=[topic, *_],
                    ):
                        yield ast.literal_eval(topic)


def test_every_topic_that_is_enqueued_is_performed_in_one_line():
    lines = effect_lines(None, None)
    performed = [topic for handlers in lines.values() for topic in handlers]
    assert sorted(performed) == sorted(set(enqueued_topics())) == sorted(TOPICS)


def test_an_effect_of_another_line_is_left_to_that_line(units):
    with units.begin(Reach.EXCHANGE) as uow:
        uow.enqueue("upstream.probe", {"of": "one that hangs"}, "first")
        uow.enqueue("log.request_anchor", {"of": "a key that leaked"}, "second")
        uow.commit()
    performed = []
    assert drain_outbox(units, {"log.request_anchor": performed.append}) is False
    assert performed == [{"of": "a key that leaked"}]
    drain_outbox(units, {"upstream.probe": performed.append})
    assert performed[1:] == [{"of": "one that hangs"}]


@pytest.mark.parametrize("said", ["an answer with \x00 in it", "half a sign: \ud800"])
def test_an_error_that_cannot_be_stored_as_it_is_holds_up_no_other_effect(units, clock, said):
    with units.begin(Reach.EXCHANGE) as uow:
        for number in (1, 2):
            uow.enqueue("upstream.probe", {"number": number}, f"probe {number}")
        uow.commit()
    performed = []

    def probe(payload):
        performed.append(payload["number"])
        if payload["number"] == 1:
            raise ValueError(said)

    drain_outbox(units, {"upstream.probe": probe})
    assert performed == [1, 2]
    with units.begin(Reach.EXCHANGE) as uow:
        failed, done = uow.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
    assert (failed.state, failed.attempts_count, done.state) == ("waiting", 1, "done")
    assert failed.last_error.startswith("ValueError: ")
