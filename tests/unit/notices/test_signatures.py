"""Messages are signed as Standard Webhooks says; the standard's own library agrees."""

import json
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.notices.signatures import (
    SECRET_BYTES,
    new_secret,
    read_secret,
    secret_text,
    signature,
    signed_headers,
)

OLD, NEW = b"o" * 32, b"n" * 32
BODY = json.dumps({"type": "licence.issued", "data": {"name": "数据"}}, ensure_ascii=False).encode()


def headers(*secrets, body=BODY, timestamp=None):
    now = int(time.time()) if timestamp is None else timestamp
    return signed_headers(secrets, message_id="ntc_1", timestamp=now, body=body)


def test_the_vector_of_the_standard_s_specification():
    made = signature(
        read_secret("whsec_plJ3nmyCDGBKInavdOK15jsl"),
        message_id="msg_loFOjxBNrRLzqYUf",
        timestamp=1731705121,
        body=b'{"event_type":"ping","data":{"success":true}}',
    )
    assert made == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_the_standard_s_library_accepts_a_message():
    assert Webhook(secret_text(NEW)).verify(BODY, headers(NEW))["type"] == "licence.issued"


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_while_both_secrets_count_each_of_them_verifies(secret):
    both = headers(NEW, OLD)
    assert both["webhook-signature"].count("v1,") == 2
    assert Webhook(secret_text(secret)).verify(BODY, both)


def test_after_the_overlap_the_old_secret_verifies_nothing():
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(OLD)).verify(BODY, headers(NEW))


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp", "body"])
def test_whatever_is_changed_breaks_the_signature(changed):
    given, body = headers(NEW), BODY
    if changed == "body":
        body += b" "
    elif changed == "webhook-timestamp":
        given[changed] = str(int(given[changed]) - 1)
    else:
        given[changed] += "x"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(NEW)).verify(body, given)


def test_an_old_message_is_refused_by_its_timestamp():
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(NEW)).verify(BODY, headers(NEW, timestamp=int(time.time()) - 3600))


def test_a_secret_s_text_is_read_back():
    secret = new_secret(lambda size: bytes(range(size)))
    assert len(secret) == SECRET_BYTES
    assert read_secret(secret_text(secret)) == secret
    assert 24 <= len(secret) <= 64


@pytest.mark.parametrize("text", ["", "whsec_***", "plJ3nmyCDGBKInavdOK15jsl", "whsec_abc"])
def test_a_text_that_is_no_secret_is_refused(text):
    with pytest.raises(ValueError, match="whsec_"):
        read_secret(text)
