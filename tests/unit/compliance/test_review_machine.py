"""Every state of a review is searched: approval needs two distinct, unconflicted persons."""

from collections import deque
from itertools import product

import pytest

from app.core.states import IllegalTransition
from compliance.errors import (
    CaseTaken,
    ItemsUnanswered,
    NotTheAssignedReviewer,
    ReviewerConflicted,
    RulesBlock,
    SecondReviewerMustDiffer,
)
from compliance.review.case_machine import Decision, Review, Stage, conclude_rules, decide, take

PEOPLE = ("ada", "ben", "cem")
REFUSALS = (
    CaseTaken,
    IllegalTransition,
    ItemsUnanswered,
    NotTheAssignedReviewer,
    ReviewerConflicted,
    RulesBlock,
    SecondReviewerMustDiffer,
)


def moves(review):
    """Everything that anybody could try, with what it leads to."""
    for blocks in (True, False):
        yield ("rules", blocks), lambda b=blocks: conclude_rules(review, blocks=b)
    for person, conflicted in product(PEOPLE, (True, False)):
        yield (
            ("take", person, conflicted),
            lambda p=person, c=conflicted: take(review, p, is_conflicted=c),
        )
    for person, decision, open_items, blocking in product(
        PEOPLE, Decision, ((), ("D2",)), ((), ("T1",))
    ):
        yield (
            ("decide", person, decision, open_items, blocking),
            lambda p=person, d=decision, o=open_items, b=blocking: decide(
                review, p, d, unanswered=o, blocking=b
            ),
        )


def search():
    """Every reachable (review, who approved at which stage) pair."""
    start = (Review("cas_1"), ())
    seen, waiting = {start}, deque([start])
    while waiting:
        review, approvals = waiting.popleft()
        for move, attempt in moves(review):
            try:
                following = attempt()
            except REFUSALS:
                continue
            made = approvals
            if move[0] == "decide" and move[2] is Decision.APPROVE:
                made = (*approvals, (review.stage, move[1], move[3], move[4]))
            if (following, made) not in seen:
                seen.add((following, made))
                waiting.append((following, made))
    return seen


@pytest.fixture(scope="module")
def reachable():
    return search()


def test_the_search_reaches_every_stage(reachable):
    assert {review.stage for review, _ in reachable} == set(Stage)
    assert len(reachable) > 100


def test_every_approved_case_was_approved_by_two_distinct_persons(reachable):
    approved = [(r, made) for r, made in reachable if r.stage is Stage.APPROVED]
    assert approved
    for review, made in approved:
        assert [stage for stage, *_ in made] == [Stage.REVIEW, Stage.SECOND]
        people = [person for _, person, *_ in made]
        assert people == [review.first_reviewer_id, review.second_reviewer_id]
        assert len(set(people)) == 2


def test_nobody_with_a_declared_conflict_approves_or_holds_a_case(reachable):
    for review, made in reachable:
        barred = {person for person, conflicted in review.declared if conflicted}
        # A conflict that appears after the first stage was decided cannot be hidden: whoever
        # decided is not asked again, so only holders and deciders of this stage are searched.
        assert review.holder_id not in barred
        if review.stage is Stage.APPROVED:
            assert not barred & {person for _, person, *_ in made}


def test_everybody_who_approved_declared_first(reachable):
    for review, made in reachable:
        assert all((person, False) in review.declared for _, person, *_ in made)


def test_no_approval_left_an_item_open_or_a_blocking_rule_standing(reachable):
    for _, made in reachable:
        assert all(not open_items and not blocking for _, _, open_items, blocking in made)


def test_no_decided_case_ever_moves_again(reachable):
    for review, _ in reachable:
        if review.stage in {Stage.APPROVED, Stage.RETURNED, Stage.REJECTED}:
            for _, attempt in moves(review):
                with pytest.raises(REFUSALS):
                    attempt()


def test_blocking_rules_never_reach_a_reviewer():
    assert conclude_rules(Review("cas_1"), blocks=True).stage is Stage.RETURNED


def test_whoever_holds_a_case_and_declares_a_conflict_lets_it_go():
    review = take(conclude_rules(Review("cas_1"), blocks=False), "ada", is_conflicted=False)
    released = take(review, "ada", is_conflicted=True)
    assert released.first_reviewer_id is None
    assert take(released, "ben", is_conflicted=False).first_reviewer_id == "ben"
    with pytest.raises(ReviewerConflicted):
        take(released, "ada", is_conflicted=False)
