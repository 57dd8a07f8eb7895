"""One transaction: committed whole, with its reactions and its outbox, or not at all."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.core import idempotency, outbox, portions
from app.core.errors import WorkCrossed
from app.core.events import Event
from app.core.paging import InvalidCursor, paginate
from app.core.portions import attempt
from app.core.reach import Reach
from app.core.unit_of_work import (
    ROUNDS_MAX,
    ReactionsDoNotSettle,
    UnitOfWorkFactory,
    is_unit_open_here,
)
from app.worker.steps import drain_outbox
from contracts.errors import (
    ChainRefused,
    ChainUnavailable,
    GasPriceTooHigh,
    KeyNotOnChain,
    LicenceNotOnChain,
    StatementDiffers,
    TransactionPending,
    WrongChain,
)


@dataclass(frozen=True, kw_only=True)
class Happened(Event):
    times: int = 0


def waiting(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return outbox.backlog(uow.session)["waiting"]


def test_leaving_without_commit_rolls_back(units):
    with units.begin(Reach.EXCHANGE) as uow:
        uow.enqueue("topic", {}, "key")
    assert waiting(units) == 0


def test_an_effect_is_stored_once_per_key(units):
    for _ in range(2):
        with units.begin(Reach.EXCHANGE) as uow:
            uow.enqueue("topic", {"n": 1}, "key")
            uow.commit()
    assert waiting(units) == 1


def test_a_failing_reaction_fails_the_whole_transaction(engine, clock, ids):
    def fail(_uow, _event):
        raise RuntimeError

    units = UnitOfWorkFactory(engine, clock, ids, {Happened: (fail,)})
    with units.begin(Reach.EXCHANGE) as uow:
        uow.enqueue("topic", {}, "key")
        uow.record(Happened(occurred_at=uow.now))
        with pytest.raises(RuntimeError):
            uow.commit()
    assert waiting(units) == 0


def test_what_fails_behind_a_savepoint_is_undone_alone_with_what_it_recorded(engine, clock, ids):
    told = []
    units = UnitOfWorkFactory(
        engine, clock, ids, {Happened: (lambda _uow, event: told.append(event.times),)}
    )

    def attempt(uow, times):
        with uow.savepoint():
            uow.enqueue("topic", {}, f"key {times}")
            uow.record(Happened(occurred_at=uow.now, times=times))
            if times == 2:
                raise RuntimeError

    with units.begin(Reach.EXCHANGE) as uow:
        attempt(uow, 1)
        with pytest.raises(RuntimeError):
            attempt(uow, 2)
        attempt(uow, 3)
        uow.commit()
    assert told == [1, 3]
    assert waiting(units) == 2


class Said(list):
    """A log that keeps what is said."""

    def exception(self, event, **named):
        self.append((event, named))


def test_an_item_whose_reaction_fails_is_undone_alone_and_named(engine, clock, ids, monkeypatch):
    told, said = [], Said()
    monkeypatch.setattr(portions, "_log", said)

    def tell(uow, event):
        if event.times == 2:
            uow.session.execute(text("SELECT 1 / 0"))
        told.append((event.times, uow.reach))

    units = UnitOfWorkFactory(engine, clock, ids, {Happened: (tell,)})
    with units.begin(Reach.EXCHANGE) as uow:
        uow.record(Happened(occurred_at=uow.now, times=9))
        tried = []
        for times in (1, 2, 3):
            with attempt(uow, "not done", item=times) as each:
                uow.enqueue("topic", {}, f"key {times}")
                uow.record(Happened(occurred_at=uow.now, times=times))
            tried.append(type(each.error).__name__)
        uow.commit()
    assert tried == ["NoneType", "DataError", "NoneType"]
    assert told == [(times, Reach.EXCHANGE) for times in (1, 3, 9)]
    assert said == [("not done", {"item": 2})]
    assert waiting(units) == 2


def test_a_database_that_is_gone_is_no_fault_of_the_item(units):
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DBAPIError):  # noqa: SIM117
        with attempt(uow, "not done"):
            uow.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_reactions_that_never_settle_are_a_bug_that_raises(engine, clock, ids):
    def again(uow, event):
        uow.record(Happened(occurred_at=event.occurred_at, times=event.times + 1))

    units = UnitOfWorkFactory(engine, clock, ids, {Happened: (again,)})
    with units.begin(Reach.EXCHANGE) as uow:
        uow.record(Happened(occurred_at=uow.now))
        with pytest.raises(ReactionsDoNotSettle):
            uow.commit()
    assert ROUNDS_MAX < 100


def test_reactions_run_with_the_exchanges_reach(engine, clock, ids):
    seen = []
    units = UnitOfWorkFactory(
        engine, clock, ids, {Happened: (lambda uow, _event: seen.append(uow.reach),)}
    )
    with units.begin(Reach.organisation("org_1")) as uow:
        uow.record(Happened(occurred_at=uow.now))
        uow.commit()
    assert seen == [Reach.EXCHANGE]


def test_a_connection_does_not_carry_its_reach_to_the_next_transaction(units):
    with units.begin(Reach.EXCHANGE) as uow:
        uow.commit()
    with units.begin(Reach.PUBLIC) as uow:
        assert uow.session.scalar(text("SELECT current_setting('counterfoil.reach')")) == "public"


def test_the_application_is_not_allowed_to_bypass_row_security(engine):
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).one()
    assert tuple(row) == (False, False)


def test_a_failed_effect_is_tried_again_later_and_dies_in_the_end(units, clock):
    with units.begin(Reach.EXCHANGE) as uow:
        uow.enqueue("topic", {}, "key")
        uow.commit()
    calls = []

    def fail(payload):
        calls.append(payload)
        raise ConnectionError

    for _ in range(outbox.ATTEMPTS_MAX + 3):
        drain_outbox(units, {"topic": fail})
        clock.advance(seconds=3600)
    assert len(calls) == outbox.ATTEMPTS_MAX
    with units.begin(Reach.EXCHANGE) as uow:
        assert outbox.backlog(uow.session) == {"waiting": 0, "dead": 1}


def enqueue_one(units):
    with units.begin(Reach.EXCHANGE) as uow:
        uow.enqueue("topic", {}, "key")
        uow.commit()


def only_message(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return uow.session.scalars(select(outbox.OutboxMessage)).one()


@pytest.mark.parametrize(
    "reason",
    [
        ChainUnavailable("connection refused"),
        WrongChain(said=1, configured=2),
        GasPriceTooHigh(asked=2, most=1),
        TransactionPending("0xab"),
        LicenceNotOnChain("lic_1"),
        KeyNotOnChain("ab"),
        WorkCrossed(),
    ],
    ids=lambda reason: reason.slug,
)
def test_an_effect_that_cannot_happen_yet_waits_for_days_and_is_done_then(units, clock, reason):
    enqueue_one(units)
    calls = []

    def wait(payload):
        calls.append(payload)
        raise reason

    for _ in range(48):
        drain_outbox(units, {"topic": wait})
        clock.advance(seconds=3600)
    assert len(calls) == 48
    message = only_message(units)
    assert (message.state, message.attempts_count) == ("waiting", 0)
    assert message.last_error == f"{reason.slug}: {reason.detail}"
    drain_outbox(units, {"topic": calls.append})
    message = only_message(units)
    assert (message.state, message.last_error) == ("done", None)


def test_an_effect_that_waits_is_asked_again_after_as_long_as_it_has_waited(units, clock):
    enqueue_one(units)
    pauses = []

    def wait(_payload):
        raise TransactionPending("0xab")

    for _ in range(12):
        drain_outbox(units, {"topic": wait})
        pause = (only_message(units).due_at - clock.now()).total_seconds()
        pauses.append(pause)
        clock.advance(seconds=pause)
    assert pauses == [2, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_what_an_effect_waited_for_counts_for_nothing_once_it_fails(units, clock):
    enqueue_one(units)
    reasons = [ChainUnavailable("away")] * 20 + [ChainRefused("no coins"), StatementDiffers("s")]

    def answer(_payload):
        raise reasons.pop(0)

    for _ in range(len(reasons)):
        drain_outbox(units, {"topic": answer})
        clock.advance(seconds=3600)
    message = only_message(units)
    assert (message.state, message.attempts_count) == ("waiting", 2)


def test_a_failed_effect_waits_before_it_is_tried_again(units):
    with units.begin(Reach.EXCHANGE) as uow:
        uow.enqueue("topic", {}, "key")
        uow.commit()
    calls = []
    drain_outbox(units, {"topic": lambda payload: calls.append(payload) or 1 / 0})
    drain_outbox(units, {"topic": calls.append})
    assert len(calls) == 1


def test_an_effect_holds_no_transaction_and_is_nobody_elses_until_its_lease_ends(units, clock):
    enqueue_one(units)
    seen = []

    def perform(payload):
        assert not is_unit_open_here()
        drain_outbox(units, {"topic": seen.append})  # another worker, meanwhile
        seen.append(payload)

    drain_outbox(units, {"topic": perform})
    assert (seen, only_message(units).state) == ([{}], "done")


def test_whoever_dies_over_an_effect_leaves_it_to_be_done_when_the_lease_ends(units, clock):
    enqueue_one(units)
    calls = []

    def die(_payload):
        raise SystemExit

    with pytest.raises(SystemExit):
        drain_outbox(units, {"topic": die})
    drain_outbox(units, {"topic": calls.append})
    assert calls == []
    clock.advance(seconds=outbox.LEASE.total_seconds())
    drain_outbox(units, {"topic": calls.append})
    message = only_message(units)
    assert (calls, message.state, message.attempts_count) == ([{}], "done", 0)


def test_who_comes_late_with_an_effect_changes_nothing_of_what_another_noted(units, clock):
    enqueue_one(units)

    def outlive(_payload):
        clock.advance(seconds=outbox.LEASE.total_seconds())
        drain_outbox(units, {"topic": lambda _payload: 1 / 0})
        raise SystemError

    drain_outbox(units, {"topic": outlive})
    message = only_message(units)
    assert (message.attempts_count, message.last_error[:17]) == (1, "ZeroDivisionError")


def test_a_successful_effect_happens_once(units):
    with units.begin(Reach.EXCHANGE) as uow:
        uow.enqueue("topic", {"n": 1}, "key")
        uow.commit()
    calls = []
    assert drain_outbox(units, {"topic": calls.append}) is False
    drain_outbox(units, {"topic": calls.append})
    assert calls == [{"n": 1}]


def test_a_stored_response_is_replayed_until_it_expires(units, clock):
    answer = idempotency.Replay(201, b"{}", "application/json")
    with units.begin(Reach.EXCHANGE) as uow:
        assert idempotency.claim(uow.session, caller="a", key="k")
        idempotency.store(
            uow.session, caller="a", key="k", fingerprint="f", answer=answer, at=uow.now
        )
        uow.commit()
    found = {"caller": "a", "key": "k", "fingerprint": "f"}
    with units.begin(Reach.EXCHANGE) as uow:
        assert idempotency.find_replay(uow.session, **found, at=uow.now) == answer
        with pytest.raises(idempotency.IdempotencyKeyReused):
            idempotency.find_replay(uow.session, **{**found, "fingerprint": "other"}, at=uow.now)
        later = clock.now() + idempotency.KEPT + timedelta(seconds=1)
        assert idempotency.find_replay(uow.session, **found, at=later) is None
        assert idempotency.forget_expired(uow.session, at=later) == 1
        assert idempotency.find_replay(uow.session, **found, at=uow.now) is None


def test_stored_responses_are_forgotten_a_portion_at_a_time_the_oldest_first(units, monkeypatch):
    monkeypatch.setattr(idempotency, "FORGET_MAX", 2)
    answer = idempotency.Replay(201, b"{}", "application/json")
    with units.begin(Reach.EXCHANGE) as uow:
        for number, key in enumerate(("c", "a", "b", "fresh")):
            at = uow.now + timedelta(hours=number)
            idempotency.store(
                uow.session, caller="a", key=key, fingerprint="f", answer=answer, at=at
            )
        later = uow.now + idempotency.KEPT + timedelta(hours=2)
        left = select(idempotency.StoredResponse.key)
        assert idempotency.forget_expired(uow.session, at=later) == 2
        assert sorted(uow.session.scalars(left)) == ["b", "fresh"]
        assert [idempotency.forget_expired(uow.session, at=later) for _ in range(2)] == [1, 0]
        assert list(uow.session.scalars(left)) == ["fresh"]


def test_a_key_is_held_by_one_transaction_at_a_time(units):
    with units.begin(Reach.EXCHANGE) as first, units.begin(Reach.EXCHANGE) as second:
        assert idempotency.claim(first.session, caller="a", key="k")
        assert not idempotency.claim(second.session, caller="a", key="k")
        assert idempotency.claim(second.session, caller="b", key="k")


def test_pages_cover_everything_once_and_refuse_a_foreign_cursor(units):
    with units.begin(Reach.EXCHANGE) as uow:
        for number in range(7):
            uow.enqueue("topic", {"n": number}, f"key-{number}")
        message = outbox.OutboxMessage
        seen, cursor = [], None
        while True:
            page = paginate(
                uow.session, select(message), key=message.id, cursor=cursor, limit=3, parse=int
            )
            seen += [item.payload["n"] for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [6, 5, 4, 3, 2, 1, 0]
        for bad in ("!!", "AA", "bm90IGEgbnVtYmVy"):
            with pytest.raises(InvalidCursor):
                paginate(uow.session, select(message), key=message.id, cursor=bad, parse=int)
