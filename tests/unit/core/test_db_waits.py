"""A database that says nothing is not waited for without end."""

import socket
import time

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from app.core.db import make_engine, waits


def test_what_the_url_sets_itself_stands():
    assert set(waits("postgresql://host/name")) == {"connect_timeout", "tcp_user_timeout"}
    assert waits("postgresql://host/name?connect_timeout=30") == {"tcp_user_timeout": 10_000}


def test_a_host_that_takes_connections_and_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://role@127.0.0.1:{silent.getsockname()[1]}/name?connect_timeout=2"
        started = time.monotonic()
        with pytest.raises(OperationalError) as refused:
            make_engine(url).connect()
        assert isinstance(refused.value.orig, psycopg.errors.ConnectionTimeout)
        assert time.monotonic() - started < 20.0
