"""Trails from room to room, and the regulator's export of an organisation."""

import io
import json
import zipfile

import pytest

from tests.functional.test_audit_answers import audited, verify

__all__ = ["audited"]
PERIOD = {"from": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}


@pytest.fixture
def trail(audited):
    def read(subject, **query):
        pages, cursor = [], None
        while True:
            given = {"subject": subject, **query, **({"cursor": cursor} if cursor else {})}
            page = audited.auditor.get("/v1/audit-trails", query=given)
            pages.append(page)
            cursor = page["next_cursor"]
            if cursor is None:
                return pages

    return read


def kinds(pages):
    return [each["kind"] for page in pages for each in page["items"]]


def test_a_licence_leads_to_its_product_and_its_money(audited, trail):
    found = set(kinds(trail(audited.world.airports.licence_id)))
    before = {"version_submitted", "rules_evaluated", "registered", "listed", "scenario_approved"}
    assert found >= before | {"order_placed", "licence_granted", "call", "accrue_calls"}


def test_a_licence_does_not_lead_to_other_licences(audited, trail):
    pages = trail(audited.world.airports.licence_id)
    assert audited.world.days.licence_id not in json.dumps(pages)


def test_a_product_leads_down_to_its_calls(audited, trail):
    world = audited.world
    product_id = world.airports.product["id"]
    found = kinds(trail(product_id))
    assert found.count("call") == 3
    assert {"item_answer", "review_decision", "evaluation", "licence_granted"} <= set(found)
    assert "call" not in kinds(trail(product_id, calls="false"))


def test_pages_together_are_the_whole_in_the_order_of_time(audited, trail):
    buyer_id = audited.world.organisations["buyer"]
    whole = [each for page in trail(buyer_id) for each in page["items"]]
    pages = trail(buyer_id, limit=3)
    assert len(pages) > 5
    paged = [each for page in pages for each in page["items"]]
    assert paged[: len(whole)] == whole
    assert [each["at"] for each in paged] == sorted(each["at"] for each in paged)


def test_a_subject_that_nobody_knows(audited):
    audited.auditor.get("/v1/audit-trails?subject=ord_nobody", expect=404)
    audited.auditor.get("/v1/audit-trails?subject=x&cursor=zzz", expect=422)


def test_a_regulator_gets_everything_about_an_organisation_at_once(audited, tmp_path):
    world = audited.world
    buyer_id = world.organisations["buyer"]
    audited.exchange.settle()
    query = f"organisation_id={buyer_id}&from={PERIOD['from']}&until={PERIOD['until']}"
    body = audited.auditor.expect("GET", f"/v1/audit-exports?{query}", 200).body
    (tmp_path / "export.zip").write_bytes(body)
    files = zipfile.ZipFile(io.BytesIO(body))
    told = {
        name.removeprefix("records/").removesuffix(".json"): json.loads(files.read(name))
        for name in files.namelist()
        if name.startswith("records/")
    }
    assert {each["id"] for each in told["licences"]} >= {
        world.airports.licence_id,
        world.days.licence_id,
    }
    assert len(told["usage_events"]) == 3 + 3 + 1, "two products, and the call about a person"
    purposes = {(each["listing_code"], each["purpose"]) for each in told["usage_events"]}
    assert (world.airports.listing_code, "LOGISTICS") in purposes
    assert (world.days.listing_code, None) in purposes, "its licence permits several"
    assert [each["id"] for each in told["organisations"]] == [buyer_id]
    assert json.loads(files.read("answer.json"))["verdict"] == "PASS"
    leaves = [name for name in files.namelist() if name.startswith("leaves/")]
    proofs = [name for name in files.namelist() if name.startswith("proofs/")]
    assert len(leaves) == len(proofs) > 10
    (tmp_path / "keys.json").write_bytes(files.read("keys.json"))
    assert verify("bundle", tmp_path / "export.zip", "--keys", tmp_path / "keys.json") == 0


def test_an_export_holds_no_secret_and_nobody_elses_row(audited):
    world = audited.world
    query = f"organisation_id={world.organisations['buyer']}&from={PERIOD['from']}"
    answer = audited.auditor.expect(
        "GET", f"/v1/audit-exports?{query}&until={PERIOD['until']}", 200
    )
    text = answer.body.decode("utf-8", "replace")
    for secret in ("password_hash", "secret_hash", "ciphertext", "detail_key"):
        assert secret not in text
    assert world.organisations["contributor"] not in json.dumps(
        zipfile.ZipFile(io.BytesIO(answer.body)).read("records/orders.json").decode()
    )


def test_a_period_that_ends_before_it_begins_is_no_period_of_an_export(audited):
    organisation_id = audited.world.organisations["buyer"]
    period = f"from={PERIOD['until']}&until={PERIOD['from']}"
    audited.auditor.get(f"/v1/audit-exports?organisation_id={organisation_id}&{period}", expect=422)


def test_only_auditors_export_and_follow(audited):
    buyer = audited.world.buyer.client
    buyer.get("/v1/audit-trails?subject=x", expect=403)
    buyer.get(
        f"/v1/audit-exports?organisation_id={audited.world.organisations['buyer']}"
        f"&from={PERIOD['from']}&until={PERIOD['until']}",
        expect=403,
    )
