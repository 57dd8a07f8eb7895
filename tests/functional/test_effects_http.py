"""Effects over HTTP: operators see what was given up, and have it tried again, once."""

import pytest
from sqlalchemy import update

from app.core.outbox import ATTEMPTS_MAX, OutboxMessage
from app.core.reach import Reach
from app.worker.steps import drain_outbox
from contracts.errors import ChainRefused
from tests.functional import test_accounts as accounts
from tests.functional.test_accounts import slug

EFFECTS = "/v1/effects"
GRANT, ANCHOR = "chain.grant_licence", "log.request_anchor"
SECRET = "https://node.example/v3/a-key-of-ours"

# The fixtures of the accounts' story.
nobody, operator, owner = accounts.nobody, accounts.operator, accounts.owner
units = accounts.units


def fail(_payload):
    raise ChainRefused(SECRET)


@pytest.fixture
def dead(units):
    """A grant whose last try failed; an anchor that was asked for later still waits."""
    with units.begin(Reach.EXCHANGE) as uow:
        uow.enqueue(GRANT, {"of": "a licence"}, f"{GRANT}:lic")
        uow.session.execute(update(OutboxMessage).values(attempts_count=ATTEMPTS_MAX - 1))
        uow.enqueue(ANCHOR, {"of": "a key"}, f"{ANCHOR}:key")
        uow.commit()
    drain_outbox(units, {GRANT: fail})


def retry(number):
    return f"{EFFECTS}/{number}/retry"


@pytest.mark.usefixtures("dead")
def test_what_was_given_up_is_shown_with_a_word_and_without_what_was_said(operator):
    anchor, grant = operator.get(EFFECTS)["items"]
    assert (anchor["topic"], anchor["state"], anchor["last_failure"]) == (ANCHOR, "waiting", None)
    assert (grant["key"], grant["state"], grant["attempts_count"], grant["last_failure"]) == (
        f"{GRANT}:lic",
        "dead",
        ATTEMPTS_MAX,
        "chain-refused",
    )
    assert SECRET not in str(grant)
    assert "payload" not in grant
    assert operator.get(f"{EFFECTS}?state=dead")["items"] == [grant]
    assert operator.get(f"{EFFECTS}?topic={ANCHOR}")["items"] == [anchor]
    first = operator.get(f"{EFFECTS}?limit=1")
    assert operator.get(f"{EFFECTS}?limit=1&cursor={first['next_cursor']}")["items"] == [grant]


@pytest.mark.usefixtures("dead")
def test_what_was_given_up_is_tried_again_once_and_not_while_it_is_under_way(operator, units):
    (grant,) = operator.get(f"{EFFECTS}?state=dead")["items"]
    path, key = retry(grant["number"]), {"Idempotency-Key": "once"}
    begun = operator.post(path, expect=200, **key)
    assert (begun["state"], begun["attempts_count"]) == ("waiting", 0)
    refused = []

    def perform(payload):
        assert operator.post(path, expect=200, **key) == begun  # replayed: it begins nothing
        refused.append((payload, slug(operator.call("POST", path, expect=409))))

    drain_outbox(units, {GRANT: perform})
    drain_outbox(units, {GRANT: perform})
    assert refused == [({"of": "a licence"}, "effect-not-dead")]
    (done,) = operator.get(f"{EFFECTS}?state=done")["items"]
    assert (done["number"], done["last_failure"]) == (grant["number"], None)
    assert slug(operator.call("POST", path, expect=409)) == "effect-not-dead"


@pytest.mark.parametrize("number", [10**6, 2**63])
def test_an_effect_that_is_not_there_is_not_found(operator, number):
    assert slug(operator.call("POST", retry(number), expect=404)) == "effect-not-found"


@pytest.mark.usefixtures("dead", "operator")
def test_effects_are_the_operators_alone(owner):
    for method, path in (("GET", EFFECTS), ("POST", retry(1))):
        assert slug(owner.call(method, path, expect=403)) == "permission-missing"
