"""Data packages: one metered call gives a manifest, and its files follow by request.

The supplier's system is a simulated one, a file server of these tests.
"""

import hashlib
import json
from datetime import timedelta

import pytest

from metering import services
from metering.calls.downloads import LICENCE_DOWNLOADS_MAX
from metering.leaves import Commitments
from tests.factories.metering import World, call, per_call
from tests.fakes.file_server import FileServer, send, serve_range

YUAN = 10**8
LARGE = bytes(range(256)) * 1024
FILES = {"east.csv": b"code,name\n01,Shanghai\n", "west.csv": b"code,name\n02,Chengdu\n"}
PARTS = {"east.csv": "east", "west.csv": "west", "all.bin": "all"}
ROWS = {"east.csv": 1, "west.csv": 1, "all.bin": 40}


def declared(files):
    return [
        {
            "name": name,
            "media_type": "text/csv" if name.endswith("csv") else "application/octet-stream",
            "size_bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "part": PARTS[name],
            "rows_count": ROWS[name],
        }
        for name, body in files.items()
    ]


@pytest.fixture(params=["threads", "loop"])
def world(request, database_url, units, clock, ids):
    made = World(database_url, units, clock, ids, served_by=request.param)
    made.fund(1_000 * YUAN)
    yield made
    made.close()


@pytest.fixture
def server():
    made = FileServer({**FILES, "all.bin": LARGE})
    yield made
    made.stop()


@pytest.fixture
def plane(world):
    return world.plane()


FIELDS_IN = [
    {"name": "part", "type": "string", "required": False, "max_length": 4096},
    {"name": "name", "type": "string", "required": False, "max_length": 4096},
]


def package(world, server, *, files=None, code="S0001-PACKAGEFJK", timeout_ms=2000, **delivery):
    return world.publish(
        server.url,
        code=code,
        version=f"ver_{code[-4:]}",
        files=declared(server.files if files is None else files),
        fields_in=FIELDS_IN,
        timeout_ms=timeout_ms,
        **delivery,
    )


def manifest(plane, licensed, parameters=None, **headers):
    answer = call(plane, licensed, parameters, **headers)
    assert answer.status == 200, answer.body
    return answer


def address_of(answer, name):
    (found,) = [file["address"] for file in answer.json["files"] if file["name"] == name]
    return found


def fetch(plane, licensed, address, *, method="GET", **headers):
    return call(plane, licensed, method=method, path=address, **headers)


def slug(answer):
    return answer.json["type"].partition("#")[2]


def failures(world):
    for plane in world.planes:
        plane._failures.write()
    return dict(world.sql("SELECT kind, calls_count::int FROM delivery_failures"))


def test_one_call_and_many_downloads_are_one_event_and_its_receipt_holds_their_hashes(
    world, server, plane
):
    licensed = world.license(listing=package(world, server))
    answer = manifest(plane, licensed)
    assert [(file["name"], file["sha256"]) for file in answer.json["files"]] == [
        (name, hashlib.sha256(body).hexdigest()) for name, body in server.files.items()
    ]
    for name, body in server.files.items():
        for _ in range(2):
            got = fetch(plane, licensed, address_of(answer, name))
            assert (got.status, got.body) == (200, body)
            assert got.headers["ETag"] == f'"{hashlib.sha256(body).hexdigest()}"'
            assert got.headers["Content-Length"] == str(len(body))
    assert world.sql("SELECT count(*), sum(amount)::bigint FROM usage_events") == [(1, 40_000_000)]
    key = bytes.fromhex(answer.receipt["detail_key"])
    assert answer.leaf["response"] == Commitments(key).response(answer.body)
    assert server.requests[0][2]["X-Supplier-Key"] == "supplier secret"
    assert all("Authorization" not in headers for _, _, headers in server.requests)


def test_a_call_names_parts_or_names_and_only_those_are_delivered(world, server, plane):
    licensed = world.license(listing=package(world, server))

    def names(**parameters):
        return [file["name"] for file in manifest(plane, licensed, parameters).json["files"]]

    assert names(part="east,west") == ["east.csv", "west.csv"]
    assert names(part="east", name="all.bin") == ["east.csv", "all.bin"]
    refused = call(plane, licensed, {"part": "north", "name": "x"})
    assert (refused.status, [each["pointer"] for each in refused.json["errors"]]) == (
        422,
        ["#/part", "#/name"],
    )


