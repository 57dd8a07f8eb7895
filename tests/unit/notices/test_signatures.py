"""Messages are signed as Standard Webhooks says; the standard's own library agrees."""

import base64
import json
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.notices.signatures import (
    new_secret,
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
        base64.b64decode("plJ3nmyCDGBKInavdOK15jsl"),
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


def test_a_secret_is_as_long_as_the_standard_asks():
    assert 24 <= len(new_secret(lambda size: bytes(range(size)))) <= 64
