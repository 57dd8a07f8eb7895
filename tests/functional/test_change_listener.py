"""Announced changes are heard, and what was missed while nobody listened is told as a gap."""

import queue

import psycopg
import pytest

from metering.changes import ChangeListener
from metering.fences import ANNOUNCE, CHANNEL, message


class Heard(queue.Queue):
    """What a listener tells, in its order."""

    def next(self):
        return self.get(timeout=10)


@pytest.fixture
def heard(database_url):
    told = Heard()
    listener = ChangeListener(
        lambda: psycopg.connect(database_url),
        on_change=lambda kind, subjects: told.put((kind, subjects)),
        on_gap=lambda: told.put("gap"),
    )
    yield told
    listener.close()


def announce(connection, *subjects):
    given = {"channel": CHANNEL, "message": message("licence", subjects)}
    connection.execute(ANNOUNCE, given)


def test_before_the_first_word_everything_may_have_been_missed(database_url, heard):
    assert heard.next() == "gap"
    with psycopg.connect(database_url) as connection:
        announce(connection, "lic_1", "lic_2")
        assert heard.empty()
    assert heard.next() == ("licence", frozenset({"lic_1", "lic_2"}))


def test_a_listener_whose_connection_was_cut_listens_again_and_tells_of_the_gap(
    database_url, heard
):
    assert heard.next() == "gap"
    with psycopg.connect(database_url, autocommit=True) as connection:
        cut = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        )
        assert connection.execute(cut).fetchall() == [(True,)]
        announce(connection, "lic_missed")
        assert heard.next() == "gap"
        announce(connection, "lic_1")
    assert heard.next() == ("licence", frozenset({"lic_1"}))