def test_a_plan_by_rows_is_charged_by_what_the_version_declares(world, server, plane):
    rule = {"rows": "/files", "units": {"measure": "sum", "at": "/rows_count"}, "units_max": 99}
    licensed = world.license(
        per_call(unit="unit"), listing=package(world, server, outcome_rule=rule)
    )
    answer = manifest(plane, licensed, {"part": "east,all"})
    assert (answer.headers["Outcome"], answer.headers["Usage-Units"]) == ("units", "41")


def test_a_retry_of_a_call_gets_the_same_addresses_and_costs_nothing(world, server, plane):
    licensed = world.license(listing=package(world, server))
    first = manifest(plane, licensed, idempotency_key="k")
    again = manifest(plane, licensed, idempotency_key="k")
    assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
    assert world.one("SELECT count(*) FROM usage_events") == 1


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-0", 206, 0, 0),
        ("bytes=5-9", 206, 5, 9),
        ("bytes=-1", 206, len(LARGE) - 1, len(LARGE) - 1),
        (f"bytes={len(LARGE) - 1}-", 206, len(LARGE) - 1, len(LARGE) - 1),
        (f"bytes=100-{10**15}", 206, 100, len(LARGE) - 1),
        (f"bytes=-{10**15}", 206, 0, len(LARGE) - 1),
        ("bytes=0-", 206, 0, len(LARGE) - 1),
        ("bytes=9-5", 200, 0, len(LARGE) - 1),
        ("bytes=0-1,4-5", 200, 0, len(LARGE) - 1),
        ("rows=0-1", 200, 0, len(LARGE) - 1),
        ("bytes=-", 200, 0, len(LARGE) - 1),
    ],
)
def test_a_range_is_served_at_every_edge(world, server, plane, asked, status, first, last):
    licensed = world.license(listing=package(world, server))
    got = fetch(plane, licensed, address_of(manifest(plane, licensed), "all.bin"), range=asked)
    assert (got.status, got.body == LARGE[first : last + 1]) == (status, True)
    named = f"bytes {first}-{last}/{len(LARGE)}" if status == 206 else None
    assert got.headers.get("Content-Range") == named


def test_a_range_beyond_the_end_is_refused_and_one_of_another_file_is_sent_whole(
    world, server, plane
):
    licensed = world.license(listing=package(world, server))
    address = address_of(manifest(plane, licensed), "all.bin")
    for asked in (f"bytes={len(LARGE)}-", "bytes=-0"):
        refused = fetch(plane, licensed, address, range=asked)
        assert (refused.status, slug(refused)) == (416, "range-not-satisfiable")
        assert refused.headers["Content-Range"] == f"bytes */{len(LARGE)}"
    etag = fetch(plane, licensed, address, method="HEAD").headers["ETag"]
    for validator, status in ((etag, 206), ('"other"', 200), (f"W/{etag}", 200)):
        got = fetch(plane, licensed, address, range="bytes=1-2", if_range=validator)
        assert got.status == status


def test_a_head_says_everything_and_asks_nobody(world, server, plane):
    licensed = world.license(listing=package(world, server))
    got = fetch(plane, licensed, address_of(manifest(plane, licensed), "all.bin"), method="HEAD")
    assert (got.status, got.body, got.headers["Content-Length"]) == (200, b"", str(len(LARGE)))
    assert got.headers["Accept-Ranges"] == "bytes"
    assert server.requests == []


def test_a_download_that_was_cut_is_resumed_where_it_ended(world, server, plane):
    licensed = world.license(listing=package(world, server))
    address = address_of(manifest(plane, licensed), "all.bin")

    def cut(handler, body):
        first = int(handler.headers["Range"].removeprefix("bytes=").partition("-")[0])
        send(
            handler,
            206,
            body[first : first + 100_000],
            length=len(body) - first,
            **{"Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"},
        )

    server.behave = cut
    got = cut_off(plane, licensed, address)
    assert got == LARGE[: len(got)]
    assert 0 < len(got) < len(LARGE)
    assert failures(world) == {"closed_early": 1}
    server.behave = None
    rest = fetch(plane, licensed, address, range=f"bytes={len(got)}-")
    assert (rest.status, got + rest.body == LARGE) == (206, True)


