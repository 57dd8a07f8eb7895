"""Requests signed by their buyer: RFC 9421's own example, and each way in which one is no proof."""

import base64
import hmac
import json

import pytest
from counterfoil_verify.canonical import encode
from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import named_key
from counterfoil_verify.signed_requests import (
    RequestSigner,
    check_signature,
    parse_signed_request,
    signature_base,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.vectors.exchange import Exchange
from tests.vectors.primitives import canonical

NAME = "org_buyer/acknowledgements"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VKEY = named_key(NAME, KEY)
LICENCE = "lic_a"
URL = "https://x.example/data/airports?code=%E6%88%90%E9%83%BD"
RFC_KEY = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
RFC_COVERED = [
    ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
    ("@method", "POST"),
    ("@path", "/foo"),
    ("@authority", "example.com"),
    ("content-type", "application/json"),
    ("content-length", "18"),
]
RFC_PARAMETERS = (
    '("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
RFC_SIGNATURE = (
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
)


def test_the_example_of_rfc_9421_b_2_6_comes_out_byte_for_byte():
    base = signature_base(RFC_COVERED, RFC_PARAMETERS)
    assert base.startswith('"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo')
    key = load_pem_private_key(RFC_KEY, None)
    assert base64.b64encode(key.sign(base.encode())).decode() == RFC_SIGNATURE


def make_request(at, licence=LICENCE, url=URL, *, key=KEY, nonce="n" * 24, body=None, purpose=None):
    """A signed request as the exchange shows it, from the headers that the library made."""
    method = "GET" if body is None else "POST"
    fields = RequestSigner(licence, name=NAME, key=key).headers(
        method, url, body or b"", purpose=purpose, created=int(at.timestamp()), nonce=nonce
    )
    parameters = fields["Signature-Input"].removeprefix("buyer=")
    query = url.partition("?")[2]
    covered = [("@method", method), ("@path", "/data/airports"), ("@query", f"?{query}")]
    if body is not None:
        covered.append(("content-digest", fields["Content-Digest"]))
    if purpose is not None:
        covered.append(("purpose", fields["Purpose"]))
    return {
        "format": "counterfoil-signed-request/1",
        "base": signature_base(covered, parameters),
        "key": named_key(NAME, key).text,
        "signature": fields["Signature"].removeprefix("buyer=:").removesuffix(":"),
    }


@pytest.fixture
def exchange():
    made = Exchange()
    made.open_shard()
    return made


def signed_call(exchange, lane, request=None):
    """A call whose leaf commits to a signed request, and that request."""
    request = request or make_request(exchange.now)
    key = exchange.next_detail_key(lane)
    document = {name: request[name] for name in ("base", "key", "signature")}
    commitment = hmac.digest(key, b"signed\0" + canonical(document), "sha256").hex()
    return exchange.call(lane, leaf={"signed": commitment}), request


def asking(exchange, asked, url, *, kept=None, **how):
    """A call that the exchange recorded with these parameters, behind a request that was signed."""
    lane = exchange.open_lane(LICENCE)
    key, request = exchange.next_detail_key(lane), make_request(exchange.now, url=url, **how)
    whole = {"listing": "airports", "method": "POST" if "body" in how else "GET"}
    detail = whole if kept is None else {**whole, "purpose": kept}
    opened = {
        "request": {**whole, "parameters": asked}, "detail": detail,
        "signed": {name: request[name] for name in ("base", "key", "signature")},
    }  # fmt: skip
    leaf = {
        name: hmac.digest(key, name.encode() + b"\0" + canonical(what), "sha256").hex()
        for name, what in opened.items()
    }
    return {**exchange.call(lane, leaf=leaf), "detail": detail}, request


def run(desk, exchange, call, request, *more):
    keys = {**json.loads(exchange.keys), "buyers": [VKEY.text]}
    return desk.run(
        *("signed-request", desk.put("request.json", encode(request))),
        *("--receipt", desk.put("receipt.json", exchange.receipt(call))),
        *("--keys", desk.put("keys.json", json.dumps(keys).encode())),
        *more,
        keys=False,
    )


def test_a_signed_call_is_the_buyers_own(desk, exchange):
    call, request = signed_call(exchange, exchange.open_lane(LICENCE))
    outcome = run(desk, exchange, call, request)
    assert outcome.code == 0, outcome.output
    assert outcome.passed_steps == ["format", "signature", "request", "commitment"]


def test_a_key_may_be_named_beside_the_file_of_keys(desk, exchange):
    """The buyer's key comes from the buyer, the file from elsewhere: both are trusted."""
    call, request = signed_call(exchange, exchange.open_lane(LICENCE))
    words = (
        *("signed-request", desk.put("request.json", encode(request))),
        *("--receipt", desk.put("receipt.json", exchange.receipt(call))),
    )
    assert "REJECTED at signature" in desk.run(*words).output
    outcome = desk.run(*words, "--key", VKEY.text)
    assert outcome.code == 0, outcome.output
    assert "keys.json and the command line" in outcome.output


ASKED = {"code": "007", "days": 3, "is_open": True, "price": "1.50"}
SENT = "https://x/data/airports?code=007&days=3&is_open=true&price=1.50"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, 0), ({"days": 4}, 1), ({"days": "3"}, 0), ({"code": "008"}, 1), ({"more": "1"}, 1),
        ({"is_open": False}, 1), ({"price": "1.5"}, 1), ({"is_open": 1}, 1),
    ],
)  # fmt: skip
def test_what_was_signed_is_what_was_recorded(desk, exchange, changed, code):
    """The exchange cannot charge another question than the one that it shows signed."""
    call, request = asking(exchange, ASKED | changed, SENT)
    outcome = run(desk, exchange, call, request)
    assert outcome.code == code, outcome.output
    if code:
        assert "request: rejected: the leaf commits to another request" in outcome.output


