"""Runs the rules of the licence's stage over the approved dossier, the parties and the terms."""

from sqlalchemy import select

from app.core.canonical import digest_hex
from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import Licence
from compliance.models.reviews import ReviewCase
from compliance.review.scenario_machine import LicenceState
from compliance.rules.errors import RulesBlock
from compliance.rules.facts import product_terms
from compliance.rules.rule_set import Stage
from compliance.services.evaluations.circumstances import party_facts
from compliance.services.evaluations.runs import run_stage
from compliance.services.licences.price_alarms import alarm_of_price

PRICES_SHOWN = 20
"""One other price is enough for an alarm; the rest are for whoever looks."""


def demand_lawful_licence(uow: UnitOfWork, licence: Licence, case: ReviewCase) -> None:
    """Keep the evaluation with the licence; raises `RulesBlock` where a rule stands against it.

    Nobody is asked at this moment: what a rule only doubts is kept for who looks later, and another
    price raises an alarm.
    """
    others = _other_prices(uow, licence, case)
    circumstances = {
        "at": iso_instant(uow.now),
        "supplier": party_facts(uow, licence.supplier_id),
        "buyer": party_facts(uow, licence.buyer_id),
        "terms": licence.terms,
        "approved": product_terms(case.dossier),
        "parity": others,
    }
    evaluation = run_stage(
        uow, case, stage=Stage.LICENCE, subject_id=licence.id, circumstances=circumstances
    )
    if evaluation.blocking:
        raise RulesBlock([each.rule_id for each in evaluation.blocking])
    alarm_of_price(uow, licence, evaluation, others)


def _other_prices(uow: UnitOfWork, licence: Licence, case: ReviewCase) -> list[str]:
    """Hashes of plans of the same kind by which other buyers have the same version now.

    Two prices that the listing offers to everybody are the same conditions: each buyer chose.
    """
    offered = {digest_hex(plan) for plan in case.dossier.get("plans") or ()}
    kind = Licence.plan_terms["kind"].as_string()
    wanted = (
        select(Licence.plan_hash)
        .where(
            Licence.listing_code == licence.listing_code,
            Licence.version_id == licence.version_id,
            Licence.buyer_id != licence.buyer_id,
            Licence.state == LicenceState.ACTIVE,
            Licence.plan_hash != licence.plan_hash,
            kind == licence.plan_terms["kind"],
        )
        .distinct()
        .order_by(Licence.plan_hash)
    )
    if licence.plan_hash in offered:
        wanted = wanted.where(Licence.plan_hash.not_in(offered))
    return list(uow.session.scalars(wanted.limit(PRICES_SHOWN)))
