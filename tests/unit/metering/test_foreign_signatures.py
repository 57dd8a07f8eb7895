"""A library for RFC 9421 that is not ours makes signatures that we admit, and admits ours."""

from datetime import UTC, datetime

import pytest
import requests
from counterfoil_verify.keys import named_key
from counterfoil_verify.signed_requests import RequestSigner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
)
from http_message_signatures.algorithms import ED25519

from metering.signing.errors import CallSignatureInvalid
from metering.signing.requests import demand_signature
from tests.unit.metering.test_request_signatures import KEY, LICENCE, NAME, NONCE, SIGNED_BY_BUYER

VKEY = named_key(NAME, KEY).text
AT = datetime(2025, 11, 29, 12, tzinfo=UTC)
CREATED = int(AT.timestamp())
URL = "https://Exchange.Example:443/data/S0001-ABCDEFGHJK"
QUERY = "?iata=PVG&city=%E4%B8%8A&empty="
BODY = b'{"iata":"PVG"}'
LEAST = ("@method", "@path", "@query")
TAG = f"counterfoil:{LICENCE}"

CALLS = [("GET", URL + QUERY, b""), ("GET", URL, b""), ("POST", URL, BODY)]


class Keys(HTTPSignatureKeyResolver):
    """The buyer's one key, under its whole name."""

    def __init__(self, key: Ed25519PrivateKey = KEY) -> None:
        self._key = key

    def resolve_private_key(self, key_id):
        assert key_id == VKEY
        return self._key

    def resolve_public_key(self, key_id):
        return self.resolve_private_key(key_id).public_key()


def request(method, url, body=b"", headers=()):
    return requests.Request(method, url, headers=dict(headers), data=body or None).prepare()


def signed_by_them(method, url, body=b"", *, covered=LEAST, tag=TAG, key=KEY):
    """A request that the foreign library signed."""
    message = request(method, url, body)
    HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=Keys(key)).sign(
        message,
        key_id=VKEY,
        created=AT,
        nonce=NONCE,
        tag=tag,
        covered_component_ids=covered,
        body=body or None,
    )
    return message


def arrived(message):
    """A request as the gateway's server hands it on."""
    path, _, query = message.path_url.partition("?")
    headers = {"Host": "Exchange.Example:443", **message.headers}
    return {
        "REQUEST_METHOD": message.method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "wsgi.url_scheme": "https",
        **{f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()},
    }


def demand(environment, body=b""):
    return demand_signature(environment, body, licence=SIGNED_BY_BUYER, at=AT)


def verify(message, body=b"", key=KEY):
    verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=Keys(key))
    return verifier.verify(
        message, max_age=None, expect_tag=TAG, require_components=LEAST, body=body or None
    )


def signed_by_us(method, url, body=b""):
    signer = RequestSigner(LICENCE, name=NAME, key=KEY)
    return request(method, url, body, signer.headers(method, url, body, created=CREATED))


@pytest.mark.parametrize(("method", "url", "body"), CALLS)
def test_what_they_sign_the_gateway_admits(method, url, body):
    assert demand(arrived(signed_by_them(method, url, body)), body).nonce == NONCE


@pytest.mark.parametrize(("method", "url", "body"), CALLS)
def test_what_the_buyers_library_signs_they_verify(method, url, body):
    (result,) = verify(signed_by_us(method, url, body), body)
    covered = {name.strip('"') for name in result.covered_components} - {"@signature-params"}
    assert covered == {*LEAST, *(["content-digest"] if body else [])}


def test_both_refuse_what_was_changed_on_the_way():
    ours, theirs = signed_by_us("GET", URL + QUERY), signed_by_them("GET", URL + QUERY)
    ours.url = ours.url.replace("PVG", "SHA")
    with pytest.raises(InvalidSignature):
        verify(ours)
    with pytest.raises(CallSignatureInvalid):
        demand(arrived(theirs) | {"QUERY_STRING": "iata=SHA"})


def test_both_refuse_another_body():
    with pytest.raises(InvalidSignature):
        verify(signed_by_us("POST", URL, BODY), BODY + b" ")
    with pytest.raises(CallSignatureInvalid):
        demand(arrived(signed_by_them("POST", URL, BODY)), BODY + b" ")


def test_both_refuse_another_key():
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(InvalidSignature):
        verify(signed_by_us("GET", URL), key=stranger)
    with pytest.raises(CallSignatureInvalid):
        demand(arrived(signed_by_them("GET", URL, key=stranger)))


def test_the_host_may_be_signed_too_and_is_then_the_one_that_was_asked():
    message = signed_by_them("GET", URL + QUERY, covered=("@method", "@authority", *LEAST[1:]))
    assert '"@authority": exchange.example\n' in demand(arrived(message)).base
    with pytest.raises(CallSignatureInvalid, match="as it arrived"):
        demand(arrived(message) | {"HTTP_HOST": "elsewhere.example"})
    with pytest.raises(CallSignatureInvalid, match="@authority"):
        demand(arrived(message) | {"HTTP_HOST": ""})


def test_what_their_library_covers_unasked_is_too_little_and_says_so():
    message = signed_by_them("GET", URL, covered=("@method", "@authority"))
    with pytest.raises(CallSignatureInvalid, match="@method, @path, @query"):
        demand(arrived(message))
