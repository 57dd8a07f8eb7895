"""The life of an operation: no word of a provider undoes what it said before."""

from datetime import timedelta

import pytest

from ledger.payments.operations import (
    BOOKED,
    CLAIM_SECONDS,
    TRANSITIONS,
    Kind,
    Outcome,
    State,
    in_stored_order,
    next_look,
    next_state,
    pause_after,
)
from tests.fakes.clock import START

FINAL = {State.SUCCEEDED, State.FAILED, State.CANCELLED}


@pytest.mark.parametrize("kind", Kind)
def test_only_a_refund_ends_twice(kind):
    for state in FINAL:
        after = {each for each in Outcome if next_state(kind, state, each) is not None}
        refusable = kind is Kind.REFUND and state is State.SUCCEEDED
        assert after == ({Outcome.FAILED} if refusable else set())


@pytest.mark.parametrize("kind", Kind)
def test_nothing_succeeds_that_was_never_sent(kind):
    for state in (State.REQUESTED, State.PLANNED):
        assert next_state(kind, state, Outcome.SUCCEEDED) is None


@pytest.mark.parametrize("kind", [Kind.REFUND, Kind.REVERSAL])
def test_what_takes_money_back_waits_for_a_second_person(kind):
    assert TRANSITIONS[kind].events(State.REQUESTED) == ["approve", "decline"]
    assert TRANSITIONS[kind].next(State.REQUESTED, "approve") == State.PLANNED


def test_payments_and_transfers_are_planned_at_once():
    for kind in (Kind.PAYMENT, Kind.TRANSFER):
        assert State.REQUESTED not in TRANSITIONS[kind].states()


def test_only_payments_are_disputed_and_stay_in_the_books():
    for kind in Kind:
        states = TRANSITIONS[kind].states()
        assert ({State.DISPUTED, State.LOST} <= states) is (kind is Kind.PAYMENT)
    assert {State.DISPUTED, State.LOST} < set(BOOKED)


def test_pauses_double_to_a_most_and_never_undercut_the_provider():
    pauses = [pause_after(count).total_seconds() for count in range(1, 15)]
    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses[-1] == max(pauses) == 900
    assert pause_after(1, asked_seconds=30) == timedelta(seconds=30)
    assert pause_after(10_000).total_seconds() == 900


def test_an_open_operation_is_looked_at_when_it_expires():
    soon = START + timedelta(seconds=20)
    assert next_look(START, soon) == soon + timedelta(seconds=1)
    assert next_look(START, None) == START + timedelta(seconds=900)
    assert next_look(START, START - timedelta(days=1)) == START + timedelta(seconds=900)


def test_a_claim_outlives_two_calls_of_the_adapter():
    assert CLAIM_SECONDS > 2 * 20


def test_a_request_is_the_same_in_whatever_order_it_was_stored():
    one = {"params": {"b": 1, "a": {"d": "x", "c": [1, {"f": 1, "e": 2}]}}, "call": "x"}
    other = {"call": "x", "params": {"a": {"c": [1, {"e": 2, "f": 1}], "d": "x"}, "b": 1}}
    assert repr(in_stored_order(one)) == repr(in_stored_order(other))