def test_what_was_signed_is_what_the_buyer_says_that_it_asked(desk, exchange):
    call, request = asking(exchange, ASKED, SENT)
    for changed, code in (
        ({}, 0), ({"days": 4}, 1), ({"days": "3"}, 1), ({"days": True}, 1), ({"more": "1"}, 1),
    ):  # fmt: skip
        note = desk.put("asked.json", json.dumps(ASKED | changed).encode())
        assert run(desk, exchange, call, request, "--parameters", note).code == code, changed
    fewer = desk.put("asked.json", b'{"code": "007"}')
    outcome = run(desk, exchange, call, request, "--parameters", fewer)
    assert "signed with other parameters: days, is_open, price" in outcome.output
    nothing = desk.put("asked.json", b"null")
    assert run(desk, exchange, call, request, "--parameters", nothing).code == 1


@pytest.mark.parametrize(
    ("signed", "kept", "code"),
    [("RISK", "RISK", 0), (None, "RISK", 0), ("RISK", "CREDIT", 1), ("RISK", None, 1)],
)
def test_what_was_signed_is_for_what_was_recorded(desk, exchange, signed, kept, code):
    """Where a licence permits one thing only, a call need not say it, and the record has it."""
    call, request = asking(exchange, ASKED, SENT, kept=kept, purpose=signed)
    assert run(desk, exchange, call, request).code == code


def test_the_body_of_a_post_is_the_one_that_was_signed(desk, exchange):
    body = b'{"code": "007", "days": 3, "is_open": true, "price": 1.50}'
    call, request = asking(exchange, ASKED | {"price": "1.5"}, "https://x/data/airports", body=body)
    closed = run(desk, exchange, call, request)
    assert (closed.code, "stays closed without --sent" in closed.output) == (0, True)
    for sent, code in ((body, 0), (body + b" ", 1), (b"", 1)):
        assert run(desk, exchange, call, request, "--sent", desk.put("b", sent)).code == code
    get, asked = asking(exchange, ASKED, SENT)
    assert run(desk, exchange, get, asked, "--sent", desk.put("b", body)).code == 1


@pytest.mark.parametrize(
    "body",
    [b'{"code": "008"}', b"[" * 5_000, b"\xff", b"", b"[]", b'{"code": NaN}', b'{"a":1,"a":2}'],
)
def test_a_signed_body_of_another_question_or_of_none_is_rejected(desk, exchange, body):
    call, request = asking(exchange, ASKED, "https://x/data/airports", body=body)
    outcome = run(desk, exchange, call, request, "--sent", desk.put("b", body))
    assert (outcome.code, outcome.step) == (1, "request")


def test_more_spellings_than_can_be_tried_are_not_taken_for_the_same(desk, exchange):
    many = {f"p{n}": n for n in range(13)}
    query = "&".join(f"{name}={value}" for name, value in many.items())
    call, request = asking(exchange, many, f"https://x/data/airports?{query}")
    assert "give --parameters" in run(desk, exchange, call, request).output
    note = desk.put("asked.json", json.dumps(many).encode())
    outcome = run(desk, exchange, call, request, "--parameters", note)
    assert (outcome.code, "with the parameters given" in outcome.output) == (0, True)


def test_a_detail_that_is_not_the_leafs_does_not_make_a_request_fit(desk, exchange):
    """What names method and listing is no part of what the receipt's signature covers."""
    call, request = asking(exchange, ASKED, SENT)
    call["detail"] = {**call["detail"], "status": 200}
    outcome = run(desk, exchange, call, request)
    assert (outcome.code, outcome.step) == (1, "signature")


def test_an_invented_call_has_no_signature_to_show(desk, exchange):
    lane = exchange.open_lane(LICENCE)
    _, request = signed_call(exchange, lane)
    invented = exchange.call(lane)
    outcome = run(desk, exchange, invented, request)
    assert outcome.code == 1
    assert "REJECTED at commitment: the leaf names no signature" in outcome.output


