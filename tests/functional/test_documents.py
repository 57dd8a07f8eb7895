"""Documents behind evidence: sent by their hash, read by those who decide, kept once they were."""

import base64
import hashlib
import secrets
import threading

import psycopg
import pytest
from psycopg import sql

from app.core.reach import Reach
from app.documents import services
from app.web.limits import limiter
from tests.factories.whose_rows import declare

PDF = "application/pdf"
READERS = ("intake-officer", "reviewer-1", "listing-officer", "risk-officer", "auditor")


@pytest.fixture(autouse=True)
def unlimited(monkeypatch):
    """Every answer is wanted, not how fast they come."""
    monkeypatch.setattr(limiter, "enabled", False)


@pytest.fixture
def supplier(worlds):
    return worlds["a"].supplier.client


@pytest.fixture
def contract():
    """A document that nobody has sent before."""
    return b"%PDF-1.4\n" + secrets.token_bytes(40)


def path_of(content):
    return f"/v1/documents/{hashlib.sha256(content).hexdigest()}"


def send(client, content, media_type=PDF, path=None):
    return client.send("PUT", path or path_of(content), content=(media_type, content))


def slug(answer):
    return answer.json["type"].removeprefix("/problems#")


def test_a_document_is_sent_once_however_often_and_comes_back_as_it_is(supplier, contract):
    first, again = send(supplier, contract), send(supplier, contract)
    assert (first.status, again.status) == (201, 200)
    assert first.json == again.json
    assert first.json["size_bytes"] == len(contract)
    assert first.json["opened_at"] is None
    opened = supplier.expect("GET", path_of(contract), 200)
    assert opened.body == contract


def test_it_comes_to_be_saved_and_never_to_be_shown_by_a_browser(supplier, contract):
    send(supplier, contract)
    headers = supplier.expect("GET", path_of(contract), 200).headers
    digest = hashlib.sha256(contract)
    assert headers["content-type"] == PDF
    assert headers["content-disposition"] == f'attachment; filename="{digest.hexdigest()}.pdf"'
    assert headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox")
    assert headers["cache-control"] == "no-store"


def test_what_is_stored_cannot_be_read_without_the_key(supplier, contract, connection):
    send(supplier, contract)
    declare(connection, Reach.EXCHANGE)
    digest = hashlib.sha256(contract).hexdigest()
    (sealed,) = connection.execute(
        "SELECT sealed FROM documents WHERE document_hash = %s", (digest,)
    ).fetchone()
    assert contract[9:] not in bytes(sealed)
    assert len(sealed) > len(contract)


def test_bytes_that_are_not_those_of_the_address_are_refused(supplier, contract):
    other = contract + b"."
    refused = send(supplier, other, path=path_of(contract))
    assert (refused.status, slug(refused)) == (422, "document-differs")
    assert refused.json["sent_hash"] == hashlib.sha256(other).hexdigest()
    assert supplier.send("GET", path_of(contract)).status == 404


@pytest.mark.parametrize(
    ("media_type", "begins"),
    [("text/html", b"<html>"), (PDF, b"<html>"), ("image/png", b"%PDF-1.4"), (PDF, b"")],
)
def test_only_formats_that_show_pages_are_kept_and_only_as_what_they_are(
    supplier, media_type, begins
):
    content = begins + secrets.token_bytes(8) if begins else b""
    refused = send(supplier, content, media_type)
    assert (refused.status, slug(refused)) == (422, "document-type-refused")
    assert PDF in refused.json["allowed"]


@pytest.mark.parametrize(
    ("media_type", "begins", "ending"),
    [
        ("image/jpeg", b"\xff\xd8\xff\xe0", "jpg"),
        ("image/png", b"\x89PNG\r\n\x1a\n", "png"),
        ("application/ofd", b"PK\x03\x04", "ofd"),
    ],
)
def test_each_format_keeps_its_name(supplier, media_type, begins, ending):
    content = begins + secrets.token_bytes(8)
    assert send(supplier, content, media_type).status == 201
    headers = supplier.expect("GET", path_of(content), 200).headers
    assert headers["content-type"] == media_type
    assert headers["content-disposition"].endswith(f'.{ending}"')


