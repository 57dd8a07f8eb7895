"""Files of a package through a real server: sent in pieces, cut with their supplier, resumed."""

import hashlib
import http.client
import json

import pytest

from tests.factories.metering import per_call
from tests.fakes.file_server import FileServer, send
from tests.processes.metering_servers import Server

pytestmark = pytest.mark.processes

BODY = hashlib.shake_256(b"a package").digest(3 * 2**20)
FIELDS_IN = [{"name": name, "type": "string", "max_length": 99} for name in ("part", "name")]


@pytest.fixture(params=["loop", "threads"])
def server(request, metered_world):
    started = Server(metered_world.database_url, served_by=request.param)
    yield started
    started.stop()


@pytest.fixture
def supplier():
    made = FileServer({"all.bin": BODY})
    yield made
    made.stop()


@pytest.fixture
def licensed(metered_world, supplier):
    metered_world.fund(10**10)
    declared = {
        "name": "all.bin",
        "size_bytes": len(BODY),
        "sha256": hashlib.sha256(BODY).hexdigest(),
    }
    listing = metered_world.publish(
        supplier.url, code="S0001-PACKAGEFJK", files=[declared], fields_in=FIELDS_IN
    )
    return metered_world.license(per_call(), listing=listing)


def ask(server, licensed, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Authorization": f"Bearer {licensed.key}", **headers}
    connection.request(method, path, headers=headers)
    return connection.getresponse()


def cut_in_the_middle(handler, body):
    place = {"Content-Range": f"bytes 0-{len(body) - 1}/{len(body)}"}
    send(handler, 206, body[: 2 * 2**20 + 1], length=len(body), **place)


def test_a_package_arrives_whole_and_again_where_its_supplier_cut_it(
    server, licensed, supplier, metered_world
):
    answer = ask(server, licensed, f"/data/{licensed.listing_code}")
    (file,) = json.loads(answer.read())["files"]
    head = ask(server, licensed, file["address"], "HEAD")
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(BODY)))
    whole = ask(server, licensed, file["address"])
    assert (whole.read(), whole.headers["ETag"]) == (BODY, f'"{file["sha256"]}"')

    supplier.behave = cut_in_the_middle
    with pytest.raises((http.client.IncompleteRead, ConnectionError)) as cut:
        ask(server, licensed, file["address"]).read()
    got = cut.value.partial if isinstance(cut.value, http.client.IncompleteRead) else b""
    assert got == BODY[: len(got)]
    supplier.behave = None
    validator = {"Range": f"bytes={len(got)}-", "If-Range": f'"{file["sha256"]}"'}
    rest = ask(server, licensed, file["address"], **validator)
    assert (rest.status, got + rest.read() == BODY) == (206, True)
    assert metered_world.one("SELECT count(*) FROM usage_events") == 1
