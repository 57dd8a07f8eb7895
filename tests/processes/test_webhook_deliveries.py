"""A worker killed with -9 between sending and noting: the message comes again under its own id.

Run as a program, this file is such a worker: ``test_webhook_deliveries.py <database>``.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.clock import SystemClock
from app.core.db import make_engine
from app.core.ids import IdSource
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.notices.dispatcher import Dispatcher, DispatchLimits
from app.notices.http_receiver import HttpReceivers
from app.notices.models import WebhookAttempt, WebhookDelivery
from tests.factories.notices import CIPHER, HERE, make_endpoint, tell
from tests.fakes.webhook_receiver import WebhookReceiver

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
CLAIM_SECONDS = 2


def work(database_url):
    """Send until killed."""
    clock = SystemClock()
    dispatcher = Dispatcher(
        UnitOfWorkFactory(make_engine(database_url), clock, IdSource(clock)),
        CIPHER,
        HttpReceivers(HERE),
        secrets.token_bytes,
        limits=DispatchLimits(claim_seconds=CLAIM_SECONDS),
    )
    while True:
        if not dispatcher.step():
            time.sleep(0.05)


@pytest.fixture
def units(engine):
    clock = SystemClock()
    return UnitOfWorkFactory(engine, clock, IdSource(clock))


@pytest.fixture
def start(database_url):
    started = []

    def one():
        command = [sys.executable, __file__, database_url]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment))
        return started[-1]

    yield one
    for process in started:
        process.kill()
        process.wait()


def settled(units, state="delivered", seconds=20):
    """Every delivery, once all are in that state."""
    until = time.monotonic() + seconds
    while True:
        with units.begin(Reach.EXCHANGE) as uow:
            found = list(uow.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))
        if all(each.state == state for each in found):
            return found
        assert time.monotonic() < until, [(each.id, each.state) for each in found]
        time.sleep(0.05)


def test_a_worker_killed_after_sending_sends_again_under_the_same_id(units, start):
    victims = []

    def kill_the_sender(_received):
        """The message is here whole; the sender dies before it can hear so."""
        if victims:
            victim = victims.pop()
            victim.send_signal(signal.SIGKILL)
            victim.wait()
        return 200

    receiver = WebhookReceiver(kill_the_sender)
    make_endpoint(units, receiver.url)
    tell(units)
    victims.append(start())
    (first,) = receiver.wait_for(1)
    with units.begin(Reach.EXCHANGE) as uow:
        (delivery,) = uow.session.scalars(select(WebhookDelivery))
        assert delivery.state == "waiting"  # sent, but nobody noted it
    start()
    _, second = receiver.wait_for(2)
    assert (second.message_id, second.body) == (first.message_id, first.body)
    (delivery,) = settled(units)
    with units.begin(Reach.EXCHANGE) as uow:
        attempts = list(uow.session.scalars(select(WebhookAttempt)))
    assert [(each.number, each.status) for each in attempts] == [(1, 200)]
    receiver.stop()


def test_workers_that_are_killed_again_and_again_lose_nothing(units, start):
    """Sixty messages, two workers, one of them killed every other moment."""
    receiver = WebhookReceiver(lambda _received: (time.sleep(0.02), 200)[1])
    for _ in range(3):
        make_endpoint(units, receiver.url)
    tell(units, count=20)
    steady = start()
    for _ in range(4):
        doomed = start()
        seen = len(receiver.received)
        # At the next message after it began: somewhere between claiming, sending and noting.
        receiver.wait_for(min(seen + 1, 60))
        doomed.kill()
        doomed.wait()
    deliveries = settled(units, seconds=40)
    assert steady.poll() is None
    assert len(deliveries) == 60
    received = {each.message_id for each in receiver.received}
    assert received == {each.notice_id for each in deliveries}
    assert len(received) == 20
    receiver.stop()


if __name__ == "__main__":
    work(sys.argv[1])
