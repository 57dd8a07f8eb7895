"""Every state from submission to listing is searched: two clear approvers and a third who lists.

People are interchangeable, so states that differ only in who is who are searched once.
"""

from collections import Counter, deque
from dataclasses import dataclass, replace
from functools import cached_property

import pytest

from app.core.states import IllegalTransition
from compliance.review.case_errors import (
    CaseTaken,
    ItemsUnanswered,
    NotTheAssignedReviewer,
    ReviewerConflicted,
    SecondReviewerMustDiffer,
)
from compliance.review.case_machine import (
    FINAL_STAGES,
    Decision,
    Review,
    Stage,
    admit,
    conclude_panel,
    conclude_rules,
    decide,
    lapse,
    release,
    resubmit,
    take,
)
from compliance.review.errors import (
    AlreadySeated,
    ListingOfficerMustDiffer,
    NoSeatOnPanel,
    PanelFull,
    SupplementsUsedUp,
    VoteAlreadyCast,
)
from compliance.review.panels import Panel, PanelState, cast_vote, close_overdue, take_seat
from compliance.review.registration_machine import (
    Application,
    ApplicationState,
    ListingDecision,
    decide_listing,
)
from compliance.rules.errors import RulesBlock

PEOPLE = ("ada", "ben", "cem", "dan", "eve", "fay", "gus")
REFUSALS = (
    AlreadySeated,
    CaseTaken,
    IllegalTransition,
    ItemsUnanswered,
    ListingOfficerMustDiffer,
    NoSeatOnPanel,
    NotTheAssignedReviewer,
    PanelFull,
    ReviewerConflicted,
    RulesBlock,
    SecondReviewerMustDiffer,
    SupplementsUsedUp,
    VoteAlreadyCast,
)
ADMITTING = (Decision.APPROVE, Decision.RETURN)


@dataclass(frozen=True)
class World:
    """A case with its panel and its application, and who declared what for either."""

    review: Review
    panel: Panel | None = None
    application: Application | None = None
    clear: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()

    def signature(self, person):
        review, panel, application = self.review, self.panel, self.application
        return (
            person == review.admitted_by,
            person == review.first_reviewer_id,
            person == review.second_reviewer_id,
            person in review.approved_by,
            person in review.excluded,
            tuple(flag for flag in (False, True) if (person, flag) in review.declared),
            tuple(s.in_favour for s in panel.seats if s.member_id == person) if panel else (),
            bool(panel) and person in panel.excluded,
            bool(application) and person == application.officer_id,
            bool(application) and person in application.excluded,
            person in self.clear,
            person in self.barred,
        )

    @cached_property
    def signatures(self):
        return {person: self.signature(person) for person in PEOPLE}

    def key(self):
        """The same for worlds that differ in names only."""
        return (
            self.review.stage,
            self.review.is_high_risk,
            self.panel and (self.panel.state, self.panel.needs_two_thirds),
            self.application and self.application.state,
            frozenset(Counter(self.signatures.values()).items()),
        )

    def somebody_of_each_kind(self):
        return {signature: person for person, signature in self.signatures.items()}.values()


def declared(world, person, *, is_conflicted):
    """A conflict that was declared once is never taken back."""
    if is_conflicted:
        return replace(world, barred=world.barred | {person})
    return replace(world, clear=world.clear | {person})


def moves_of_review(world):
    review = world.review
    for blocks, slight in ((True, False), (False, False), (False, True)):
        yield lambda b=blocks, s=slight: replace(
            world, review=conclude_rules(review, blocks=b, is_slight=s)
        )
    yield lambda: replace(world, review=release(review))
    yield lambda: replace(world, review=resubmit(review))
    yield lambda: replace(world, review=lapse(review))
    for person in world.somebody_of_each_kind():
        for decision in ADMITTING:
            for conflicts in ((), ("same_organisation",)):
                yield lambda p=person, d=decision, c=conflicts: replace(
                    world, review=admit(review, p, d, conflicts=c)
                )
        for conflicted in (True, False):
            yield lambda p=person, c=conflicted: declared(
                replace(world, review=take(review, p, is_conflicted=c)), p, is_conflicted=c
            )
        for decision in Decision:
            yield lambda p=person, d=decision: replace(world, review=decide(review, p, d))


