"""Runs the rules of the scenario's stage over the approved dossier and the declared use."""

from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from compliance.errors import LicenceCannotBeIssued, Obstacle, RulesBlock
from compliance.licence_models import ListingStanding, Scenario
from compliance.rule_set import Stage
from compliance.services.circumstances import party_facts
from compliance.services.evaluations import run_stage
from compliance.services.listings import find_approval


def demand_lawful_use(uow: UnitOfWork, scenario: Scenario, standing: ListingStanding) -> None:
    """Keep the evaluation with the scenario; raises `RulesBlock` where a rule stands against it.

    What the rules leave to a person is what the reviewer decides on, with the reason.
    """
    case = find_approval(uow, standing.version_id, standing.dossier_hash)
    if case is None:
        raise LicenceCannotBeIssued(Obstacle.VERSION_NOT_APPROVED)
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
