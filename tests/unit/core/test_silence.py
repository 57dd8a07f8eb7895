"""A statement may take what it takes while the server answers others; a hung server is given up."""

import psycopg
import pytest

from app.core.silence import SILENT, BoundedConnection, PatientConnection


def test_a_long_statement_of_a_server_that_answers_others_ends(database_url, monkeypatch):
    monkeypatch.setattr(PatientConnection, "silence_seconds", 0.2)
    with PatientConnection.connect(database_url, autocommit=True) as connection:
        row = connection.execute("SELECT 'done', pg_sleep(1.5)").fetchone()
    assert row is not None
    assert row[0] == "done"


@pytest.mark.parametrize("kind", [BoundedConnection, PatientConnection])
def test_a_connection_whose_server_is_silent_is_closed(database_url, monkeypatch, kind):
    monkeypatch.setattr(kind, "silence_seconds", 0.2)
    connection = kind.connect(database_url, autocommit=True)
    monkeypatch.setattr(PatientConnection, "_is_server_there", lambda _: False)
    with pytest.raises(psycopg.OperationalError, match=SILENT):
        connection.execute("SELECT pg_sleep(60)")
    assert connection.closed


def test_a_statement_that_never_ends_is_given_up_though_the_server_answers_others(
    database_url, monkeypatch
):
    monkeypatch.setattr(PatientConnection, "silence_seconds", 0.1)
    monkeypatch.setattr(PatientConnection, "silences_max", 3)
    connection = PatientConnection.connect(database_url, autocommit=True)
    with pytest.raises(psycopg.OperationalError, match=SILENT):
        connection.execute("SELECT pg_sleep(600)")
    assert connection.closed


def test_what_has_a_timeout_of_its_own_keeps_it_and_its_connection(database_url):
    with BoundedConnection.connect(database_url, autocommit=True) as connection:
        assert list(connection.notifies(timeout=0.1)) == []
        assert connection.execute("SELECT 1").fetchone() == (1,)
