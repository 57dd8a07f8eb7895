"""A database that says nothing is not waited for without end."""

import os
import socket
import time

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from app.core.db import WAITS, make_engine, waits, with_waits


def test_what_the_url_sets_itself_stands():
    assert waits("postgresql://host/name") == WAITS
    assert WAITS["tcp_user_timeout"] == 10_000
    for name in WAITS:
        assert set(waits(f"postgresql://host/name?{name}=30")) == set(WAITS) - {name}


def test_a_host_that_dies_after_it_acknowledged_is_asked_whether_it_lives():
    """What was sent is acknowledged, so nothing but such a question finds out."""
    with socket.create_server(("127.0.0.1", 0)) as host:
        url = with_waits(f"postgresql://role@127.0.0.1:{host.getsockname()[1]}/name")
        connecting = psycopg.pq.PGconn.connect_start(url.encode())
        with socket.socket(fileno=os.dup(connecting.socket)) as ours:
            is_asked = ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            idle, interval, count = (
                ours.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            )
        connecting.finish()
    assert is_asked
    assert idle + interval * count <= 25


def test_a_host_that_takes_connections_and_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://role@127.0.0.1:{silent.getsockname()[1]}/name?connect_timeout=2"
        started = time.monotonic()
        with pytest.raises(OperationalError) as refused:
            make_engine(url).connect()
        assert isinstance(refused.value.orig, psycopg.errors.ConnectionTimeout)
        assert time.monotonic() - started < 20.0
