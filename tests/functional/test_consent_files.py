"""A file of consents: recorded whole or not at all, each bad row told, nothing recorded twice."""

import json
from datetime import timedelta

import pytest

from app.core.clock import iso_instant
from app.core.pseudonyms import pseudonym_of
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from compliance import services as compliance
from compliance.consent.files import COLUMNS, ROWS_MAX
from compliance.consent.models import Consent
from tests.factories.compliance import NEXT_YEAR, SUPPLIER_ID, everybody_over_http

RECIPIENT_ID = "org_00000000000000000000000001"
CSV, LINES = "text/csv", "application/x-ndjson"


class Collector:
    """A product with an open register, and answers of people who are numbers."""

    def __init__(self, app, clock):
        self.exchange = everybody_over_http(app)
        self.clock = clock
        self.units = app.extensions["counterfoil"].get(UnitOfWorkFactory)
        with self.units.begin(Reach.EXCHANGE) as uow:
            compliance.note_party_verified(
                uow,
                organisation_id=RECIPIENT_ID,
                name="Recipient",
                uscc="91350100M000100Y43",
                is_supplier=False,
                is_buyer=True,
                valid_until=NEXT_YEAR,
            )
            uow.commit()
        self.exchange.submit()
        (product,) = self.exchange.get("supplier", "/v1/products")["items"]
        self.path = f"/v1/products/{product['id']}"
        opened = self.exchange.post("supplier", f"{self.path}/consent-register", {})
        self.key = bytes.fromhex(opened["pseudonym_key"])
        self._keys = 0

    def answer(self, person, **changes):
        return {
            "recipient_id": RECIPIENT_ID,
            "subject": pseudonym_of(self.key, f"person {person}"),
            "purpose": "LOGISTICS",
            "answer": "grant",
            "expires_at": iso_instant(self.clock.now() + timedelta(days=30)),
            "evidence_hash": f"{person:064x}",
            **changes,
        }

    def send(self, data, media_type=CSV, *, who="supplier", key=None):
        self._keys += 1
        return self.exchange.client.post(
            f"{self.path}/consents",
            data=data,
            content_type=media_type,
            headers={"Authorization": who, "Idempotency-Key": key or f"file-{self._keys}"},
        )

    def told(self, data, media_type=CSV):
        made = self.send(data, media_type)
        assert made.status_code == 201, made.text
        return made.get_json()

    def recorded(self):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return uow.session.query(Consent).order_by(Consent.id).all()


@pytest.fixture
def collector(app, clock):
    return Collector(app, clock)


def table(answers):
    rows = [",".join(COLUMNS)]
    rows += [",".join(each.get(name) or "" for name in COLUMNS) for each in answers]
    return "\r\n".join(rows).encode()


def lines(answers):
    return "\n".join(json.dumps(each) for each in answers).encode()


def faults(refused, slug="consent-file-invalid"):
    problem = refused.get_json()
    assert (refused.status_code, problem["type"].partition("#")[2]) == (422, slug), refused.text
    return [each["pointer"] for each in problem.get("errors", ())]


@pytest.mark.parametrize(("written", "media_type"), [(table, CSV), (lines, LINES)])
def test_every_row_is_recorded_with_its_token(collector, written, media_type):
    answers = [collector.answer(person) for person in range(3)]
    answers.append(collector.answer(3, answer="deny", expires_at=None))
    made = collector.send(written(answers), media_type)
    assert made.status_code == 201, made.text
    told = made.get_json()
    assert (told["recorded_count"], told["repeated_count"]) == (4, 0)
    first = 2 if media_type == CSV else 1
    assert [each["line"] for each in told["items"]] == list(range(first, first + 4))
    assert [each["consent"]["state"] for each in told["items"]] == [*["GRANTED"] * 3, "DENIED"]
    assert [bool(each["token"]) for each in told["items"]] == [True, True, True, False]
    assert {each.supplier_id for each in collector.recorded()} == {SUPPLIER_ID}


def test_a_bad_row_is_told_with_every_other_and_nothing_is_recorded(collector):
    answers = [
        collector.answer(0),
        collector.answer(1, subject="130102199003070000", purpose="ANYTHING"),
        collector.answer(2, recipient_id="org_00000000000000000000000002"),
        collector.answer(3, expires_at=iso_instant(collector.clock.now())),
        collector.answer(4, answer="deny"),
        collector.answer(5, evidence_hash=None),
        collector.answer(6),
    ]
    short = b"\r\norg_x,too,few"
    assert faults(collector.send(table(answers) + short)) == [
        "#/3/purpose",
        "#/3/subject",
        "#/4/recipient_id",
        "#/5/expires_at",
        "#/6/expires_at",
        "#/7/evidence_hash",
        "#/9",
    ]
    assert collector.recorded() == []