def test_a_signed_request_cannot_be_put_under_another_call(desk, exchange):
    lane = exchange.open_lane(LICENCE)
    _, request = signed_call(exchange, lane)
    second, _ = signed_call(
        exchange, lane, make_request(exchange.now, url="https://x/data/airports?code=SHA")
    )
    outcome = run(desk, exchange, second, request)
    assert "REJECTED at commitment: the leaf commits to another request" in outcome.output


def test_a_request_for_another_licence_or_of_another_time_proves_nothing(desk, exchange):
    lane = exchange.open_lane(LICENCE)
    call, request = signed_call(exchange, lane, make_request(exchange.now, licence="lic_b"))
    assert (
        "REJECTED at request: it was signed for another"
        in run(desk, exchange, call, request).output
    )
    early = make_request(exchange.now)
    exchange.tick(700)
    call, request = signed_call(exchange, lane, early)
    assert "REJECTED at request: it is of another time" in run(desk, exchange, call, request).output


def test_the_exchange_cannot_sign_in_the_buyers_name(desk, exchange):
    forged = make_request(exchange.now, key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
    call, request = signed_call(exchange, exchange.open_lane(LICENCE), forged)
    assert "REJECTED at signature" in run(desk, exchange, call, request).output
    renamed = forged | {"key": VKEY.text}
    assert "REJECTED at signature" in run(desk, exchange, call, renamed).output


def test_every_changed_byte_of_a_signed_request_is_found(exchange):
    data = encode(make_request(exchange.now))
    found = parse_signed_request(data)
    assert check_signature(found, [VKEY]) == VKEY
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(Rejected):
            check_signature(parse_signed_request(changed), [VKEY])


def test_behind_the_choice_of_signed_calls_one_without_a_signature_rejects_the_log(desk, exchange):
    lane = exchange.open_lane(LICENCE)
    exchange.call(lane)
    exchange.append("evidence_mode", licence=LICENCE, mode="per_request")
    signed_call(exchange, lane)
    assert desk.run("log", desk.lay_out(exchange.export())).code == 0
    exchange.append("evidence_mode", licence=LICENCE, mode="ack")
    exchange.call(lane)
    assert desk.run("log", desk.lay_out(exchange.export())).code == 0
    exchange.append("evidence_mode", licence=LICENCE, mode="per_request")
    exchange.call(lane)
    outcome = desk.run("log", desk.lay_out(exchange.export()))
    assert outcome.code == 1
    assert "without its buyer's signature" in outcome.output


def bundled(desk, exchange, requests, *, is_named=True):
    """A bundle with the receipts of the licence, and these requests by the number of their call."""
    files = exchange.bundle_files(LICENCE, has_log=False)
    for n, request in requests.items():
        files[f"signed-requests/{LICENCE}-1-{n}.json"] = encode(request)
    keys = {**json.loads(exchange.keys), **({"buyers": [VKEY.text]} if is_named else {})}
    path = desk.put("keys.json", json.dumps(keys).encode())
    return desk.run("bundle", desk.put("e.zip", exchange.bundle(files)), "--keys", path, keys=False)


def signed_lane(exchange, count=2):
    lane, requests = exchange.open_lane(LICENCE), {}
    for n in range(1, count + 1):
        signer = make_request(exchange.now, nonce=f"{n:024d}")
        _, requests[n] = signed_call(exchange, lane, signer)
    return lane, requests


def test_a_bundle_shows_what_the_buyer_signed_for_each_call(desk, exchange):
    _, requests = signed_lane(exchange)
    outcome = bundled(desk, exchange, requests)
    assert outcome.code == 0, outcome.output
    assert "2 receipts, 2 signed by their buyer" in outcome.output
    assert (outcome.report["counts"]["signed"], outcome.report["counts"]["disputed"]) == (2, 0)
    strange = bundled(desk, exchange, requests, is_named=False)
    assert f"by keys that you did not name: {VKEY.fingerprint}" in strange.output


def test_a_call_whose_signature_is_claimed_and_not_shown_is_in_dispute(desk, exchange):
    _, requests = signed_lane(exchange)
    del requests[2]
    outcome = bundled(desk, exchange, requests)
    assert (outcome.code, outcome.report["counts"]["disputed"]) == (0, 1)
    assert "1 in dispute" in outcome.output


def test_one_signed_request_stands_behind_one_call(desk, exchange):
    lane, requests = signed_lane(exchange, 1)
    _, requests[2] = signed_call(exchange, lane, requests[1])
    outcome = bundled(desk, exchange, requests)
    assert outcome.code == 1
    assert "stands behind" in outcome.output


def test_a_signed_request_without_its_receipt_rejects_the_bundle(desk, exchange):
    _, requests = signed_lane(exchange)
    outcome = bundled(desk, exchange, {**requests, 3: requests[2]})
    assert (outcome.code, "without its receipt" in outcome.output) == (1, True)
