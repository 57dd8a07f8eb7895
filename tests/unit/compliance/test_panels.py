"""A panel decides by an odd number of people, more strictly where more is at stake."""

import itertools

import pytest

from app.core.states import IllegalTransition
from compliance.review.case_errors import ReviewerConflicted
from compliance.review.errors import AlreadySeated, NoSeatOnPanel, PanelFull, VoteAlreadyCast
from compliance.review.panels import Panel, PanelState, cast_vote, close_overdue, take_seat

FIVE = ("ada", "ben", "cem", "dan", "eve")


def seated(size=3, quorum=3, *, strict=False, members=FIVE):
    panel = Panel("pan_1", size, quorum, needs_two_thirds=strict, excluded=frozenset({"zoe"}))
    for member in members[:size]:
        panel = take_seat(panel, member, is_conflicted=False)
    return panel


def voted(panel, votes):
    for seat, vote in zip(panel.seats, votes, strict=False):
        panel = cast_vote(panel, seat.member_id, in_favour=vote)
    return panel


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("size", [3, 5])
def test_the_last_seat_decides_by_more_than_half_or_by_two_thirds(size, strict):
    for votes in itertools.product((True, False), repeat=size):
        panel = voted(seated(size, strict=strict), votes)
        enough = 3 * sum(votes) >= 2 * size if strict else 2 * sum(votes) > size
        assert panel.state is (PanelState.CARRIED if enough else PanelState.FAILED)


def test_two_of_three_are_two_thirds_and_three_of_five_are_not():
    assert voted(seated(3, strict=True), [True, True, False]).state is PanelState.CARRIED
    assert voted(seated(5, strict=True), [True] * 3 + [False] * 2).state is PanelState.FAILED
    assert voted(seated(5), [True] * 3 + [False] * 2).state is PanelState.CARRIED


@pytest.mark.parametrize(("cast", "state"), [(2, "OPEN"), (3, "CARRIED"), (4, "OPEN")])
def test_an_overdue_panel_concludes_only_with_an_odd_quorum(cast, state):
    panel = voted(seated(5, quorum=3), [True] * cast)
    assert panel.state is PanelState.OPEN
    assert close_overdue(panel).state == state


def test_nobody_involved_before_and_nobody_twice_takes_a_seat():
    with pytest.raises(ReviewerConflicted):
        take_seat(seated(members=()), "zoe", is_conflicted=False)
    with pytest.raises(AlreadySeated):
        take_seat(seated(5, members=("ada",)), "ada", is_conflicted=False)
    with pytest.raises(PanelFull):
        take_seat(seated(3), "eve", is_conflicted=False)


def test_a_conflict_leaves_the_seat_to_others():
    assert take_seat(seated(members=()), "ada", is_conflicted=True).seats == ()


def test_only_a_seat_votes_and_only_once():
    panel = seated(3)
    with pytest.raises(NoSeatOnPanel):
        cast_vote(panel, "eve", in_favour=True)
    with pytest.raises(VoteAlreadyCast):
        cast_vote(cast_vote(panel, "ada", in_favour=True), "ada", in_favour=False)
    with pytest.raises(IllegalTransition):
        cast_vote(voted(panel, [True] * 3), "eve", in_favour=True)
