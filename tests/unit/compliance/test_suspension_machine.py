"""Every way a listing can stand is searched: nobody alone opens what was stopped."""

from collections import deque
from dataclasses import dataclass, replace

import pytest

from app.core.states import IllegalTransition
from compliance.errors import SecondPersonNeeded
from compliance.review import suspension_machine as machine
from compliance.review.errors import AlreadyRatified, LicencesRunOn
from compliance.review.listing_machine import MACHINE, ListingState, SuspensionScope

PEOPLE = ("ada", "ben", "cem")
REFUSALS = (IllegalTransition, SecondPersonNeeded, AlreadyRatified, LicencesRunOn)


@dataclass(frozen=True)
class World:
    """A listing, whether its mandatory evidence has lapsed, and whether the tick has passed."""

    standing: machine.Standing
    has_lapsed: bool = False
    was_ticked: bool = True
    opened_by: frozenset = frozenset()
    stopped_by: str | None = None


def is_callable(standing):
    """Whether calls of its licences are answered."""
    if standing.state is ListingState.SUSPENDED:
        return standing.scope is SuspensionScope.NEW_ORDERS
    return standing.state in {ListingState.LISTED, ListingState.DELISTING}


def tick(world):
    """What `suspend_expired` does in one pass."""
    standing = world.standing
    if not world.has_lapsed or not is_callable(standing):
        return replace(world, was_ticked=True)
    if standing.state is ListingState.SUSPENDED:
        return replace(world, standing=machine.widen(standing), was_ticked=True)
    stopped = machine.suspend(standing, MACHINE, SuspensionScope.ALL_CALLS)
    return replace(
        world, standing=stopped, was_ticked=True, stopped_by=MACHINE, opened_by=frozenset()
    )


def resumed(world, person):
    if world.has_lapsed:
        raise IllegalTransition("SUSPENDED", "resume", [])  # the service demands it cured
    opened = machine.resume(world.standing, person)
    both = {person, world.standing.resumption_proposed_by}
    is_open = opened.state is not ListingState.SUSPENDED
    return replace(world, standing=opened, opened_by=frozenset(both) if is_open else frozenset())


def cured(world, person):
    """A version that takes away what had lapsed, approved by the two others, is listed."""
    opened = machine.cure(world.standing, person)
    (approver, *_) = [each for each in PEOPLE if each not in {person, world.stopped_by}]
    return replace(
        world, standing=opened, has_lapsed=False, opened_by=frozenset({person, approver})
    )


def moves(world):
    standing = world.standing
    yield lambda: replace(world, has_lapsed=True, was_ticked=False)
    yield lambda: replace(world, has_lapsed=False)
    yield lambda: tick(world)
    for change in (machine.widen, machine.give_notice, machine.revoke):
        yield lambda c=change: replace(world, standing=c(standing))
    for has_licences in (True, False):
        yield lambda h=has_licences: replace(
            world, standing=machine.delist(standing, has_licences=h)
        )
    for person in PEOPLE:
        for scope in SuspensionScope:
            yield lambda p=person, s=scope: replace(
                world,
                standing=machine.suspend(standing, p, s),
                stopped_by=p,
                opened_by=frozenset(),
            )
        yield lambda p=person: replace(world, standing=machine.ratify(standing, p))
        yield lambda p=person: resumed(world, p)
        yield lambda p=person: cured(world, p)


def search():
    start = World(machine.Standing("code"))
    seen, waiting = {start}, deque([start])
    while waiting:
        world = waiting.popleft()
        for move in moves(world):
            try:
                following = move()
            except REFUSALS:
                continue
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return seen


@pytest.fixture(scope="module")
def reachable():
    return search()


def test_the_search_reaches_every_state(reachable):
    assert {world.standing.state for world in reachable} == set(ListingState)
    assert len(reachable) > 500


def test_after_a_tick_nothing_with_lapsed_evidence_is_callable(reachable):
    for world in reachable:
        if world.has_lapsed and world.was_ticked:
            assert not is_callable(world.standing)


def test_whatever_was_opened_again_was_opened_by_two_who_did_not_stop_it(reachable):
    opened = [world for world in reachable if world.opened_by]
    assert opened
    for world in opened:
        assert len(world.opened_by) == 2
        if world.standing.state is not ListingState.SUSPENDED:
            assert world.stopped_by not in world.opened_by


def test_nobody_ratifies_their_own_emergency(reachable):
    for world in reachable:
        standing = world.standing
        if standing.ratified_by not in {None, MACHINE}:
            assert standing.ratified_by != standing.suspended_by


def test_what_is_revoked_or_delisted_is_never_called_or_opened_again(reachable):
    for world in reachable:
        if world.standing.state in {ListingState.REVOKED, ListingState.DELISTED}:
            assert not is_callable(world.standing)
            for change in (machine.lift, machine.give_notice, machine.revoke):
                with pytest.raises(REFUSALS):
                    change(world.standing)


def test_only_a_listing_under_notice_leaves_and_only_once_it_has_run_off():
    with pytest.raises(IllegalTransition):
        machine.delist(machine.Standing("code"), has_licences=False)
    noticed = machine.give_notice(machine.Standing("code"))
    with pytest.raises(LicencesRunOn):
        machine.delist(noticed, has_licences=True)
    assert machine.delist(noticed, has_licences=False).state is ListingState.DELISTED


def test_a_board_lifts_a_suspension_and_the_notice_goes_on():
    suspended = machine.suspend(machine.Standing("code"), "ada", SuspensionScope.ALL_CALLS)
    assert machine.lift(suspended).state is ListingState.LISTED
    assert machine.lift(machine.give_notice(suspended)).state is ListingState.DELISTING
