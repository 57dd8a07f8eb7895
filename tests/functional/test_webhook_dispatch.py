"""Sending webhooks on real PostgreSQL to real sockets: at least once, bounded, fair, to an end."""

import json
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from standardwebhooks.webhooks import Webhook

from app.core.clock import SystemClock
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.notices import queries, services
from app.notices.attempts import bury_stranded
from app.notices.claims import IN_FLIGHT_MAX, claim_due
from app.notices.events import WebhookEndpointDisabled
from app.notices.models import Notice, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from app.notices.retry_rules import DISABLE_AFTER, RETRY_FOR
from tests.factories.notices import (
    OURS,
    THEIRS,
    dispatcher,
    kit,
    make_endpoint,
    principal,
    send_all,
    tell,
)
from tests.fakes.webhook_receiver import WebhookReceiver


@pytest.fixture
def receiver():
    made = WebhookReceiver()
    yield made
    made.stop()


def read(units, model):
    with units.begin(Reach.EXCHANGE) as uow:
        return list(uow.session.scalars(select(model).order_by(*model.__table__.primary_key)))


def only(units, model):
    (found,) = read(units, model)
    return found


def test_a_notice_arrives_signed_and_is_noted(units, clock, receiver):
    _, secret = make_endpoint(units, receiver.url)
    tell(units)
    clock.instant = SystemClock().now()  # the standard's library believes the machine's clock only
    send_all(units)
    (received,) = receiver.received
    payload = Webhook(secret).verify(received.body, received.headers)
    notice = only(units, Notice)
    assert payload == {
        "type": "licence.ended",
        "timestamp": "2026-11-20T08:00:00.000000Z",
        "data": {"licence_id": "lic_0"},
    }
    assert list(json.loads(received.body)) == ["type", "timestamp", "data"]
    assert received.message_id == notice.id
    delivery, attempt = only(units, WebhookDelivery), only(units, WebhookAttempt)
    assert (delivery.state, delivery.attempts_count, delivery.last_status) == ("delivered", 1, 204)
    assert (attempt.number, attempt.outcome, attempt.status) == (1, "delivered", 204)
    send_all(units)
    assert len(receiver.received) == 1


def test_a_notice_and_its_deliveries_are_written_with_the_event_or_not_at_all(units, receiver):
    make_endpoint(units, receiver.url)
    with units.begin(Reach.EXCHANGE) as uow:
        told = services.Told(OURS, {})
        services.give_notices(uow, "licence.ended", [told], occurred_at=uow.now)
        uow.session.flush()
        # the event's transaction fails here
    assert read(units, Notice) == read(units, WebhookDelivery) == []


def test_only_chosen_types_of_one_s_own_are_sent(units, receiver):
    make_endpoint(units, f"{receiver.url}/all")
    make_endpoint(units, f"{receiver.url}/ended", notice_types=["licence.ended"])
    make_endpoint(units, f"{receiver.url}/issued", notice_types=["licence.issued"])
    make_endpoint(units, f"{receiver.url}/theirs", organisation_id=THEIRS)
    tell(units)
    send_all(units)
    assert sorted(each.path for each in receiver.received) == ["/hooks/all", "/hooks/ended"]
    assert len({each.message_id for each in receiver.received}) == 1


def test_an_organisation_told_twice_at_once_is_told_twice(units, receiver):
    make_endpoint(units, receiver.url)
    with units.begin(Reach.EXCHANGE) as uow:
        told = [services.Told(OURS, {"part": 1}), services.Told(OURS, {"part": 2})]
        services.give_notices(uow, "licence.ended", told, occurred_at=uow.now)
        uow.commit()
    send_all(units)
    assert sorted(json.loads(each.body)["data"]["part"] for each in receiver.received) == [1, 2]


def test_a_failure_is_tried_again_later_under_the_same_id(units, clock, receiver):
    make_endpoint(units, receiver.url)
    receiver.answer = lambda _received: 500
    tell(units)
    send_all(units)
    waiting = only(units, WebhookDelivery)
    assert (waiting.state, waiting.last_outcome, waiting.last_status) == (
        "waiting",
        "unwanted_status",
        500,
    )
    assert timedelta(seconds=4) <= waiting.due_at - clock.now() <= timedelta(seconds=6)
    send_all(units)
    assert len(receiver.received) == 1  # not yet
    receiver.answer = lambda _received: 200
    clock.set(waiting.due_at)
    send_all(units)
    first, second = receiver.received
    assert (first.message_id, first.body) == (second.message_id, second.body)
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    assert only(units, WebhookDelivery).state == "delivered"
    assert [each.status for each in read(units, WebhookAttempt)] == [500, 200]
    endpoint = only(units, WebhookEndpoint)
    assert (endpoint.failing_since, endpoint.pace) == (None, "quick")


