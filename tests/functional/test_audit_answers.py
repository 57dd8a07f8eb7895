"""The auditor's questions: each passes on an honest exchange and fails after a planted breach."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import counterfoil_verify
import psycopg
import pytest

from app import embedded_postgres
from demo import onboarding
from demo.http import Client
from demo.world import World
from tests.factories.contested import contest
from tests.factories.whole_exchange import WholeExchange, trade

ANSWERED = tuple(range(1, 21))
PROVED = (2, 3, 4, 8, 9, 10, 11, 13, 14, 15, 18)
"""With the one below twelve: as many bundles as an auditor may ask for in a minute."""
NOT_THERE = {
    "dispute_was_decided_by_a_third",
    "personal_call_rests_on_a_consent",
    "every_delivery_is_counted_once",
    "no_threshold_is_reached_without_consent",
    "no_person_leaves_the_country_unapproved",
    "shift_was_told",
    "shift_has_its_report",
}
"""What nothing happens of here: no dispute, no call about a person, no second quality report."""


class Audited:
    """A small exchange of this module's own, which superuser SQL may damage."""

    def __init__(self, exchange, superuser, world):
        self.exchange, self.superuser, self.world = exchange, superuser, world
        self.auditor = world.staff_client("auditor")

    def ask(self, number, **filters):
        return self.auditor.get(f"/v1/audit-questions/{number}/answer", query=filters)


def build(postgres, template, folder, name):
    url = embedded_postgres.ensure_database(postgres, name, template=template)
    exchange = WholeExchange(url, folder)
    first = World(exchange)
    onboarding.open_the_exchange(first)
    world = trade(exchange, first.staff, "audited", 10)
    contest(world, exchange)
    listing = world.days.listing_code
    reason = {"reason_code": "COMPLAINT"}
    world.staff_client("reviewer-1").post(f"/v1/listings/{listing}/suspension", reason)
    exchange.settle()
    return Audited(exchange, postgres.replace("/postgres?", f"/{name}?"), world)


@pytest.fixture(scope="module")
def audited(postgres, template_database, tmp_path_factory):
    name = f"audited_{os.getpid()}"
    made = build(postgres, template_database, tmp_path_factory.mktemp("audited"), name)
    yield made
    made.exchange.close()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_all_twenty_questions_are_listed_and_what_is_missing_is_named(audited):
    items = audited.auditor.get("/v1/audit-questions")["items"]
    assert [each["number"] for each in items] == list(range(1, 21))
    assert not [each for each in items if each["standing"] == "missing"]
    assert all(each["missing"] for each in items if each["standing"] != "whole")


def test_what_stood_behind_a_listing_at_an_instant_is_told(audited):
    listing = audited.world.days.listing_code
    standing = audited.ask(2, listing_code=listing)["figures"]["standing"]
    assert {each["stage"] for each in standing["decisions"]} >= {"REVIEW", "SECOND"}
    assert (standing["listing_decision"]["officer_id"][:4], standing["panel"]) == ("psn_", None)
    before = audited.ask(2, listing_code=listing, until="2020-01-01T00:00:00Z")
    assert before["figures"]["standing"] is None


@pytest.mark.parametrize("number", ANSWERED)
def test_an_honest_exchange_passes(audited, number):
    audited.auditor.get("/v1/audit-questions")  # so that there is a reading to examine
    answer = audited.ask(number)
    assert (answer["verdict"], answer["findings"]) == ("PASS", [])
    assert answer["leaf_hashes"]


def test_the_proofs_of_an_answer_convince_an_outsider(audited, tmp_path):
    audited.exchange.settle()
    answer = audited.auditor.expect("GET", "/v1/audit-questions/7/bundle", 200)
    (tmp_path / "answer.zip").write_bytes(answer.body)
    files = zipfile.ZipFile(io.BytesIO(answer.body))
    told = json.loads(files.read("answer.json"))
    assert (told["number"], told["verdict"]) == (7, "PASS")
    assert told["leaf_hashes"]
    keys = tmp_path / "keys.json"
    keys.write_bytes(files.read("keys.json"))
    assert verify("bundle", tmp_path / "answer.zip", "--keys", keys) == 0
    for leaf_hash in told["leaf_hashes"]:
        proof, leaf = tmp_path / "proof.txt", tmp_path / "leaf.json"
        proof.write_bytes(files.read(f"proofs/{leaf_hash}.txt"))
        leaf.write_bytes(files.read(f"leaves/{leaf_hash}.json"))
        assert verify("proof", proof, "--entry", leaf, "--keys", keys) == 0
    leaf.write_bytes(leaf.read_bytes().replace(b'"v":1', b'"v":2'))
    assert verify("proof", proof, "--entry", leaf, "--keys", keys) == 1


@pytest.mark.parametrize("number", PROVED)
def test_what_is_answered_has_its_proof(audited, tmp_path, number):
    audited.exchange.settle()
    answer = audited.auditor.expect("GET", f"/v1/audit-questions/{number}/bundle", 200)
    files = zipfile.ZipFile(io.BytesIO(answer.body))
    told = json.loads(files.read("answer.json"))
    assert (told["verdict"], told["findings"]) == ("PASS", [])
    assert told["leaf_hashes"]
    nothing_there = {name for name, count in told["examined"].items() if not count}
    assert nothing_there <= NOT_THERE
    (tmp_path / "answer.zip").write_bytes(answer.body)
    (tmp_path / "keys.json").write_bytes(files.read("keys.json"))
    assert verify("bundle", tmp_path / "answer.zip", "--keys", tmp_path / "keys.json") == 0


def verify(*arguments):
    command = [sys.executable, "-m", "counterfoil_verify", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(Path(counterfoil_verify.__file__).parents[1])}
    return subprocess.run(command, check=False, capture_output=True, env=environment).returncode


def test_each_reading_is_recorded_in_the_log(audited):
    audited.ask(9)
    query = {"type": "auditor_read", "subject": "audit-questions/9/answer"}
    (entry, *_) = audited.auditor.get("/v1/log-entries", query=query)["items"]
    assert entry["leaf"]["principal"].startswith("psn_")


def test_only_auditors_ask(audited):
    for somebody in (audited.world.supplier.client, audited.world.staff_client("reviewer-1")):
        for path in ("", "/7/answer", "/7/bundle"):
            somebody.get(f"/v1/audit-questions{path}", expect=403)
    Client(audited.exchange.base_url).get("/v1/audit-questions/7/answer", expect=401)


def test_a_filter_that_a_question_does_not_know_is_refused_not_ignored(audited):
    audited.auditor.get("/v1/audit-questions/13/answer?listing_code=x", expect=422)
    audited.auditor.get("/v1/audit-questions/21/answer", expect=404)


def test_nothing_examined_is_no_pass(audited):
    assert audited.ask(7, listing_code="nobody-knows")["verdict"] == "NOT_ANSWERABLE"


def test_a_licence_narrows_what_is_examined(audited):
    one = audited.ask(5, licence_id=audited.world.airports.licence_id)
    assert one["examined"]["call_is_its_leaf"] == 3
    assert one["examined"]["licence_is_within_its_scenario"] == 1
