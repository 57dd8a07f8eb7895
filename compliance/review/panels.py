"""A panel as a pure machine: an odd number of seats, one vote each, none for who was involved."""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.states import Transitions
from compliance.review.case_errors import ReviewerConflicted
from compliance.review.errors import AlreadySeated, NoSeatOnPanel, PanelFull, VoteAlreadyCast

CASE, REVOCATION, APPEAL, SCENARIO = "CASE", "REVOCATION", "APPEAL", "SCENARIO"
KINDS = (CASE, REVOCATION, APPEAL, SCENARIO)


class PanelState(StrEnum):
    """Whether a panel still sits, and what it came to."""

    OPEN = "OPEN"
    CARRIED = "CARRIED"
    FAILED = "FAILED"
    DISSOLVED = "DISSOLVED"


VOTE, CARRY, FAIL, DISSOLVE = "vote", "carry", "fail", "dissolve"

TRANSITIONS = Transitions(
    {
        (PanelState.OPEN, VOTE): PanelState.OPEN,
        (PanelState.OPEN, CARRY): PanelState.CARRIED,
        (PanelState.OPEN, FAIL): PanelState.FAILED,
        (PanelState.OPEN, DISSOLVE): PanelState.DISSOLVED,
    }
)


@dataclass(frozen=True)
class Seat:
    """A member without a declared conflict; ``in_favour`` is none until the vote."""

    member_id: str
    in_favour: bool | None = None


@dataclass(frozen=True)
class Panel:
    """Who decides together; ``excluded`` were involved before and never sit.

    ``quorum`` counts only once the panel's time is over: until then every seat votes.
    """

    id: str
    size: int
    quorum: int
    needs_two_thirds: bool
    excluded: frozenset[str] = frozenset()
    seats: tuple[Seat, ...] = ()
    state: PanelState = PanelState.OPEN

    @property
    def votes(self) -> list[bool]:
        """The votes cast."""
        return [each.in_favour for each in self.seats if each.in_favour is not None]

    @property
    def in_favour(self) -> tuple[str, ...]:
        """Who voted for it."""
        return tuple(each.member_id for each in self.seats if each.in_favour)

    def has_majority(self) -> bool:
        """Whether the votes cast carry: more than half, or two thirds where these are needed."""
        favour, cast = sum(self.votes), len(self.votes)
        enough = 3 * favour >= 2 * cast if self.needs_two_thirds else True
        return 2 * favour > cast and enough


def take_seat(panel: Panel, member_id: str, *, is_conflicted: bool) -> Panel:
    """The panel with the member on it; a conflict leaves the seat to others.

    Raises `IllegalTransition`, `ReviewerConflicted` for who was involved before, `AlreadySeated`,
    `PanelFull`.
    """
    TRANSITIONS.next(panel.state, VOTE)
    if member_id in panel.excluded:
        raise ReviewerConflicted(panel.id, ["involved_before"])
    if member_id in {each.member_id for each in panel.seats}:
        raise AlreadySeated(panel.id)
    if len(panel.seats) >= panel.size:
        raise PanelFull(panel.id)
    if is_conflicted:
        return panel
    return replace(panel, seats=(*panel.seats, Seat(member_id)))


def cast_vote(panel: Panel, member_id: str, *, in_favour: bool) -> Panel:
    """The panel after a member's only vote; the last seat's vote concludes it.

    Raises `IllegalTransition`, `NoSeatOnPanel`, `VoteAlreadyCast`.
    """
    TRANSITIONS.next(panel.state, VOTE)
    held = next((each for each in panel.seats if each.member_id == member_id), None)
    if held is None:
        raise NoSeatOnPanel(panel.id)
    if held.in_favour is not None:
        raise VoteAlreadyCast(panel.id)
    seats = tuple(
        replace(each, in_favour=in_favour) if each is held else each for each in panel.seats
    )
    voted = replace(panel, seats=seats)
    return _concluded(voted) if len(voted.votes) == voted.size else voted


def close_overdue(panel: Panel) -> Panel:
    """The panel when its time is over: concluded with an odd quorum of votes, open without."""
    cast = len(panel.votes)
    if panel.state is not PanelState.OPEN or cast < panel.quorum or cast % 2 == 0:
        return panel
    return _concluded(panel)


def dissolve(panel: Panel) -> Panel:
    """The panel when there is nothing left to decide; raises `IllegalTransition`."""
    return replace(panel, state=PanelState(TRANSITIONS.next(panel.state, DISSOLVE)))


def _concluded(panel: Panel) -> Panel:
    event = CARRY if panel.has_majority() else FAIL
    return replace(panel, state=PanelState(TRANSITIONS.next(panel.state, event)))
