"""A withdrawal against calls through two server processes: what starts after it is refused."""

import http.client
import threading
import time

import pytest

from metering import consent_services
from tests.factories.metering import FIELDS_IN
from tests.processes.metering_servers import Server

pytestmark = pytest.mark.processes

ABOUT_PEOPLE = [FIELDS_IN[0] | {"data_subject": "IDENTITY"}]
CALLERS = 6
PEOPLE = ("PVG", "SHA")


@pytest.fixture
def world(metered_world):
    url = metered_world.one("SELECT delivery->>'url' FROM delivery_routes")
    metered_world.publish(url, fields_in=ABOUT_PEOPLE)
    metered_world.keep_pseudonym_key()
    metered_world.fund(10**14)
    return metered_world


@pytest.fixture
def servers(world):
    started = [Server(world.database_url) for _ in range(2)]
    yield started
    for server in started:
        if server.process.poll() is None:
            server.stop()


class Caller(threading.Thread):
    """Asks about one person at one server until told to stop; notes when each call began."""

    def __init__(self, port, licensed, person, token):
        super().__init__()
        self._port, self._licensed = port, licensed
        self._person, self._token = person, token
        self.answers, self.is_over = [], threading.Event()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        headers = {
            "Authorization": f"Bearer {self._licensed.key}",
            "Consent-Token": self._token,
        }
        while not self.is_over.is_set():
            began = time.monotonic()
            path = f"/data/{self._licensed.listing_code}?iata={self._person}"
            connection.request("GET", path, None, headers)
            response = connection.getresponse()
            response.read()
            self.answers.append((began, response.status))
        connection.close()


@pytest.mark.parametrize("model", ["PER_CALL_TOKEN", "PRE_COLLECTED_NAMED_RECIPIENT"])
def test_no_process_delivers_a_call_that_begins_after_the_withdrawal(world, servers, model):
    licensed = world.license(consent_model=model)
    consents = {person: world.consent(licensed, person) for person in PEOPLE}
    callers = [
        Caller(server.port, licensed, person, consents[person][1])
        for server in servers
        for person in PEOPLE
        for _ in range(CALLERS // 2)
    ]
    for caller in callers:
        caller.start()
    wait_for(lambda: all(len(caller.answers) >= 5 for caller in callers))
    world.change(consent_services.withdraw_consent, consent_id=consents["PVG"][0])
    withdrawn_at = time.monotonic()
    recorded = world.one(count_about(consents["PVG"][0]))
    wait_for(lambda: all(len(after(caller, withdrawn_at)) >= 5 for caller in callers))
    for caller in callers:
        caller.is_over.set()
    for caller in callers:
        caller.join(30)
    for caller in callers:
        expected = {403} if caller._person == "PVG" else {200}
        assert {status for _, status in after(caller, withdrawn_at)} == expected
    assert world.one(count_about(consents["PVG"][0])) == recorded
    answered = [status for caller in callers for _, status in caller.answers]
    assert world.one("SELECT count(*) FROM usage_events") == answered.count(200)


def after(caller, at):
    return [(began, status) for began, status in list(caller.answers) if began >= at]


def count_about(consent_id):
    return (
        "SELECT count(*) FROM usage_events"  # noqa: S608 -- an id of this test
        f" WHERE convert_from(detail, 'UTF8')::jsonb->>'consent' = '{consent_id}'"
    )


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the servers stopped answering"
        time.sleep(0.02)