def let_fail(units, clock, *, until_state="dead"):
    """Retries as time passes, until the delivery has ended."""
    for _ in range(40):
        send_all(units)
        (delivery,) = read(units, WebhookDelivery)
        if delivery.state == until_state:
            return delivery
        clock.set(delivery.due_at)
    pytest.fail("it never ends")


def test_after_three_days_it_is_a_dead_letter(units, clock, receiver):
    make_endpoint(units, receiver.url)
    receiver.answer = lambda _received: 503
    tell(units)
    began = clock.now()
    dead = let_fail(units, clock)
    assert 16 <= dead.attempts_count == len(receiver.received) <= 26
    assert RETRY_FOR - timedelta(hours=8) < clock.now() - began <= RETRY_FOR
    assert only(units, WebhookEndpoint).state == "enabled"
    clock.advance(seconds=7 * 86_400)
    send_all(units)
    assert len(receiver.received) == dead.attempts_count


def test_gone_switches_the_endpoint_off_at_once(units, clock, receiver):
    endpoint_id, _ = make_endpoint(units, receiver.url)
    receiver.answer = lambda _received: 410
    tell(units, count=6)
    send_all(units)
    endpoint = only(units, WebhookEndpoint)
    assert (endpoint.state, endpoint.disabled_reason) == ("disabled", "gone")
    outcomes = {each.last_outcome for each in read(units, WebhookDelivery)}
    assert {each.state for each in read(units, WebhookDelivery)} == {"dead"}
    assert outcomes <= {"endpoint_off", "gone"}
    told = [event for event in units.events if isinstance(event, WebhookEndpointDisabled)]
    assert [(event.endpoint_id, event.reason) for event in told] == [(endpoint_id, "gone")]
    tell(units)
    send_all(units)
    assert len(receiver.received) <= 6
    assert len(read(units, WebhookDelivery)) == 6  # nothing is queued for what is off


def test_days_of_failures_switch_the_endpoint_off_and_a_success_in_between_does_not(
    units, clock, receiver
):
    make_endpoint(units, receiver.url)
    receiver.answer = lambda _received: 500
    tell(units)
    send_all(units)
    clock.advance(seconds=DISABLE_AFTER.total_seconds() - 3600)
    receiver.answer = lambda _received: 200
    tell(units)
    send_all(units)
    receiver.answer = lambda _received: 500
    clock.advance(seconds=3600)
    tell(units)
    send_all(units)
    assert only(units, WebhookEndpoint).state == "enabled"
    clock.advance(seconds=DISABLE_AFTER.total_seconds())
    tell(units)
    send_all(units)
    endpoint = only(units, WebhookEndpoint)
    assert (endpoint.state, endpoint.disabled_reason) == ("disabled", "failing")


def test_two_secrets_sign_until_the_overlap_ends(units, clock, receiver):
    endpoint_id, old = make_endpoint(units, receiver.url)
    with units.begin(Reach.organisation(OURS)) as uow:
        new = services.rotate_secret(
            uow, kit(), principal(), endpoint_id=endpoint_id, overlap_seconds=86_400
        ).secret
        uow.commit()
    clock.instant = SystemClock().now()
    overlap = timedelta(days=1)
    with units.begin(Reach.EXCHANGE) as uow:
        uow.session.execute(
            text("UPDATE webhook_endpoints SET previous_until = :until"),
            {"until": clock.now() + overlap},
        )
        uow.commit()
    tell(units)
    send_all(units)
    for secret in (old, new):
        assert Webhook(secret).verify(receiver.received[0].body, receiver.received[0].headers)
    clock.advance(seconds=overlap.total_seconds())
    tell(units)
    send_all(units)
    assert receiver.received[1].headers["webhook-signature"].count("v1,") == 1


def test_a_lapsed_claim_is_sent_again_and_its_late_result_changes_nothing(units, clock, receiver):
    """Two workers: the first one stalls after sending, the second one takes over."""
    make_endpoint(units, receiver.url)
    tell(units)
    stalled, resumed = threading.Event(), threading.Event()

    def stall(_received):
        if len(receiver.received) == 1:
            stalled.set()
            resumed.wait(10)
            return 500
        return 200

    receiver.answer = stall
    first = dispatcher(units, timeout_seconds=10.0, claim_seconds=60)
    assert first.step()
    assert stalled.wait(10)
    clock.advance(seconds=61)
    send_all(units)
    resumed.set()
    first.close()
    assert len({each.message_id for each in receiver.received}) == 1
    assert len(receiver.received) == 2
    delivery = only(units, WebhookDelivery)
    assert (delivery.state, delivery.attempts_count) == ("delivered", 1)


