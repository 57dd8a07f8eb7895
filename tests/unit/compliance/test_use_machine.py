"""Every way in which a use can be decided is searched: never fewer people than its risk takes."""

from collections import deque
from dataclasses import dataclass, replace

import pytest

from app.core.states import IllegalTransition
from compliance.errors import NotYourDecision
from compliance.review.case_errors import ReviewerConflicted, SecondReviewerMustDiffer
from compliance.review.errors import AlreadySeated, NoSeatOnPanel, PanelFull, VoteAlreadyCast
from compliance.review.panels import (
    Panel,
    PanelState,
    cast_vote,
    close_overdue,
    dissolve,
    take_seat,
)
from compliance.review.scenario_machine import ScenarioDecision, ScenarioState
from compliance.review.scenario_risk import Depth
from compliance.review.use_machine import Use, conclude, decide, withdraw

PEOPLE = ("ada", "ben", "cem", "dot")
PARTY = "buyer's own"
ENDED = {ScenarioState.REFUSED, ScenarioState.WITHDRAWN}
REFUSALS = (
    IllegalTransition,
    NotYourDecision,
    ReviewerConflicted,
    SecondReviewerMustDiffer,
    AlreadySeated,
    NoSeatOnPanel,
    PanelFull,
    VoteAlreadyCast,
)


@dataclass(frozen=True)
class World:
    """A use with its panel, and whether a rule or its listing stands against it."""

    use: Use
    panel: Panel | None = None
    is_barred: bool = False
    approved_barred: bool = False


def decided(world, person, choice, *, is_conflicted):
    use = decide(world.use, person, choice, is_party=person == PARTY, is_conflicted=is_conflicted)
    becomes_active = use.state is ScenarioState.ACTIVE and use != world.use
    if choice is ScenarioDecision.APPROVE and world.is_barred and not is_conflicted:
        raise IllegalTransition("", "approve over a rule", [])  # the service demands it lawful
    panel = world.panel
    if use.state is ScenarioState.PANEL and panel is None:
        excluded = frozenset({person, PARTY})
        panel = Panel("pan_1", 3, 3, needs_two_thirds=False, excluded=excluded)
    return replace(world, use=use, panel=panel, approved_barred=becomes_active and world.is_barred)


def seated(world, person, *, is_conflicted):
    if person in world.use.barred:
        raise ReviewerConflicted("scn_1", ["declared"])
    panel = take_seat(world.panel, person, is_conflicted=is_conflicted)
    barred = world.use.barred | ({person} if is_conflicted else set())
    return replace(world, panel=panel, use=replace(world.use, barred=barred))


def after(world, panel):
    if panel.state in {PanelState.OPEN, PanelState.DISSOLVED}:
        return replace(world, panel=panel)
    use = conclude(world.use, panel, is_barred=world.is_barred)
    is_wrong = use.state is ScenarioState.ACTIVE and world.is_barred
    return replace(world, panel=panel, use=use, approved_barred=is_wrong)


def given_up(world):
    panel = world.panel
    if panel is not None and panel.state is PanelState.OPEN:
        panel = dissolve(panel)
    return replace(world, use=withdraw(world.use), panel=panel)


def moves(world):
    yield lambda: replace(world, is_barred=not world.is_barred)
    yield lambda: given_up(world)
    for person in (*PEOPLE, PARTY):
        for choice in ScenarioDecision:
            for conflicted in (False, True):
                yield lambda p=person, c=choice, k=conflicted: decided(world, p, c, is_conflicted=k)
    if world.panel is None:
        return
    for person in (*PEOPLE, PARTY):
        for conflicted in (False, True):
            yield lambda p=person, k=conflicted: seated(world, p, is_conflicted=k)
        for vote in (True, False):
            yield lambda p=person, v=vote: after(world, cast_vote(world.panel, p, in_favour=v))
    yield lambda: after(world, close_overdue(world.panel))


def search(depth):
    start = World(Use("scn_1", depth))
    seen, waiting = {start}, deque([start])
    while waiting:
        world = waiting.popleft()
        for move in moves(world):
            try:
                following = move()
            except REFUSALS:
                continue
            assert world.use.state not in ENDED or following.use.state is world.use.state
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return seen


@pytest.fixture(scope="module")
def reachable():
    return {depth: search(depth) for depth in Depth}


def active(reachable, depth):
    found = [each for each in reachable[depth] if each.use.state is ScenarioState.ACTIVE]
    assert found
    return found


def test_the_search_reaches_every_state(reachable):
    states = {each.use.state for worlds in reachable.values() for each in worlds}
    assert states == set(ScenarioState)
    assert len(reachable[Depth.PANEL]) > 1_000
    ends = {each.panel.state for each in reachable[Depth.PANEL] if each.panel}
    assert ends == set(PanelState)


def test_a_plain_use_is_approved_by_one_clear_person_of_neither_party(reachable):
    for world in active(reachable, Depth.ONE):
        assert world.use.decided_by in PEOPLE


def test_a_risky_use_is_approved_by_two_different_people(reachable):
    for world in active(reachable, Depth.TWO):
        assert {world.use.first_approved_by, world.use.decided_by} <= set(PEOPLE)
        assert world.use.first_approved_by != world.use.decided_by


def test_a_use_of_no_known_purpose_is_approved_by_a_reviewer_and_a_panels_majority(reachable):
    for world in active(reachable, Depth.PANEL):
        assert world.use.decided_by == world.panel.id
        assert world.panel.state is PanelState.CARRIED
        assert len(world.panel.in_favour) >= 2
        members = {each.member_id for each in world.panel.seats}
        assert not members & {world.use.first_approved_by, PARTY}


def test_nobody_who_declared_a_conflict_before_decides_sits_or_votes(reachable):
    for worlds in reachable.values():
        for world in worlds:
            if world.panel is not None:
                assert not world.use.barred & {each.member_id for each in world.panel.seats}
            if world.use.state is ScenarioState.ACTIVE:
                assert world.use.decided_by not in world.use.barred


def test_nothing_is_approved_over_a_rule_that_blocks(reachable):
    assert not [each for worlds in reachable.values() for each in worlds if each.approved_barred]
