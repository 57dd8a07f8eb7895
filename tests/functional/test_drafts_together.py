"""Several people edit one draft, and nobody's work is written over unseen."""

import threading

import pytest

from tests.factories.listings import Market, draft_version
from tests.unit.listings.listings_app import listings_app

SUPPLIER = {"Authorization": "supplier"}


@pytest.fixture
def client(units, clock):
    Market(units, clock)
    return listings_app(units, clock).test_client()


@pytest.fixture
def draft(client):
    product = client.post("/v1/products", json={"name": "城市信息"}, headers=once("product")).json
    address = f"/v1/products/{product['id']}/versions"
    made = client.post(address, json=draft_version(), headers=once("draft"))
    assert made.status_code == 201
    return f"{address}/1"


def once(key):
    return {**SUPPLIER, "Idempotency-Key": key}


def tag_of(client, draft):
    return client.get(draft, headers=SUPPLIER).headers["ETag"]


def save(client, draft, tag, **changes):
    return client.patch(draft, json=changes, headers={**SUPPLIER, "If-Match": tag})


def test_what_a_colleague_saved_meanwhile_is_not_written_over(client, draft, clock):
    read = tag_of(client, draft)
    first = save(client, draft, read, summary="A colleague's.")
    assert (first.status_code, first.headers["ETag"]) == (200, tag_of(client, draft))
    second = save(client, draft, read, description="Mine.")
    assert (second.status_code, second.json["type"]) == (412, "/problems#version-changed")
    content = client.get(draft, headers=SUPPLIER).json["content"]
    assert (content["summary"], content["description"]) != ("A colleague's.", "Mine.")
    assert save(client, draft, first.headers["ETag"], description="Mine.").status_code == 200


def test_of_two_windows_that_save_at_once_one_is_told(client, draft):
    read, answers = tag_of(client, draft), []
    start = threading.Barrier(2)

    def window(summary):
        start.wait()
        answers.append(save(client.application.test_client(), draft, read, summary=summary))

    threads = [threading.Thread(target=window, args=(text,)) for text in ("One.", "Other.")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 412]


@pytest.mark.parametrize("tag", ['"another"', 'W/"{read}"', "another"])
def test_a_whole_draft_is_replaced_and_handed_in_only_as_it_was_read(client, draft, tag):
    asked = {"If-Match": tag.format(read=tag_of(client, draft).strip('"'))}
    replaced = client.put(draft, json={"name": "Mine"}, headers={**SUPPLIER, **asked})
    handed_in = client.post(
        f"{draft}/submission", headers={**SUPPLIER, **asked, "Idempotency-Key": "hand-in"}
    )
    assert [replaced.status_code, handed_in.status_code] == [412, 412]
    shown = client.get(draft, headers=SUPPLIER).json
    assert (shown["state"], shown["content"]["name"]) == ("DRAFT", draft_version()["name"])


@pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}])
def test_without_a_condition_the_last_one_to_save_wins(client, draft, headers):
    for summary in ("First.", "Second."):
        answer = client.patch(draft, json={"summary": summary}, headers={**SUPPLIER, **headers})
        assert answer.status_code == 200
    assert client.get(draft, headers=SUPPLIER).json["content"]["summary"] == "Second."


def test_new_plans_and_another_credential_give_another_tag(client, draft, clock):
    tags = {tag_of(client, draft)}
    plan = {"kind": "per_call", "unit": "hit", "unit_price": "0.30"}
    upstream = draft_version()["upstream"] | {"credential": "another secret"}
    for change in ({"offers": [{"name": "Other", "plans": [plan]}]}, {"upstream": upstream}):
        clock.advance(seconds=1)
        answer = client.patch(draft, json=change, headers=SUPPLIER)
        assert answer.status_code == 200, answer.text
        tags.add(answer.headers["ETag"])
    assert len(tags) == 3


def test_a_draft_and_then_its_product_are_deleted_over_http(client, draft):
    product = draft.removesuffix("/versions/1")
    tag = tag_of(client, draft)
    assert save(client, draft, tag, summary="Another.").status_code == 200
    stale = client.delete(draft, headers={**SUPPLIER, "If-Match": tag})
    assert (stale.status_code, stale.json["type"]) == (412, "/problems#version-changed")
    assert client.delete(draft, headers={"Authorization": "buyer"}).status_code == 403
    assert client.delete(draft, headers=SUPPLIER).status_code == 204
    assert client.get(draft, headers=SUPPLIER).status_code == 404
    assert client.get(product, headers=SUPPLIER).json["versions"] == []
    assert client.delete(product, headers=SUPPLIER).status_code == 204
    gone = client.delete(product, headers=SUPPLIER)
    assert (gone.status_code, gone.json["type"]) == (404, "/problems#product-not-found")
