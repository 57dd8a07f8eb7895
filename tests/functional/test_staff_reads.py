"""Whatever the exchange's staff open of an organisation's stands in the log before they see it."""

from collections import Counter
from types import SimpleNamespace

import pytest

from app.web.access import access_of
from app.web.limits import limiter
from app.web.staff_reads import ReadingNotes, is_noted
from tests.functional.test_foreign_ids import foreign_values

READERS = ("reviewer-1", "operator-1", "auditor")
OPENED_MIN = 60
"""Addresses that one of these is shown here; the rest ask for what is not there."""

pytestmark = pytest.mark.usefixtures("unlimited")


@pytest.fixture
def unlimited(monkeypatch):
    """Every answer is wanted, not how fast they come."""
    monkeypatch.setattr(limiter, "enabled", False)


def reads(whole_exchange, named):
    """The address of every read that demands a permission, and whether it is noted."""
    plane = whole_exchange.application.control_plane
    build = plane.url_map.bind("x").build
    for rule in plane.url_map.iter_rules():
        view = plane.view_functions[rule.endpoint]
        is_private = access_of(view).permission is not None
        if "GET" in rule.methods and is_private and rule.arguments <= set(named):
            parts = {name: named[name] for name in rule.arguments}
            yield build(rule.endpoint, parts), is_noted(view)


def noted_since(connection, arrival):
    """(who, what) of every reading that the log holds behind an arrival."""
    connection.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")
    rows = connection.execute(
        "SELECT b.leaf->>'principal', b.leaf->>'subject', b.leaf->>'opened' FROM log_entries e,"
        " LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb AS leaf) b WHERE e.arrival > %s"
        " AND e.entry_type = ANY(%s) ORDER BY e.arrival",
        [arrival, ["auditor_read", "administrator_access"]],
    ).fetchall()
    return [
        SimpleNamespace(who=who, subject=subject, opened=opened) for who, subject, opened in rows
    ]


def newest(connection):
    connection.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")
    return connection.execute("SELECT max(arrival) FROM log_entries").fetchone()[0]


def test_each_thing_that_the_staff_open_is_in_the_log(
    whole_exchange, worlds, everything, connection
):
    named = foreign_values(everything, worlds["b"])
    before, shown = newest(connection), Counter()
    connection.rollback()
    clients = [worlds["b"].staff_client(name) for name in READERS]
    readers = [client.get("/v1/people/me")["id"] for client in clients]
    for path, is_kept in reads(whole_exchange, named):
        for client, reader in zip(clients, readers, strict=True):
            if client.send("GET", path).status < 400:
                shown[reader, path.removeprefix("/v1/").strip("/")] += is_kept
                break
    noted = noted_since(connection, before)
    assert Counter((each.who, each.subject) for each in noted) == +shown
    assert shown.total() >= OPENED_MIN
    case = named["case_id"]
    assert {each.opened for each in noted if case in each.subject} == {case}


def test_a_list_that_was_narrowed_to_something_names_it(worlds, connection):
    before, licence = newest(connection), worlds["b"].airports.licence_id
    connection.rollback()
    worlds["b"].staff_client("auditor").get("/v1/log-entries", query={"licence_id": licence})
    worlds["b"].staff_client("operator-1").expect("GET", "/v1/organisations", 200)
    noted = noted_since(connection, before)
    assert [(each.subject, each.opened) for each in noted] == [
        ("log-entries", licence),
        ("organisations", None),
    ]


def test_what_a_party_reads_of_its_own_is_not_noted(worlds, connection):
    before = newest(connection)
    connection.rollback()
    worlds["b"].buyer.client.expect("GET", "/v1/orders", 200)
    worlds["b"].supplier.client.expect("GET", "/v1/products", 200)
    assert noted_since(connection, before) == []


def test_a_reading_that_cannot_be_noted_is_not_answered(whole_exchange, worlds, monkeypatch):
    class Broken:
        def note(self, *_):
            raise RuntimeError

    registry = whole_exchange.application.control_plane.extensions["counterfoil"]
    monkeypatch.setitem(registry._things, ReadingNotes, Broken())
    answer = worlds["b"].staff_client("reviewer-1").send("GET", "/v1/review-cases")
    assert answer.status == 500
    assert "items" not in answer.json


def test_the_trail_of_what_was_opened_names_who_opened_it(worlds, everything):
    case = foreign_values(everything, worlds["b"])["case_id"]
    reviewer = worlds["b"].staff_client("reviewer-1")
    reviewer.expect("GET", f"/v1/review-cases/{case}/history", 200)
    reader = reviewer.get("/v1/people/me")["id"]
    query = {"subject": case, "limit": 100}
    auditor, told = worlds["b"].staff_client("auditor"), []
    while True:
        page = auditor.get("/v1/audit-trails", query=query)
        told += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    looks = [each["facts"]["leaf"] for each in told if each["kind"] == "administrator_access"]
    assert (reader, f"review-cases/{case}/history") in {
        (each["principal"], each["subject"]) for each in looks
    }
