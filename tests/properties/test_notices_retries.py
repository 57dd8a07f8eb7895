"""Whatever is drawn: pauses stay in their bounds, and retries end within three days."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.notices.retry_rules import (
    DELAY_FACTOR,
    DELAY_FIRST_SECONDS,
    DELAY_MAX_SECONDS,
    RETRY_FOR,
    delay_after,
    next_due,
)

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
draws = st.binary(min_size=4, max_size=4)


def drawing(draw):
    return lambda _size: draw


@given(st.integers(1, 10_000), draws)
def test_a_pause_is_within_a_fifth_of_its_step(count, draw):
    plain = min(DELAY_FIRST_SECONDS * DELAY_FACTOR ** min(count - 1, 30), DELAY_MAX_SECONDS)
    pause = delay_after(count, drawing(draw)).total_seconds()
    assert plain * 0.8 <= pause <= plain * 1.2


@given(st.lists(draws, min_size=40, max_size=40))
def test_retries_go_on_for_almost_three_days_and_then_end(drawn):
    at, count, last = NOW, 0, NOW
    while at is not None:
        count, last = count + 1, at
        at = next_due(at, delay_after(count, drawing(drawn[count - 1])), NOW + RETRY_FOR)
    assert 16 <= count <= 26
    assert NOW + RETRY_FOR - timedelta(hours=8) < last <= NOW + RETRY_FOR


@given(st.integers(1, 50), draws, st.integers(0, 10**7))
def test_whatever_pause_a_receiver_asks_for_is_kept_up_to_the_cap(count, draw, asked):
    pause = delay_after(count, drawing(draw), asked).total_seconds()
    assert min(asked, DELAY_MAX_SECONDS) <= pause <= DELAY_MAX_SECONDS * 1.2
