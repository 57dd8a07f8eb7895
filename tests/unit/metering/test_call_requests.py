"""A query in which nothing is encoded is read without the library, and the same."""

from io import BytesIO
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.calls.requests import PARAMETERS_MAX, read_call
from metering.errors import CallBodyMalformed, IdempotencyKeyMalformed


def parameters_of(query):
    environment = {"REQUEST_METHOD": "GET", "PATH_INFO": "/data/S0001", "QUERY_STRING": query}
    return read_call(environment, body_bytes_max=1024).parameters


@given(st.text("abZ09_.~-=&+%2;", max_size=24))
def test_a_query_is_read_as_the_library_reads_it(query):
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except ValueError:
        pairs = None
    if pairs is None or len(dict(pairs)) != len(pairs):
        with pytest.raises(CallBodyMalformed):
            parameters_of(query)
    else:
        assert parameters_of(query) == dict(pairs)


@pytest.mark.parametrize("extra", ["&b=1", "&%62=1"])
def test_a_query_has_a_bounded_number_of_parameters(extra):
    most = "&".join(f"a{number}=1" for number in range(PARAMETERS_MAX))
    assert len(parameters_of(most)) == PARAMETERS_MAX
    with pytest.raises(CallBodyMalformed):
        parameters_of(most + extra)


def test_a_parameter_given_twice_is_refused_by_its_name():
    with pytest.raises(CallBodyMalformed, match="The parameter b is given twice"):
        parameters_of("a=1&b=2&b=3")


def test_two_idempotency_keys_are_refused_and_not_joined_into_one():
    joined = {"HTTP_IDEMPOTENCY_KEY": "shipment-1,shipment-2"}  # as servers hand on two lines
    environment = {"REQUEST_METHOD": "GET", "PATH_INFO": "/data/S0001"} | joined
    with pytest.raises(IdempotencyKeyMalformed, match="one Idempotency-Key"):
        read_call(environment, body_bytes_max=1024)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a": 1', "Line 1, column 8"),
        (b'{"a": "\xff"}', "Byte 8 is not UTF-8"),
        (b'{"a": 1, "a": 2}', "two members of one name"),
        (b"[1]", "not one JSON object"),
    ],
    ids=["cut-off", "not-utf-8", "twice", "a-list"],
)
def test_a_body_is_refused_with_what_is_wrong_with_it(body, reason):
    environment = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/data/S0001",
        "CONTENT_TYPE": "application/json",
        "wsgi.input": BytesIO(body),
    }
    with pytest.raises(CallBodyMalformed, match=reason):
        read_call(environment, body_bytes_max=1024)