def moves_of_panel(world):
    panel = world.panel
    if panel is None or world.review.stage is not Stage.PANEL:
        return
    yield lambda: replace(world, panel=close_overdue(panel))
    for blocked in (True, False):
        yield lambda b=blocked: replace(
            world, review=conclude_panel(world.review, panel, is_blocked=b)
        )
    for person in world.somebody_of_each_kind():
        # A conflict leaves a panel as it was (test_panels), so only clear members are searched.
        if person not in world.barred:
            yield lambda p=person: declared(
                replace(world, panel=take_seat(panel, p, is_conflicted=False)),
                p,
                is_conflicted=False,
            )
        for favour in (True, False):
            yield lambda p=person, f=favour: replace(world, panel=cast_vote(panel, p, in_favour=f))


def moves_of_listing(world):
    application = world.application
    if application is None:
        return
    for person in world.somebody_of_each_kind():
        for decision in ListingDecision:
            conflicts = ("declared",) if person in world.barred else ()
            yield lambda p=person, d=decision, c=conflicts: declared(
                replace(world, application=decide_listing(application, p, d, conflicts=c)),
                p,
                is_conflicted=False,
            )


def arrived(world):
    """What the services do of themselves: call the panel, apply for the listing."""
    review = world.review
    if review.stage is Stage.PANEL and world.panel is None:
        is_strict = review.is_high_risk
        panel = Panel("pan_1", 3, 3, needs_two_thirds=is_strict, excluded=review.involved)
        return replace(world, panel=panel)
    if review.stage is Stage.APPROVED and world.application is None:
        reviewers = {review.first_reviewer_id, review.second_reviewer_id} - {None}
        return replace(world, application=Application("app_1", review.approved_by | reviewers))
    return world


def search():
    """Every reachable world."""
    starts = [World(Review("cas_1", is_high_risk=high)) for high in (False, True)]
    seen = {world.key(): world for world in starts}
    waiting = deque(starts)
    while waiting:
        world = waiting.popleft()
        for moves in (moves_of_review, moves_of_panel, moves_of_listing):
            for move in moves(world):
                try:
                    following = arrived(move())
                except REFUSALS:
                    continue
                if (key := following.key()) not in seen:
                    seen[key] = following
                    waiting.append(following)
    return list(seen.values())


@pytest.fixture(scope="module")
def reachable():
    return search()


def is_refused(move):
    # A million times what `pytest.raises` does, at a tenth of what it costs.
    try:
        move()
    except REFUSALS:
        return True
    return False


def is_listed(world):
    return world.application is not None and world.application.state is ApplicationState.LISTED


def test_the_search_reaches_every_stage_and_end(reachable):
    assert {world.review.stage for world in reachable} == set(Stage)
    ends = {world.panel.state for world in reachable if world.panel}
    assert ends == set(PanelState) - {PanelState.DISSOLVED}, "nobody withdraws a case"
    assert any(is_listed(world) for world in reachable)
    assert len(reachable) > 500


def test_every_listed_version_was_approved_by_two_clear_people_and_listed_by_a_third(reachable):
    for world in filter(is_listed, reachable):
        approvers = world.review.approved_by
        assert len(approvers) >= 2
        assert approvers <= world.clear
        assert world.application.officer_id in world.clear
        assert world.application.officer_id not in approvers
        assert world.application.officer_id not in {
            world.review.first_reviewer_id,
            world.review.second_reviewer_id,
        }


def test_high_risk_and_dissent_end_in_a_panel_of_others(reachable):
    approved = [w for w in reachable if w.review.stage is Stage.APPROVED]
    assert approved
    for world in approved:
        reviewers = {world.review.first_reviewer_id, world.review.second_reviewer_id} - {None}
        if world.review.is_high_risk or not reviewers <= world.review.approved_by:
            assert world.panel.state is PanelState.CARRIED
        if world.panel:
            assert not {seat.member_id for seat in world.panel.seats} & reviewers
            assert len(world.panel.in_favour) >= 2


