"""Licences whose buyer signs each call: nothing else is answered, and nothing is charged twice."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import named_key
from counterfoil_verify.receipts import check_detail, parse_receipt
from counterfoil_verify.signed_parameters import check_parameters
from counterfoil_verify.signed_requests import (
    RequestSigner,
    check_commitment,
    check_request,
    check_signature,
    parse_signed_request,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.core.reach import Reach
from metering import signing_services
from metering.erasure.details import erase_details
from metering.ports import UpstreamAnswer
from metering.signing.errors import SignedRequestNotFound
from metering.signing.stored import SignedRequestReader
from tests.factories.metering import CIPHER, World, call
from tests.fakes.metering_ports import HeldUpstream

YUAN = 10**8
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')
NAME = "org_buyer/acknowledgements"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VKEY = named_key(NAME, KEY)


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(100 * YUAN)
    made.change(
        signing_services.admit_signer,
        organisation_id="org_buyer",
        vkey=VKEY.text,
        public_key=VKEY.public,
    )
    yield made
    made.close()


@pytest.fixture
def licensed(world):
    made = world.license()
    demand(world, made)
    return made


def demand(world, licensed, *, is_signed=True):
    world.change(
        signing_services.demand_signatures, licence_id=licensed.licence_id, is_signed=is_signed
    )


def sign(world, licensed, *, method="GET", body=b"", licence=None, **options):
    """The header fields of a call, as keywords of `call`."""
    query = "" if method == "POST" else "?iata=PVG"
    signer = RequestSigner(licence or licensed.licence_id, name=NAME, key=KEY)
    options = {"created": int(world.clock.now().timestamp())} | options
    fields = signer.headers(method, f"/data/{licensed.listing_code}{query}", body, **options)
    return {name.lower().replace("-", "_"): text for name, text in fields.items()}


def ask(plane, licensed, fields=None, **options):
    return call(plane, licensed, {"iata": "PVG"}, **(fields or {}), **options)


def slug(answer):
    return answer.json["type"].partition("#")[2]


def kept(world, n=1):
    with world.units.begin(Reach.EXCHANGE) as uow:
        licence_id = world.one("SELECT min(licence_id) FROM signed_requests")
        reader = SignedRequestReader(CIPHER)
        return reader.read(uow.session, "org_buyer", licence_id=licence_id, lane=1, n=n)


def test_an_unsigned_call_is_refused_and_free(world, licensed):
    upstream = HeldUpstream(HIT)
    answer = ask(world.plane(upstream), licensed)
    assert (answer.status, slug(answer)) == (401, "call-signature-missing")
    assert "counterfoil:" in answer.json["detail"]
    assert world.one("SELECT count(*) FROM usage_events") == 0


def test_a_signed_call_is_answered_and_the_signature_is_its_evidence(world, licensed):
    answer = ask(world.plane(HeldUpstream(HIT)), licensed, sign(world, licensed))
    assert answer.status == 200, answer.json
    request, receipt = (
        parse_signed_request(kept(world)),
        parse_receipt(json.dumps(answer.receipt).encode(), is_strict=False),
    )
    check_detail(receipt)
    assert check_signature(request, [VKEY]) == VKEY
    check_request(request, receipt)
    assert check_parameters(request, receipt) == "with the parameters signed"
    check_commitment(request, receipt)
    assert b"PVG" not in bytes(world.one("SELECT sealed FROM signed_requests"))


def test_a_post_is_signed_with_its_body(world, licensed):
    plane, body = world.plane(HeldUpstream(HIT)), b'{"iata": "PVG"}'
    fields = sign(world, licensed, method="POST", body=body)
    assert call(plane, licensed, method="POST", body=body, **fields).status == 200
    fields = sign(world, licensed, method="POST", body=body)
    answer = call(plane, licensed, method="POST", body=b'{"iata": "SHA"}', **fields)
    assert (answer.status, slug(answer)) == (401, "call-signature-invalid")


def test_a_signed_request_is_charged_once(world, licensed):
    plane, fields = world.plane(HeldUpstream(HIT)), sign(world, licensed)
    assert ask(plane, licensed, fields).status == 200
    again = ask(plane, licensed, fields)
    assert (again.status, slug(again)) == (401, "call-signature-replayed")
    assert world.one("SELECT count(*) FROM usage_events") == 1


def test_a_retry_with_an_idempotency_key_may_carry_the_same_signature(world, licensed):
    plane, fields = world.plane(HeldUpstream(HIT)), sign(world, licensed)
    first = ask(plane, licensed, fields, idempotency_key="once")
    again = ask(plane, licensed, fields, idempotency_key="once")
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_of_many_with_one_signature_at_once_one_is_charged(world, licensed):
    fields = sign(world, licensed)
    planes = [world.plane(HeldUpstream(HIT)) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: ask(planes[i % 2], licensed, fields), range(8)))
    assert sorted(answer.status for answer in answers) == [200, *[401] * 7]
    assert {slug(each) for each in answers if each.status == 401} == {"call-signature-replayed"}
    assert world.one("SELECT count(*) FROM usage_events") == 1


def test_a_signature_for_another_licence_or_another_time_is_refused(world, licensed):
    plane = world.plane(HeldUpstream(HIT))
    for fields in (
        sign(world, licensed, licence="lic_other"),
        sign(world, licensed, created=int(world.clock.now().timestamp()) - 400),
    ):
        assert slug(ask(plane, licensed, fields)) == "call-signature-invalid"


def test_a_withdrawn_key_signs_nothing_more(world, licensed):
    plane = world.plane(HeldUpstream(HIT))
    assert ask(plane, licensed, sign(world, licensed)).status == 200
    world.change(signing_services.withdraw_signer, organisation_id="org_buyer", vkey=VKEY.text)
    answer = ask(world.plane(HeldUpstream(HIT)), licensed, sign(world, licensed))
    assert (answer.status, slug(answer)) == (403, "call-signature-key-unknown")


def test_another_buyers_key_signs_nothing_here(world, licensed):
    theirs = named_key("org_other/acknowledgements", KEY)
    world.change(
        signing_services.admit_signer,
        organisation_id="org_other",
        vkey=theirs.text,
        public_key=theirs.public,
    )
    signer = RequestSigner(licensed.licence_id, name="org_other/acknowledgements", key=KEY)
    at = int(world.clock.now().timestamp())
    fields = signer.headers("GET", f"/data/{licensed.listing_code}?iata=PVG", created=at)
    fields = {name.lower().replace("-", "_"): text for name, text in fields.items()}
    answer = ask(world.plane(HeldUpstream(HIT)), licensed, fields)
    assert slug(answer) == "call-signature-key-unknown"


def test_the_choice_counts_from_its_commit_on_and_may_be_taken_back(world):
    licensed, plane = world.license(), world.plane(HeldUpstream(HIT))
    first = ask(plane, licensed)
    assert "signed" not in first.leaf
    demand(world, licensed)
    fields = sign(world, licensed)
    assert ask(world.plane(HeldUpstream(HIT)), licensed).status == 401
    assert "signed" in ask(world.plane(HeldUpstream(HIT)), licensed, fields).leaf
    demand(world, licensed, is_signed=False)
    assert ask(world.plane(HeldUpstream(HIT)), licensed).status == 200


def test_a_call_under_way_when_signatures_are_asked_for_is_refused(world):
    licensed, upstream = world.license(), HeldUpstream(HIT)
    upstream.gate.clear()
    plane = world.plane(upstream)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(ask, plane, licensed)
        assert upstream.asked.wait(10)
        demand(world, licensed)
        upstream.gate.set()
        answer = under_way.result()
    assert (answer.status, slug(answer)) == (401, "call-signature-missing")
    assert world.one("SELECT count(*) FROM usage_events") == 0


def test_invented_calls_are_in_dispute(world, licensed):
    plane = world.plane(HeldUpstream(HIT))
    asked = ask(plane, licensed, sign(world, licensed))
    signed = parse_signed_request(kept(world))
    demand(world, licensed, is_signed=False)
    invented = ask(world.plane(HeldUpstream(HIT)), licensed)
    receipt = parse_receipt(json.dumps(invented.receipt).encode(), is_strict=False)
    with pytest.raises(Rejected, match="in dispute"):
        check_commitment(signed, receipt)
    own = parse_receipt(json.dumps(asked.receipt).encode(), is_strict=False)
    check_commitment(signed, own)
    assert base64.b64decode(invented.receipt["entry"]) != base64.b64decode(asked.receipt["entry"])


def test_with_the_detail_the_signed_request_is_erased_but_its_nonce_stays_used(world, licensed):
    plane, fields = world.plane(HeldUpstream(HIT)), sign(world, licensed)
    assert ask(plane, licensed, fields).status == 200
    with world.units.begin(Reach.EXCHANGE) as uow:
        until = uow.now + timedelta(seconds=1)
        erase_details(uow, licensed.licence_id, until=until, reason_code="person_request")
        uow.commit()
    with pytest.raises(SignedRequestNotFound):
        kept(world)
    assert slug(ask(plane, licensed, fields)) == "call-signature-replayed"


def test_strangers_see_no_signed_request(world, licensed):
    assert ask(world.plane(HeldUpstream(HIT)), licensed, sign(world, licensed)).status == 200
    with world.units.begin(Reach.EXCHANGE) as uow, pytest.raises(SignedRequestNotFound):
        SignedRequestReader(CIPHER).read(
            uow.session, "org_stranger", licence_id=licensed.licence_id, lane=1, n=1
        )


def test_a_licences_signed_requests_come_in_the_order_of_its_calls(world, licensed):
    plane = world.plane(HeldUpstream(HIT))
    for _ in range(2):
        assert ask(plane, licensed, sign(world, licensed)).status == 200
    with world.units.begin(Reach.EXCHANGE) as uow:
        reader = SignedRequestReader(CIPHER)
        found = list(reader.signed_requests(uow.session, licensed.licence_id, 10))
    assert [(lane, n) for lane, n, _ in found] == [(1, 1), (1, 2)]
    assert [document for _, _, document in found] == [kept(world, 1), kept(world, 2)]