def cut_off(plane, licensed, address):
    """What arrives of a file before its connection is closed."""
    environment = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": address,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {licensed.key}",
    }
    got = []
    pieces = plane(environment, lambda *_: None)
    with pytest.raises(Exception, match=r"^$") as ended:
        got.extend(pieces)
    assert type(ended.value).__name__ == "StreamCut"
    pieces.close()
    return b"".join(got)


def test_a_file_of_another_hash_never_arrives_whole(world, server, plane):
    licensed = world.license(listing=package(world, server))
    answer = manifest(plane, licensed)
    server.behave = lambda handler, body: serve_range(handler, body, sent=b"x" * len(body))
    assert len(cut_off(plane, licensed, address_of(answer, "all.bin"))) < len(LARGE)
    small = fetch(plane, licensed, address_of(answer, "east.csv"))
    assert (small.status, slug(small)) == (502, "file-not-served")
    assert failures(world) == {"hash_differs": 2}


def _status(status, **headers):
    return lambda handler, _body: send(handler, status, b"", **headers)


def _hang(handler, _body):
    handler.server.shutdown_asked = True
    handler.wfile.flush()
    handler.connection.recv(1)  # nothing comes: it ends when the exchange gives up


LIES = {
    "another length": (lambda h, b: serve_range(h, b + b"x"), "length_differs"),
    "a shorter file": (lambda h, b: serve_range(h, b[:5]), "length_differs"),
    "more than announced": (
        lambda h, b: send(h, 206, b + b"x", length=len(b), **{"Content-Range": _place(b)}),
        "length_differs",
    ),
    "no place": (lambda h, b: send(h, 206, b), "range_not_served"),
    "another place": (
        lambda h, b: send(h, 206, b, **{"Content-Range": f"bytes 1-{len(b)}/{len(b)}"}),
        "range_not_served",
    ),
    "a redirect": (_status(302, Location="http://169.254.169.254/"), "redirected"),
    "no credential": (_status(401), "credential_refused"),
    "an error": (_status(500), "error_status"),
    "silence": (_hang, "timed_out"),
}


def _place(body):
    return f"bytes 0-{len(body) - 1}/{len(body)}"


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_lies_is_told_and_the_buyer_sees_it(world, server, plane, lie):
    licensed = world.license(listing=package(world, server, timeout_ms=500))
    address = address_of(manifest(plane, licensed), "east.csv")
    server.behave, kind = LIES[lie]
    refused = fetch(plane, licensed, address)
    assert (refused.status, slug(refused)) == (502, "file-not-served")
    assert failures(world) == {kind: 1}
    server.behave = None
    assert fetch(plane, licensed, address).status == 200


def test_a_part_of_a_file_is_not_taken_from_the_whole_of_it(world, server, plane):
    licensed = world.license(listing=package(world, server))
    address = address_of(manifest(plane, licensed), "all.bin")
    server.behave = lambda handler, body: send(handler, 200, body)
    assert fetch(plane, licensed, address, range="bytes=5-9").status == 502
    assert fetch(plane, licensed, address).body == LARGE
    assert failures(world) == {"range_not_served": 1}


def test_an_address_serves_its_own_licence_and_nobody_else(world, server, plane):
    listing = package(world, server)
    mine, theirs = world.license(listing=listing), world.license(listing=listing, buyer="org_b")
    address = address_of(manifest(plane, mine), "east.csv")
    _, _, code, token, name = address.split("/")
    forged = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    for licensed, path in (
        (theirs, address),
        (mine, f"/files/{code}/{forged}/{name}"),
        (mine, f"/files/{code}/{token}/west.csv"),
        (mine, f"/files/{code}/{token}/absent.csv"),
        (mine, f"/files/{code}/!!/{name}"),
    ):
        assert fetch(plane, licensed, path).status == 404
    assert call(plane, path=address).status == 401
    elsewhere = world.license(listing=package(world, server, code="S0001-ELSEWHERE0"))
    assert fetch(plane, elsewhere, address).status == 403
    assert call(plane, mine, path=address, method="POST").headers["Allow"] == "GET, HEAD"
    assert server.requests == []