def test_one_person_alone_neither_approves_nor_rejects(reachable):
    for world in reachable:
        if world.review.stage is Stage.REJECTED:
            assert world.panel.votes.count(False) >= 2


def test_nobody_with_a_declared_conflict_holds_a_case_votes_or_lists(reachable):
    for world in reachable:
        barred_in_review = {person for person, flag in world.review.declared if flag}
        assert world.review.holder_id not in barred_in_review
        if is_listed(world):
            assert world.application.officer_id not in world.barred


def test_whoever_admits_a_case_is_none_of_its_reviewers(reachable):
    for world in reachable:
        review = world.review
        if review.admitted_by:
            assert review.admitted_by not in {review.first_reviewer_id, review.second_reviewer_id}
            assert review.admitted_by not in review.approved_by


def test_no_decided_case_ever_moves_again(reachable):
    for world in reachable:
        if world.review.stage in FINAL_STAGES:
            assert all(map(is_refused, moves_of_review(world)))


def at(stage, **members):
    return Review("cas_1", stage=stage, **members)


HELD = at(Stage.REVIEW, first_reviewer_id="ada")
SEEN_ONCE = at(
    Stage.SECOND, first_reviewer_id="ada", second_reviewer_id="ben", approved_by=frozenset({"ada"})
)


@pytest.mark.parametrize(("review", "person"), [(HELD, "ada"), (SEEN_ONCE, "ben")])
@pytest.mark.parametrize(
    ("obstacle", "refusal"),
    [({"unanswered": ("D2",)}, ItemsUnanswered), ({"blocking": ("T1",)}, RulesBlock)],
)
def test_an_open_item_or_a_blocking_rule_stops_an_approval_and_no_return(
    review, person, obstacle, refusal
):
    with pytest.raises(refusal):
        decide(review, person, Decision.APPROVE, **obstacle)
    assert decide(review, person, Decision.RETURN, **obstacle).stage is Stage.SUPPLEMENT
    assert decide(review, person, Decision.REJECT, **obstacle).stage is Stage.PANEL


def test_a_blocking_rule_stops_the_intake_and_the_listing_officer():
    with pytest.raises(RulesBlock):
        admit(at(Stage.INTAKE), "ada", Decision.APPROVE, blocking=("P2",))
    application = Application("app_1", frozenset({"ada", "ben"}))
    with pytest.raises(RulesBlock):
        decide_listing(application, "cem", ListingDecision.APPROVE, blocking=("P2",))
    with pytest.raises(ReviewerConflicted):
        decide_listing(application, "cem", ListingDecision.APPROVE, conflicts=("employed",))


def test_a_version_goes_back_only_so_often():
    with pytest.raises(SupplementsUsedUp):
        admit(at(Stage.INTAKE), "ada", Decision.RETURN, supplements_left=0)
    for review, person in ((HELD, "ada"), (SEEN_ONCE, "ben")):
        with pytest.raises(SupplementsUsedUp):
            decide(review, person, Decision.RETURN, supplements_left=0)


def test_blocking_rules_never_reach_a_person():
    assert conclude_rules(Review("cas_1"), blocks=True).stage is Stage.RETURNED


def test_whoever_holds_a_case_and_declares_a_conflict_lets_it_go():
    review = take(at(Stage.REVIEW), "ada", is_conflicted=False)
    released = take(review, "ada", is_conflicted=True)
    assert released.first_reviewer_id is None
    assert take(released, "ben", is_conflicted=False).first_reviewer_id == "ben"
    with pytest.raises(ReviewerConflicted):
        take(released, "ada", is_conflicted=False)


def test_who_was_appealed_against_never_reviews_it_again():
    with pytest.raises(ReviewerConflicted):
        take(at(Stage.REVIEW, excluded=frozenset({"ada"})), "ada", is_conflicted=False)