def test_two_workers_never_claim_the_same_and_keep_the_bound_of_an_endpoint(units, receiver):
    make_endpoint(units, receiver.url)
    tell(units, count=20)
    barrier = threading.Barrier(8)
    counts = []

    def claim(number):
        barrier.wait()
        with units.begin(Reach.EXCHANGE) as uow:
            options = {"pace": "quick", "slots": 16, "claim": f"clm_{number}"}
            counts.append(claim_due(uow.session, now=uow.now, **options))
            uow.commit()

    workers = [threading.Thread(target=claim, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    claimed = [each for each in read(units, WebhookDelivery) if each.claim]
    assert len(claimed) == sum(counts) == IN_FLIGHT_MAX["quick"]


def test_no_more_than_the_bound_is_under_way_to_one_endpoint(engine, ids, receiver):
    units = UnitOfWorkFactory(engine, SystemClock(), ids)
    make_endpoint(units, receiver.url)
    receiver.answer = lambda _received: (time.sleep(0.05), 200)[1]
    tell(units, count=40)
    send_all(units)
    assert len(receiver.received) == 40
    assert 1 < receiver.most_at_once <= IN_FLIGHT_MAX["quick"]


def test_endpoints_that_hang_hold_up_nobody_else(engine, ids):
    """Six endpoints never answer; the seventh's forty messages arrive all the same, and soon."""
    units = UnitOfWorkFactory(engine, SystemClock(), ids)
    hang = threading.Event()
    slow = WebhookReceiver(lambda _received: (hang.wait(30), 200)[1])
    quick = WebhookReceiver()
    for _ in range(6):
        make_endpoint(units, slow.url, organisation_id=THEIRS)
    make_endpoint(units, quick.url)
    tell(units, organisation_id=THEIRS, count=5)
    tell(units, count=40)
    sender = dispatcher(units, timeout_seconds=1.5)
    stop = threading.Event()

    def work():
        while not stop.is_set():
            sender.step()

    worker = threading.Thread(target=work)
    worker.start()
    quick.wait_for(40, seconds=20)  # thirty hanging messages of 1.5 s, one by one, would take 45
    stop.set()
    hang.set()
    worker.join()
    sender.close()
    for receiver in (slow, quick):
        receiver.stop()


def test_a_slow_endpoint_gets_one_message_at_a_time(engine, ids, receiver):
    units = UnitOfWorkFactory(engine, SystemClock(), ids)
    make_endpoint(units, receiver.url)
    with units.begin(Reach.EXCHANGE) as uow:
        uow.session.execute(text("UPDATE webhook_endpoints SET pace = 'slow'"))
        uow.commit()
    receiver.answer = lambda _received: 500
    tell(units, count=5)
    send_all(units)
    assert receiver.most_at_once == 1
    assert len(receiver.received) == 5


def switch(units, endpoint_id, *, on):
    with units.begin(Reach.organisation(OURS)) as uow:
        services.change_endpoint(uow, kit(), principal(), endpoint_id=endpoint_id, is_enabled=on)
        uow.commit()


def test_a_replay_brings_back_what_died_and_what_was_missed(units, clock, receiver):
    endpoint_id, _ = make_endpoint(units, receiver.url)
    tell(units)  # will die
    clock.advance(seconds=60)
    since = clock.now()
    tell(units)  # will die, too
    switch(units, endpoint_id, on=False)
    tell(units)  # missed
    switch(units, endpoint_id, on=True)
    send_all(units)
    assert receiver.received == []
    with units.begin(Reach.organisation(OURS)) as uow:
        replayed = services.replay_since(uow, principal(), endpoint_id=endpoint_id, since=since)
        uow.commit()
    assert (replayed.queued_count, replayed.has_more) == (2, False)
    send_all(units)
    notices = {each.recorded_at: each.id for each in read(units, Notice)}
    assert {each.message_id for each in receiver.received} == {
        notice_id for at, notice_id in notices.items() if at >= since
    } | {each.id for each in read(units, Notice) if each.recorded_at >= since}
    with units.begin(Reach.organisation(OURS)) as uow:
        again = services.replay_since(uow, principal(), endpoint_id=endpoint_id, since=since)
    assert again.queued_count == 0


def test_a_delivered_message_can_be_sent_again_with_all_its_time_before_it(units, clock, receiver):
    make_endpoint(units, receiver.url)
    tell(units)
    send_all(units)
    clock.advance(seconds=10 * 86_400)
    receiver.answer = lambda _received: 500
    with units.begin(Reach.organisation(OURS)) as uow:
        (delivery,) = queries.list_deliveries(uow, OURS, cursor=None, limit=5).items
        services.replay_delivery(uow, principal(), delivery_id=delivery.id)
        uow.commit()
    send_all(units)
    waiting = only(units, WebhookDelivery)
    assert waiting.state == "waiting"
    assert waiting.retry_until == clock.now() + RETRY_FOR
    assert waiting.due_at - clock.now() <= timedelta(seconds=6)  # the first pause again
    assert [each.number for each in read(units, WebhookAttempt)] == [1, 2]
    assert len({each.message_id for each in receiver.received}) == 1


def test_what_was_queued_while_its_endpoint_went_off_is_buried(units, receiver):
    make_endpoint(units, receiver.url)
    tell(units)
    with units.begin(Reach.EXCHANGE) as uow:
        uow.session.execute(
            text(
                "UPDATE webhook_endpoints"
                " SET state = 'disabled', disabled_reason = 'gone', disabled_at = now()"
            )
        )
        uow.commit()
    send_all(units)
    assert receiver.received == []
    with units.begin(Reach.EXCHANGE) as uow:
        assert bury_stranded(uow) == 1
        uow.commit()
    delivery = only(units, WebhookDelivery)
    assert (delivery.state, delivery.last_outcome) == ("dead", "endpoint_off")
    with units.begin(Reach.EXCHANGE) as uow:
        assert bury_stranded(uow) == 0


def test_an_endpoint_deleted_while_a_message_is_under_way(units, receiver):
    endpoint_id, _ = make_endpoint(units, receiver.url)

    def delete(_received):
        with units.begin(Reach.organisation(OURS)) as uow:
            services.delete_endpoint(uow, principal(), endpoint_id=endpoint_id)
            uow.commit()
        return 500

    receiver.answer = delete
    tell(units)
    send_all(units, timeout_seconds=10.0)
    endpoint = only(units, WebhookEndpoint)
    assert (endpoint.state, endpoint.secret_ciphertext) == ("deleted", None)
    assert only(units, WebhookDelivery).state == "dead"
    assert read(units, WebhookAttempt) == []


def test_a_failure_to_note_a_result_leaves_the_claim_to_lapse(units, clock, receiver):
    make_endpoint(units, receiver.url)
    with units.begin(Reach.EXCHANGE) as uow:
        # The log of attempts cannot be written for a moment.
        uow.session.execute(text("ALTER TABLE webhook_attempts ADD CONSTRAINT no CHECK (false)"))
        uow.commit()
    tell(units)
    send_all(units)
    assert only(units, WebhookDelivery).state == "waiting"
    with units.begin(Reach.EXCHANGE) as uow:
        uow.session.execute(text("ALTER TABLE webhook_attempts DROP CONSTRAINT no"))
        uow.commit()
    clock.advance(seconds=61)
    send_all(units)
    assert only(units, WebhookDelivery).state == "delivered"
    assert len({each.message_id for each in receiver.received}) == 1
    assert len(receiver.received) == 2


def test_dead_letters_are_counted_for_the_metrics(units, clock, receiver):
    make_endpoint(units, receiver.url)
    tell(units, count=2)
    with units.begin(Reach.EXCHANGE) as uow:
        assert queries.count_deliveries(uow) == {"waiting": 2, "dead": 0}
    receiver.answer = lambda _received: 410
    send_all(units)
    with units.begin(Reach.EXCHANGE) as uow:
        assert queries.count_deliveries(uow) == {"waiting": 0, "dead": 2}


def test_an_address_that_was_replaced_meanwhile_does_not_switch_its_successor_off(units, receiver):
    endpoint_id, _ = make_endpoint(units, f"{receiver.url}/old")
    tell(units)

    def move(received):
        if received.path.endswith("/new"):
            return 204
        with units.begin(Reach.organisation(OURS)) as uow:
            services.change_endpoint(
                uow, kit(), principal(), endpoint_id=endpoint_id, url=f"{receiver.url}/new"
            )
            uow.commit()
        return 410

    receiver.answer = move
    send_all(units)
    endpoint, delivery = only(units, WebhookEndpoint), only(units, WebhookDelivery)
    assert (endpoint.state, endpoint.failing_since, endpoint.pace) == ("enabled", None, "quick")
    assert (delivery.state, delivery.last_outcome) == ("waiting", "gone")
    units.clock.set(delivery.due_at)
    send_all(units)
    assert only(units, WebhookDelivery).state == "delivered"
