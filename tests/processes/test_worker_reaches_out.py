"""The worker as it is started: it sends webhooks, numbers the feed, and has its log cosigned."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from counterfoil_verify.keys import Keyring, parse_vkey
from counterfoil_verify.notes import open_checkpoint
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.factory import build_parts
from app.notices import queries, services
from app.notices.ports import WebhookKit
from app.settings import from_environment
from app.wiring.log import log_keys
from app.wiring.notices import receiver_policy
from ledger.log.queries import find_checkpoint
from ledger.log.tree.notes import key_of
from ledger.log.witnesses.cosignatures import parse_witness_key
from ledger.log.witnesses.queries import cosigned_note
from tests.factories.notices import OURS, tell
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.processes.test_witness import Served, run
from tests.unit.log.log_factory import append_facts

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(database_url, tmp_path):
    return {
        "DATABASE_URL": database_url,
        "COUNTERFOIL_VAR": str(tmp_path),
        "COUNTERFOIL_SECRET": "the same secret in every test of a session",
        "COUNTERFOIL_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "COUNTERFOIL_CHAIN_PORT": "1",  # nobody is there: the worker works without a chain
        "COUNTERFOIL_LOG_LEVEL": "ERROR",
        "COUNTERFOIL_WITNESS_FILE": str(tmp_path / "witnesses.json"),
    }


@pytest.fixture
def parts(environment):
    (Path(environment["COUNTERFOIL_VAR"]) / "witnesses.json").write_text("{}")
    built = build_parts(from_environment(environment))
    yield built
    built.engine.dispose()


@pytest.fixture
def witness(parts, tmp_path):
    """A witness that knows this installation's log, and is named in its witness file."""
    assert run("init", tmp_path / "w1", "--name", "witness.example/w1").returncode == 0
    served = Served(tmp_path / "w1", key_of(log_keys(parts).checkpoint).text)
    named = {"key": served.vkey, "url": f"http://127.0.0.1:{served.port}"}
    policy = {"needed": 1, "interval_seconds": 1, "witnesses": [named]}
    (tmp_path / "witnesses.json").write_text(json.dumps(policy))
    yield served
    served.kill()


@pytest.fixture
def worker(environment, witness):
    process = subprocess.Popen(
        [sys.executable, "-m", "app.worker.process"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    yield process
    process.terminate()
    assert process.wait(30) == 0


def until(check, seconds=40):
    """What the check finds, once it finds something."""
    ends = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < ends, "it does not happen"
        time.sleep(0.1)
    return found


def test_a_notice_arrives_and_a_head_is_cosigned(parts, witness, worker):
    receiver = WebhookReceiver()
    kit = WebhookKit(parts.cipher, os.urandom, receiver_policy(parts))
    person = Principal("per_" + "1" * 26, OURS, frozenset({Role.OWNER}))
    with parts.units.begin(Reach.organisation(OURS)) as uow:
        secret = services.create_endpoint(
            uow, kit, person, url=receiver.url, description="", notice_types=()
        ).secret
        uow.commit()
    tell(parts.units, count=3)
    append_facts(parts.units, 3)

    for received in receiver.wait_for(3, seconds=40):
        assert Webhook(secret).verify(received.body, received.headers)["type"] == "licence.ended"

    def feed():
        with parts.units.begin(Reach.organisation(OURS)) as uow:
            page = queries.read_feed(
                uow, OURS, cursor=None, limit=10, from_at=None, until_at=None, notice_type=None
            )
        return len(page.items) == 3

    until(feed)

    def witnessed():
        with parts.units.begin(Reach.PUBLIC) as uow:
            checkpoint = find_checkpoint(uow.session, parts.origin)
            note = None if checkpoint is None else cosigned_note(uow.session, checkpoint)
            count = uow.session.scalar(text("SELECT count(*) FROM witnessed_checkpoints"))
        return note if note and count and "— witness.example" in note else None

    note = until(witnessed)
    trusted = Keyring(
        checkpoint=(parse_vkey(key_of(log_keys(parts).checkpoint).text),),
        witnesses=(parse_vkey(parse_witness_key(witness.vkey).text),),
    )
    assert open_checkpoint(note.encode(), trusted).witnesses == ("witness.example/w1",)
    receiver.stop()
