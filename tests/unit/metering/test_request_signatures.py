"""A buyer's signature under a call: what it has to cover, and everything that it may not be."""

import base64
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from counterfoil_verify.keys import named_key
from counterfoil_verify.signed_requests import RequestSigner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from metering.signing.errors import (
    CallSignatureInvalid,
    CallSignatureKeyUnknown,
    CallSignatureMissing,
)
from metering.signing.requests import demand_signature

NAME, LICENCE = "org_buyer/acknowledgements", "lic_1"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VKEY = named_key(NAME, KEY).text
AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
CREATED = int(AT.timestamp())
NONCE = "n" * 24
SIGNED_BY_BUYER = SimpleNamespace(
    licence_id=LICENCE, signers={VKEY: KEY.public_key().public_bytes_raw()}
)
URL = "https://exchange.example/data/S0001-ABCDEFGHJK?iata=PVG&city=%E4%B8%8A"
BODY = b'{"iata":"PVG"}'


def signed(method="GET", url=URL, body=b"", *, licence=LICENCE, **options):
    signer = RequestSigner(licence, name=NAME, key=KEY)
    fields = signer.headers(method, url, body, **({"created": CREATED, "nonce": NONCE} | options))
    path, _, query = url.removeprefix("https://exchange.example").partition("?")
    environment = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
    names = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in fields.items()}
    return environment | names


def demand(environment, body=b"", licence=SIGNED_BY_BUYER, at=AT):
    return demand_signature(environment, body, licence=licence, at=at)


def test_what_the_buyers_library_signs_is_admitted():
    found = demand(signed())
    assert (found.key, found.nonce) == (VKEY, NONCE)
    assert '"@query": ?iata=PVG&city=%E4%B8%8A\n' in found.base
    KEY.public_key().verify(base64.b64decode(found.signature), found.base.encode())


def test_a_body_is_signed_by_its_digest():
    url = "https://exchange.example/data/S0001-ABCDEFGHJK"
    assert demand(signed("POST", url, BODY), BODY).nonce == NONCE
    with pytest.raises(CallSignatureInvalid, match="Content-Digest"):
        demand(signed("POST", url, BODY), BODY + b" ")
    lacking = signed("POST", url, BODY)
    del lacking["HTTP_CONTENT_DIGEST"]
    with pytest.raises(CallSignatureInvalid, match="content-digest"):
        demand(lacking, BODY)


def test_a_purpose_that_is_sent_is_signed():
    assert '\n"purpose": RISK\n' in demand(signed(purpose="RISK")).base
    for other in (
        signed() | {"HTTP_PURPOSE": "RISK"},
        signed(purpose="RISK") | {"HTTP_PURPOSE": "X"},
    ):
        with pytest.raises(CallSignatureInvalid):
            demand(other)


@pytest.mark.parametrize("name", ["HTTP_SIGNATURE", "HTTP_SIGNATURE_INPUT"])
def test_without_a_signature_nothing_is_admitted(name):
    environment = signed()
    del environment[name]
    with pytest.raises(CallSignatureMissing):
        demand(environment)


@pytest.mark.parametrize(
    "change",
    [
        {"QUERY_STRING": "iata=SHA"},
        {"PATH_INFO": "/data/S0001-OTHER"},
        {"REQUEST_METHOD": "POST"},
        {"HTTP_SIGNATURE": f"buyer=:{base64.b64encode(bytes(64)).decode()}:"},
        {"HTTP_SIGNATURE": "other=:" + "A" * 86 + "==:"},
        {"HTTP_SIGNATURE": "buyer=:AAAA:"},
        {"HTTP_SIGNATURE": "buyer=:" + "A" * 300 + ":"},
        {"HTTP_SIGNATURE": "buyer=:****:"},
    ],
)
def test_another_request_or_another_signature_is_refused(change):
    with pytest.raises(CallSignatureInvalid):
        demand(signed() | change)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"@query"', '"@target"'),
        (' "@query"', ""),
        ('"@query"', '"@path"'),
        (";created=", ";made="),
        (f";created={CREATED}", f';created="{CREATED}"'),
        (";keyid=", ";key="),
        (f'"{NONCE}"', '"short"'),
        (f';tag="counterfoil:{LICENCE}"', ""),
        (";tag=", ';alg="rsa-pss-sha512";tag='),
        (";tag=", f";expires={CREATED - 1};tag="),
        (";tag=", ';nonce="mmmmmmmmmmmmmmmmmmmmmmmm";tag='),
        ("buyer=", "buyer= "),
        ("buyer=", 'other=("@method");created=1, buyer='),
        (";tag=", f';pad="{"x" * 1_000}";tag='),
    ],
)
def test_what_does_not_say_enough_is_refused(before, after):
    environment = signed()
    changed = environment["HTTP_SIGNATURE_INPUT"].replace(before, after, 1)
    assert changed != environment["HTTP_SIGNATURE_INPUT"]
    with pytest.raises(CallSignatureInvalid):
        demand(environment | {"HTTP_SIGNATURE_INPUT": changed})


@pytest.mark.parametrize("created", [CREATED - 301, CREATED + 61])
def test_a_signature_of_another_time_is_refused(created):
    with pytest.raises(CallSignatureInvalid, match="created"):
        demand(signed(created=created))


def test_a_signature_for_another_licence_is_refused():
    with pytest.raises(CallSignatureInvalid, match="tag"):
        demand(signed(licence="lic_2"))


def test_a_key_that_is_not_the_buyers_is_refused():
    nobody = SimpleNamespace(licence_id=LICENCE, signers={})
    with pytest.raises(CallSignatureKeyUnknown):
        demand(signed(), licence=nobody)


@given(st.text(max_size=200), st.text(max_size=100))
def test_whatever_the_headers_hold_the_answer_is_a_refusal(given_input, signature):
    environment = signed() | {"HTTP_SIGNATURE_INPUT": given_input, "HTTP_SIGNATURE": signature}
    with pytest.raises((CallSignatureMissing, CallSignatureInvalid)):
        demand(environment)
