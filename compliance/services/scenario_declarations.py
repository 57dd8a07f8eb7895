"""What people declare before they decide a buyer's use, and what the exchange knows besides."""

from sqlalchemy import select

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import NotYourDecision
from compliance.events import ScenarioConflictDeclared
from compliance.models.licences import Scenario, ScenarioDeclaration
from compliance.models.reviews import Party
from compliance.review.case_errors import ReviewerConflicted
from compliance.review.conflicts import KnownFacts, find_conflicts
from compliance.review.use_machine import Use


def use_of(uow: UnitOfWork, scenario: Scenario) -> Use:
    """The scenario as the pure machine sees it, with everybody who declared a conflict."""
    wanted = select(ScenarioDeclaration).where(ScenarioDeclaration.scenario_id == scenario.id)
    return scenario.use(uow.session.scalars(wanted))


def is_of_a_party(principal: Principal, scenario: Scenario) -> bool:
    """Whether the person belongs to buyer or supplier."""
    return principal.organisation_id in {scenario.buyer_id, scenario.supplier_id}


def demand_clear(uow: UnitOfWork, principal: Principal, scenario: Scenario) -> None:
    """Raises `NotYourDecision` for a party's people, `ReviewerConflicted` after a conflict."""
    if is_of_a_party(principal, scenario):
        why = "A reviewer from neither party decides a scenario."
        raise NotYourDecision(why)
    if uow.session.get(ScenarioDeclaration, (scenario.id, principal.id, True)) is not None:
        raise ReviewerConflicted(scenario.id, ["declared"])


def declare_on_scenario(
    uow: UnitOfWork, principal: Principal, scenario: Scenario, answers: dict[str, str]
) -> ScenarioDeclaration:
    """Keep the person's first answers of each kind, with the conflicts found in them.

    Flushed, because a seat may only name who has declared. Raises `DeclarationIncomplete`.
    """
    parties = (scenario.supplier_id, scenario.buyer_id)
    found = [find_conflicts(answers, _facts(uow, principal, party)) for party in parties]
    conflicts = list(dict.fromkeys(code for each in found for code in each))
    key = (scenario.id, principal.id, bool(conflicts))
    former = uow.session.get(ScenarioDeclaration, key)
    if former is not None:
        return former
    declaration = ScenarioDeclaration(
        scenario_id=scenario.id,
        reviewer_id=principal.id,
        is_conflicted=bool(conflicts),
        reviewer_organisation_id=principal.organisation_id,
        answers=answers,
        conflicts=conflicts,
        declared_at=uow.now,
    )
    uow.session.add(declaration)
    uow.session.flush()
    if conflicts:
        uow.record(
            ScenarioConflictDeclared(
                occurred_at=uow.now,
                scenario_id=scenario.id,
                reviewer_id=principal.id,
                declared_at=uow.now,
            )
        )
    return declaration


def _facts(uow: UnitOfWork, principal: Principal, party_id: str) -> KnownFacts:
    own = uow.session.get(Party, principal.organisation_id)
    party = uow.session.get(Party, party_id)
    return KnownFacts(
        organisation_id=principal.organisation_id,
        supplier_id=party_id,
        credit_code=own.uscc if own else None,
        supplier_credit_code=party.uscc if party else None,
    )