def test_an_identity_in_a_bad_row_is_not_told_back(collector):
    refused = collector.send(table([collector.answer(1, subject="130102199003070000")]))
    assert faults(refused)
    assert "130102199003070000" not in refused.text


def test_lines_that_are_no_objects_are_told_by_their_number(collector):
    whole = json.dumps(collector.answer(1)).encode()
    data = b"\n".join([whole, b"", b"[1]", b"{", json.dumps({"surname": "x"}).encode()])
    found = faults(collector.send(data, LINES))
    assert found[:2] == ["#/3", "#/4"]
    assert {each.split("/")[1] for each in found[2:]} == {"5"}
    assert "#/5/surname" in found
    assert collector.recorded() == []


def test_what_is_no_such_file_is_refused_whole(collector, subtests):
    for data, media_type in (
        (b"", CSV),
        (b"\xff\xfe", CSV),
        (b"recipient_id,surname\r\na,b", CSV),
        (b"subject,subject\r\na,b", CSV),
        (b'subject\r\n"a', CSV),
        (b"\n\n", LINES),
        (b"{}\n" * (ROWS_MAX + 1), LINES),
    ):
        with subtests.test(data[:40]):
            assert faults(collector.send(data, media_type), "consent-file-unreadable") == []


def test_other_kinds_of_file_are_refused_by_their_name(collector):
    assert collector.send(b"{}", "application/json").status_code == 415


def test_a_file_under_the_same_key_is_answered_as_before(collector):
    data = table([collector.answer(1)])
    made, again = (collector.send(data, key="once") for _ in range(2))
    assert again.get_json() == made.get_json()
    assert len(collector.recorded()) == 1


def test_a_file_that_is_sent_again_records_nothing_twice_and_hands_out_its_tokens(collector):
    answers = [collector.answer(1), collector.answer(2), collector.answer(1)]
    made = collector.told(table(answers))
    assert (made["recorded_count"], made["repeated_count"]) == (2, 1)
    again = collector.told(table([*answers, collector.answer(3)]))
    assert (again["recorded_count"], again["repeated_count"]) == (1, 3)
    assert [each["token"] for each in again["items"][:3]] == [
        each["token"] for each in made["items"]
    ]
    assert len(collector.recorded()) == 3


def test_a_file_that_is_sent_again_revives_nothing_that_was_withdrawn(collector):
    data = table([collector.answer(1)])
    (made,) = collector.told(data)["items"]
    collector.exchange.post(
        "supplier",
        f"/v1/consents/{made['consent']['id']}/withdrawal",
        {"reason_code": "SUBJECT_REQUEST"},
    )
    (again,) = collector.told(data)["items"]
    assert (again["is_new"], again["token"], again["consent"]["state"]) == (
        False,
        None,
        "WITHDRAWN",
    )


def test_a_denial_behind_a_grant_ends_it_in_the_order_of_the_file(collector):
    answers = [collector.answer(1), collector.answer(1, answer="deny", expires_at=None)]
    told = collector.told(table(answers))["items"]
    assert [each["consent"]["state"] for each in told] == ["WITHDRAWN", "DENIED"]


def test_only_who_collects_for_the_product_sends_its_file(collector):
    data = table([collector.answer(1)])
    assert collector.send(data, who="buyer").status_code == 403
    assert collector.send(data, who="stranger").status_code == 404
    assert collector.recorded() == []


def test_a_product_is_deleted_with_its_closed_register_and_not_once_it_was_opened(collector):
    exchange = collector.exchange

    def product():
        return exchange.post("supplier", "/v1/products", {"name": "Another"})["id"]

    closed, opened = product(), product()
    exchange.post("supplier", f"/v1/products/{opened}/consent-register", {})
    gone = exchange.client.delete(f"/v1/products/{closed}", headers={"Authorization": "supplier"})
    assert gone.status_code == 204
    register = f"/v1/products/{closed}/consent-register"
    assert exchange.call("supplier", "GET", register, expect=404)["type"].endswith(
        "#consent-register-not-found"
    )
    refused = exchange.call("supplier", "DELETE", f"/v1/products/{opened}", expect=409)
    assert refused["type"] == "/problems#consent-register-in-use"
    assert exchange.get("supplier", f"/v1/products/{opened}")["id"] == opened
    refused = exchange.call("supplier", "DELETE", collector.path, expect=409)
    assert (refused["type"], refused["reason"]) == ("/problems#kept-on-record", "HANDED_IN")
