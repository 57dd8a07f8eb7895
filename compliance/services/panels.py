"""Panels: opened over a subject, seated by members without a conflict, concluded by their votes."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import Scenario, ScenarioDeclaration
from compliance.models.panels import PanelSeat, SittingPanel
from compliance.models.reviews import ConflictDeclaration, ReviewCase
from compliance.review.case_errors import ReviewerConflicted
from compliance.review.errors import PanelNotFound
from compliance.review.events import PanelConcluded, PanelOpened, PanelVoted
from compliance.review.panels import CASE, Panel, PanelState, cast_vote, dissolve, take_seat
from compliance.services.declarations import declarations_of, declare, is_barred
from compliance.services.policies import policy_in_force
from compliance.services.reasons import seal_reason
from compliance.services.scenario_declarations import declare_on_scenario, demand_clear

FAVOUR, AGAINST = "for", "against"


def open_panel(
    uow: UnitOfWork,
    *,
    kind: str,
    subject_id: str,
    case: ReviewCase | None,
    excluded: Iterable[str],
    due_at: datetime | None = None,
    needs_two_thirds: bool = False,
) -> SittingPanel:
    """A panel of the size and, without a day of its own, for the time that the policy says."""
    policy = policy_in_force(uow)
    time_over = due_at or policy.after_working_days(uow.now, policy.panel_working_days)
    panel = SittingPanel(
        id=uow.ids.new("pan"),
        kind=kind,
        subject_id=subject_id,
        case_id=case and case.id,
        size=policy.panel_size,
        quorum=policy.panel_quorum,
        needs_two_thirds=needs_two_thirds,
        excluded_ids=sorted(set(excluded)),
        state=PanelState.OPEN,
        in_favour_count=0,
        against_count=0,
        opened_at=uow.now,
        due_at=time_over,
        seats=[],
    )
    uow.session.add(panel)
    uow.session.flush()
    uow.record(
        PanelOpened(
            occurred_at=uow.now,
            panel_id=panel.id,
            kind=kind,
            subject_id=subject_id,
            case_id=panel.case_id,
            size=panel.size,
        )
    )
    return panel


def open_case_panel(uow: UnitOfWork, case: ReviewCase) -> SittingPanel:
    """The panel that decides a case; nobody who admitted or reviewed it sits there."""
    involved = case.review(declarations_of(uow, case)).involved
    return open_panel(
        uow,
        kind=CASE,
        subject_id=case.id,
        case=case,
        excluded=involved,
        needs_two_thirds=needs_two_thirds(case),
    )


def needs_two_thirds(case: ReviewCase) -> bool:
    """Important data and sensitive personal information need more than a simple majority."""
    return case.dossier.get("grade") == "IMPORTANT" or case.dossier.get("pi_level") == "SENSITIVE"


def lock_panel(uow: UnitOfWork, panel_id: str, kinds: Iterable[str]) -> SittingPanel:
    """The panel of one of the kinds, held to the end; raises `PanelNotFound`."""
    wanted = select(SittingPanel).where(
        SittingPanel.id == panel_id, SittingPanel.kind.in_(list(kinds))
    )
    panel = uow.session.scalars(wanted.with_for_update(of=SittingPanel)).one_or_none()
    if panel is None:
        raise PanelNotFound(panel_id)
    return panel


def seat_member(
    uow: UnitOfWork,
    principal: Principal,
    *,
    panel_id: str,
    answers: dict[str, str],
    kinds: Iterable[str],
) -> ConflictDeclaration | ScenarioDeclaration:
    """The member's declaration; without a conflict they have a seat.

    Raises `PanelNotFound`, `IllegalTransition`, `ReviewerConflicted`, `AlreadySeated`,
    `PanelFull`, `DeclarationIncomplete`.
    """
    sitting = lock_panel(uow, panel_id, kinds)
    panel = sitting.panel()
    take_seat(panel, principal.id, is_conflicted=False)
    declaration = _declared(uow, principal, sitting, answers)
    if not declaration.is_conflicted:
        sitting.seats.append(
            PanelSeat(
                panel_id=panel_id,
                member_id=principal.id,
                case_id=sitting.case_id,
                scenario_id=sitting.scenario_id,
                excluded_ids=sitting.excluded_ids,
                seated_at=uow.now,
            )
        )
        uow.session.flush()
    return declaration


def _declared(
    uow: UnitOfWork, principal: Principal, sitting: SittingPanel, answers: dict[str, str]
) -> ConflictDeclaration | ScenarioDeclaration:
    if sitting.case_id is None:
        scenario = uow.session.get_one(Scenario, sitting.scenario_id)
        demand_clear(uow, principal, scenario)
        return declare_on_scenario(uow, principal, scenario, answers)
    if is_barred(uow, sitting.case_id, principal.id):
        raise ReviewerConflicted(sitting.id, ["declared"])
    case = uow.session.get_one(ReviewCase, sitting.case_id)
    return declare(uow, principal, case, answers)


def vote(
    uow: UnitOfWork, sitting: SittingPanel, member_id: str, *, in_favour: bool, reason: str
) -> Panel:
    """The locked panel after a member's vote; raises as `cast_vote`."""
    voted = cast_vote(sitting.panel(), member_id, in_favour=in_favour)
    sealed = seal_reason(uow, reason)
    seat = next(each for each in sitting.seats if each.member_id == member_id)
    seat.in_favour, seat.voted_at = in_favour, uow.now
    seat.reason, seat.reason_salt, seat.reason_hash = sealed.text, sealed.salt, sealed.hash
    uow.record(
        PanelVoted(
            occurred_at=uow.now,
            panel_id=sitting.id,
            case_id=sitting.case_id,
            scenario_id=sitting.scenario_id,
            member_id=member_id,
            vote=FAVOUR if in_favour else AGAINST,
            reason_hash=sealed.hash,
        )
    )
    follow(uow, sitting, voted)
    return voted


def follow(uow: UnitOfWork, sitting: SittingPanel, panel: Panel) -> None:
    """Keep what the machine concluded and tell the log of an end."""
    sitting.follow(panel, uow.now)
    uow.session.flush()
    if panel.state is PanelState.OPEN:
        return
    uow.record(
        PanelConcluded(
            occurred_at=uow.now,
            panel_id=sitting.id,
            subject_id=sitting.subject_id,
            state=panel.state,
            in_favour_count=sitting.in_favour_count,
            against_count=sitting.against_count,
        )
    )


def dissolve_panel(uow: UnitOfWork, sitting: SittingPanel) -> None:
    """End a panel whose subject was withdrawn; one that concluded stays as it is."""
    if sitting.state == PanelState.OPEN:
        follow(uow, sitting, dissolve(sitting.panel()))


def reasons_of(sitting: SittingPanel) -> str:
    """The members' reasons, without their names, for whoever is concerned."""
    return "\n".join(each.reason for each in sitting.seats if each.reason)