def test_an_address_lapses_and_a_new_call_gives_another(world, server, plane, clock):
    licensed = world.license(listing=package(world, server))
    address = address_of(manifest(plane, licensed), "east.csv")
    clock.advance(seconds=timedelta(hours=24).total_seconds() - 1)
    assert fetch(plane, licensed, address).status == 200
    clock.advance(seconds=1)
    refused = fetch(plane, licensed, address)
    assert (refused.status, slug(refused)) == (403, "file-address-lapsed")
    assert fetch(plane, licensed, address_of(manifest(plane, licensed), "east.csv")).status == 200


ENDS = {
    "licence-not-active": lambda world, licensed: world.change(
        services.revoke_entitlement, licence_id=licensed.licence_id
    ),
    "listing-not-delivering": lambda world, licensed: world.change(
        services.suspend_route, listing_code=licensed.listing_code
    ),
    "call-key-unknown": lambda world, licensed: world.change(
        services.withdraw_key, key_id=licensed.key_id
    ),
    "purpose-not-licensed": lambda world, licensed: world.change(
        services.narrow_entitlement,
        licence_id=licensed.licence_id,
        terms={},
        terms_hash="0" * 64,
        permitted_purposes=["FRAUD"],
        starts_at=world.clock.now() - timedelta(days=1),
        ends_at=world.clock.now() + timedelta(days=1),
    ),
}


@pytest.mark.parametrize("reason", ENDS)
def test_nothing_is_served_after_licence_listing_key_or_purpose_has_ended(
    world, server, reason, monkeypatch
):
    monkeypatch.setattr("metering.calls.downloads.RECHECK_SECONDS", 0.0)
    plane = world.plane(cache_seconds=0.0)
    licensed = world.license(listing=package(world, server))
    address = address_of(manifest(plane, licensed), "all.bin")
    environment = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": address,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {licensed.key}",
    }
    pieces = iter(plane(environment, lambda *_: None))
    next(pieces)
    ENDS[reason](world, licensed)
    plane._callers.forget_everything()
    with pytest.raises(Exception, match=r"^$") as ended:
        list(pieces)
    assert type(ended.value).__name__ == "StreamCut"
    refused = fetch(plane, licensed, address)
    assert slug(refused) == reason


def test_a_licence_for_some_of_the_fields_gets_no_file(world, server, plane):
    licensed = world.license(listing=package(world, server), fields=["iata"])
    refused = call(plane, licensed)
    assert (refused.status, slug(refused)) == (403, "files-undivided")
    whole = world.license(listing=("S0001-PACKAGEFJK", "ver_EFJK"))
    narrowed = call(plane, whole, answer_fields="iata")
    assert (narrowed.status, slug(narrowed)) == (403, "files-undivided")
    assert world.one("SELECT count(*) FROM usage_events") == 0


def test_downloads_at_once_are_bounded_and_their_places_come_back(world, server, plane):
    licensed = world.license(listing=package(world, server))
    address = address_of(manifest(plane, licensed), "all.bin")
    environment = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": address,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {licensed.key}",
    }
    opened = [plane(environment, lambda *_: None) for _ in range(LICENCE_DOWNLOADS_MAX)]
    begun = [(each, next(iter(each))) for each in opened]
    refused = fetch(plane, licensed, address)
    assert (refused.status, slug(refused)) == (429, "downloads-busy")
    for each, _ in begun:
        each.close()
    assert fetch(plane, licensed, address).body == LARGE


def test_who_asks_is_seen_in_no_address(world, server, plane):
    licensed = world.license(listing=package(world, server))
    shown = json.dumps(manifest(plane, licensed).json)
    assert licensed.key not in shown
    assert licensed.licence_id not in shown
    assert server.url not in shown
