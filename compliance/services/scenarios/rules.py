"""Weighs a declared use, runs the rules of its stage over it, and keeps the first of two people."""

from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import ListingStanding, Scenario
from compliance.models.reviews import ReviewCase
from compliance.review import scenario_risk
from compliance.review.scenario_risk import Depth
from compliance.rules.errors import RulesBlock
from compliance.rules.rule_set import Stage
from compliance.services.evaluations.circumstances import party_facts
from compliance.services.evaluations.runs import run_stage
from compliance.services.listings.standing import find_approval
from compliance.terms.errors import LicenceCannotBeIssued, Obstacle


def demand_lawful_use(uow: UnitOfWork, scenario: Scenario, standing: ListingStanding) -> None:
    """Keep the evaluation with the scenario; raises `RulesBlock` where a rule stands against it.

    `DossierHashMismatch` where what was approved is not what is stored.

    What the rules leave to a person is what the reviewer decides on, with the reason.
    """
    case = approval_behind(uow, standing)
    case.demand_unchanged()
    circumstances = {
        "at": iso_instant(uow.now),
        "supplier": party_facts(uow, scenario.supplier_id),
        "buyer": party_facts(uow, scenario.buyer_id),
        "scenario": scenario.content,
    }
    evaluation = run_stage(
        uow, case, stage=Stage.SCENARIO, subject_id=scenario.id, circumstances=circumstances
    )
    if evaluation.blocking:
        raise RulesBlock([each.rule_id for each in evaluation.blocking])


def approval_behind(uow: UnitOfWork, standing: ListingStanding) -> ReviewCase:
    """The case that approved what is listed; raises `LicenceCannotBeIssued` where there is none."""
    case = find_approval(uow, standing.version_id, standing.dossier_hash)
    if case is None:
        raise LicenceCannotBeIssued(Obstacle.VERSION_NOT_APPROVED)
    return case


def weigh_use(scenario: Scenario, standing: ListingStanding) -> Depth:
    """How risky the use is by the data in force, and whom it takes; what was weighed stands."""
    if scenario.risk_score is None:
        found = scenario_risk.factors(scenario.content, standing.use_facts)
        depth = scenario_risk.depth_of(scenario.content, found)
        scenario.risk_factors, scenario.risk_score = found, sum(found.values())
        scenario.risk_table = int(scenario_risk.table()["version"])
        scenario.needs_two, scenario.needs_panel = depth is Depth.TWO, depth is Depth.PANEL
    return scenario.depth