def test_a_document_of_ten_mebibytes_is_taken_and_a_byte_more_is_not(supplier):
    most = b"%PDF-1.4\n" + secrets.token_bytes(services.DOCUMENT_BYTES_MAX - 9)
    assert send(supplier, most).status == 201
    assert supplier.expect("GET", path_of(most), 200).body == most
    refused = send(supplier, most + b".")
    assert refused.status == 413
    assert str(services.DOCUMENT_BYTES_MAX) in refused.json["detail"]


def test_an_organisation_keeps_no_more_than_it_may_also_with_two_at_once(supplier, monkeypatch):
    kept = sum(each["size_bytes"] for each in listed(supplier))
    contents = [b"%PDF-1.4\n" + secrets.token_bytes(100) for _ in range(4)]
    monkeypatch.setattr(services, "ORGANISATION_BYTES_MAX", kept + 2 * len(contents[0]))
    answers = []
    threads = [
        threading.Thread(target=lambda each=each: answers.append(send(supplier, each)))
        for each in contents
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [201, 201, 409, 409]
    refused = next(answer for answer in answers if answer.status == 409)
    assert slug(refused) == "documents-full"
    assert refused.json["kept_bytes"] == kept + 2 * len(contents[0])


def listed(client, **query):
    found, cursor = [], None
    while True:
        page = client.get("/v1/documents", query=query | ({"cursor": cursor} if cursor else {}))
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_the_list_has_the_latest_first_and_is_narrowed(supplier, contract):
    sent = send(supplier, contract).json
    assert listed(supplier, limit=2)[0] == sent
    assert listed(supplier, document_hash=sent["document_hash"]) == [sent]
    assert sent in listed(supplier, is_opened="false")
    assert sent not in listed(supplier, is_opened="true")
    assert listed(supplier, until=sent["sent_at"])[:1] != [sent]


def test_nobody_elses_document_is_seen_opened_or_taken_back(worlds, supplier, contract):
    send(supplier, contract)
    strangers = [worlds["b"].supplier.client, worlds["a"].buyer.client]
    for stranger in strangers:
        assert slug(stranger.expect("GET", path_of(contract), 404)) == "document-not-found"
        assert slug(stranger.expect("DELETE", path_of(contract), 404)) == "document-not-found"
        assert not listed(stranger, document_hash=path_of(contract).rpartition("/")[2])
    mine = worlds["a"].organisations["supplier"]
    assert {each["organisation_id"] for each in listed(supplier)} == {mine}
    other = worlds["b"].organisations["supplier"]
    asked = supplier.get("/v1/documents", query={"organisation_id": other})["items"]
    assert {each["organisation_id"] for each in asked} <= {mine}


@pytest.mark.parametrize("name", READERS)
def test_those_who_decide_open_it_and_that_is_noted(worlds, supplier, contract, connection, name):
    send(supplier, contract)
    client = worlds["a"].staff_client(name)
    assert client.expect("GET", path_of(contract), 200).body == contract
    digest = path_of(contract).rpartition("/")[2]
    declare(connection, Reach.EXCHANGE)
    (noted,) = connection.execute(
        "SELECT count(*) FROM log_entries WHERE entry_type = ANY(%s)"
        " AND convert_from(body, 'UTF8')::jsonb->>'opened' = %s",
        (["auditor_read", "administrator_access"], digest),
    ).fetchone()
    assert noted == 1


def test_an_operator_opens_none_and_staff_send_none(worlds, supplier, contract):
    send(supplier, contract)
    operator, reviewer = (
        worlds["a"].staff_client("operator-1"),
        worlds["a"].staff_client("reviewer-1"),
    )
    assert operator.send("GET", path_of(contract)).status == 403
    assert send(reviewer, contract + b".").status == 403
    assert reviewer.send("DELETE", path_of(contract)).status == 403


def test_what_nobody_opened_is_taken_back_and_what_was_opened_stays(worlds, supplier, contract):
    send(supplier, contract)
    supplier.expect("DELETE", path_of(contract), 204)
    assert supplier.send("GET", path_of(contract)).status == 404
    assert supplier.send("DELETE", path_of(contract)).status == 404
    send(supplier, contract)
    worlds["a"].staff_client("reviewer-1").expect("GET", path_of(contract), 200)
    assert slug(supplier.expect("DELETE", path_of(contract), 409)) == "document-opened"
    (kept,) = listed(supplier, document_hash=path_of(contract).rpartition("/")[2])
    assert kept["opened_at"] is not None


def test_one_document_of_two_organisations_is_opened_for_both(worlds, supplier, contract):
    buyer = worlds["a"].buyer.client
    send(supplier, contract)
    send(buyer, contract)
    supplier.expect("GET", path_of(contract), 200)
    worlds["a"].staff_client("reviewer-1").expect("GET", path_of(contract), 200)
    for owner in (supplier, buyer):
        assert slug(owner.expect("DELETE", path_of(contract), 409)) == "document-opened"


def test_a_row_that_was_moved_to_another_organisation_opens_for_nobody(
    worlds, supplier, contract, connection
):
    send(supplier, contract)
    declare(connection, Reach.EXCHANGE)
    connection.execute(
        "UPDATE documents SET organisation_id = %s WHERE document_hash = %s",
        (worlds["a"].organisations["buyer"], path_of(contract).rpartition("/")[2]),
    )
    connection.commit()
    assert worlds["a"].buyer.client.send("GET", path_of(contract)).status == 500
    connection.execute(
        "DELETE FROM documents WHERE document_hash = %s", (path_of(contract).rpartition("/")[2],)
    )
    connection.commit()


def test_a_case_says_which_of_its_documents_can_be_opened(worlds):
    reviewer = worlds["a"].staff_client("reviewer-1")
    case = next(
        each["id"]
        for each in worlds["a"].supplier.client.get("/v1/review-cases/mine")["items"]
        if each["listing_code"] == worlds["a"].airports.listing_code
    )
    documents = reviewer.get(f"/v1/review-cases/{case}")["documents"]
    assert [each["is_sent"] for each in documents] == [True] * len(documents) != []
    taken_back = documents[0]["sha256"]
    assert worlds["a"].supplier.client.send("DELETE", f"/v1/documents/{taken_back}").status == 409


def test_anybody_opens_what_a_listing_shows_to_everybody_and_nothing_else(worlds):
    world = worlds["a"]
    listing = f"/v1/listings/{world.airports.listing_code}"
    shown = [each["sha256"] for each in world.anybody.get(listing)["evidence"]]
    sent = [each["document_hash"] for each in listed(world.supplier.client)]
    assert [hash_ for hash_ in shown if hash_ in sent] == shown != []
    opened = world.anybody.expect("GET", f"{listing}/documents/{shown[0]}", 200)
    assert hashlib.sha256(opened.body).hexdigest() == shown[0]
    assert opened.headers["content-disposition"].startswith("attachment;")
    for hidden in [*set(sent).difference(shown), "0" * 64]:
        refused = world.anybody.expect("GET", f"{listing}/documents/{hidden}", 404)
        assert slug(refused) == "listing-document-not-found"


def test_a_party_opens_what_a_listing_shows_to_its_parties_and_that_is_noted(worlds, connection):
    world = worlds["a"]
    path = f"/v1/licences/{world.airports.licence_id}/documents"
    public = {
        proof["sha256"]
        for proof in world.anybody.get(f"/v1/listings/{world.airports.listing_code}")["evidence"]
    }
    shown = world.buyer.client.get(path)["items"]
    assert shown == world.supplier.client.get(path)["items"]
    (wanted,) = {each["sha256"] for each in shown if each["title"] == "Sites collected from"}
    assert {each["visibility"] for each in shown} == {"PUBLIC", "PARTIES"}
    assert wanted not in public
    declare(connection, Reach.EXCHANGE)
    connection.execute(
        "UPDATE documents SET opened_at = NULL WHERE document_hash = %s AND organisation_id = %s",
        (wanted, world.organisations["supplier"]),
    )
    connection.commit()
    world.supplier.client.expect("GET", f"{path}/{wanted}", 200)
    mine = f"/v1/documents?document_hash={wanted}"
    assert world.supplier.client.get(mine)["items"][0]["opened_at"] is None, "it is its own"
    opened = world.buyer.client.expect("GET", f"{path}/{wanted}", 200)
    assert hashlib.sha256(opened.body).hexdigest() == wanted
    assert opened.headers["content-disposition"].startswith("attachment;")
    declare(connection, Reach.EXCHANGE)
    (noted,) = connection.execute(
        "SELECT count(*) FROM log_entries WHERE entry_type = 'document_opened'"
        " AND convert_from(body, 'UTF8')::jsonb->>'document_hash' = %s",
        (wanted,),
    ).fetchone()
    assert noted == 2
    taken_back = world.supplier.client.send("DELETE", f"/v1/documents/{wanted}")
    assert slug(taken_back) == "document-opened"
    for stranger in (worlds["b"].buyer.client, worlds["b"].supplier.client):
        assert slug(stranger.expect("GET", path, 404)) == "licence-not-found"
        assert slug(stranger.expect("GET", f"{path}/{wanted}", 404)) == "licence-not-found"
    refused = world.buyer.client.expect("GET", f"{path}/{'0' * 64}", 404)
    assert slug(refused) == "licence-document-not-found"


def test_what_a_listing_shows_and_nobody_sent_is_not_there(worlds, connection):
    world = worlds["a"]
    listing = f"/v1/listings/{world.airports.listing_code}"
    (shown,) = [each["sha256"] for each in world.anybody.get(listing)["evidence"]]
    declare(connection, Reach.EXCHANGE)
    away, back = "0" * 64, shown
    for old, new, status in ((back, away, 404), (away, back, 200)):
        connection.execute(
            "UPDATE documents SET document_hash = %s WHERE document_hash = %s AND"
            " organisation_id = %s",
            (new, old, world.organisations["supplier"]),
        )
        connection.commit()
        declare(connection, Reach.EXCHANGE)
        assert world.anybody.send("GET", f"{listing}/documents/{shown}").status == status


def test_the_database_keeps_hash_size_and_owner_to_their_rules(connection, organisations):
    declare(connection, Reach.EXCHANGE)
    row = connection.execute("SELECT * FROM documents LIMIT 1")
    names = [column.name for column in row.description]
    good = dict(zip(names, row.fetchone(), strict=True)) | {"id": "doc_" + "0" * 26}
    good |= {"document_hash": "0" * 64}
    for wrong in (
        {"document_hash": "0" * 63 + "G"},
        {"size_bytes": 0},
        {"size_bytes": services.DOCUMENT_BYTES_MAX + 1},
        {"sealed": b"", "size_bytes": 1},
    ):
        with pytest.raises(psycopg.errors.CheckViolation), connection.transaction():
            write(connection, good | wrong)
    with connection.transaction(force_rollback=True):
        write(connection, good)
        with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
            write(connection, good | {"id": "doc_" + "1" * 26})


def write(connection, row):
    names = sql.SQL(", ").join(map(sql.Identifier, row))
    places = sql.SQL(", ").join([sql.Placeholder()] * len(row))
    statement = sql.SQL("INSERT INTO documents ({}) VALUES ({})").format(names, places)
    connection.execute(statement, list(row.values()))
