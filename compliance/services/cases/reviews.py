"""Opening review cases, classing what they change, and probing their upstream."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import select

from app.core.canonical import digest_hex
from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from compliance.errors import DossierHashMismatch
from compliance.events import ReviewOpened, ReviewReturned
from compliance.models.licences import ListingStanding
from compliance.models.panels import SittingPanel
from compliance.models.reviews import ReviewCase
from compliance.models.suspensions import FiledAppeal
from compliance.ports import ProbeResult
from compliance.review import changes, risk
from compliance.review.appeals import AppealState
from compliance.review.case_errors import ReviewAlreadyOpen, ReviewCaseNotFound
from compliance.review.case_machine import (
    FINAL_STAGES,
    OPEN_STAGES,
    Review,
    Stage,
    conclude_rules,
    resubmit,
)
from compliance.review.deadlines import due_at
from compliance.review.events import (
    ChangeClassified,
    ReviewConcluded,
)
from compliance.review.listing_machine import ListingState
from compliance.review.specialities import specialities_of
from compliance.rules import rule_set
from compliance.rules.fingerprints import fingerprint_of
from compliance.rules.rule_set import Severity
from compliance.services.declarations import declarations_of
from compliance.services.evaluations.carried_answers import carried_in, find_base
from compliance.services.evaluations.rule_sets import hold_rule_set
from compliance.services.evaluations.runs import findings_of, run_rules
from compliance.services.policies import policy_in_force

SUBMITTED = (
    "version_id",
    "product_id",
    "supplier_id",
    "listing_code",
    "dossier",
    "dossier_hash",
    "is_for_listing",
)
"""What a case takes over from the submission."""
WAITING_STAGES = frozenset({Stage.PRECHECK, *OPEN_STAGES})


def open_review(
    uow: UnitOfWork,
    *,
    version_id: str,
    product_id: str,
    supplier_id: str,
    listing_code: str,
    dossier: dict[str, Any],
    dossier_hash: str,
    is_for_listing: bool = True,
) -> ReviewCase:
    """A case for a submitted version, with the rules run: to the intake or straight back.

    The same submission twice is one case. Raises `DossierHashMismatch`, `ReviewAlreadyOpen`.
    """
    if digest_hex(dossier) != dossier_hash:
        raise DossierHashMismatch(version_id)
    former = _former_case(uow, version_id)
    if former is not None and former.stage in WAITING_STAGES:
        if former.dossier_hash != dossier_hash:
            raise ReviewAlreadyOpen(version_id, former.id)
        return former
    if former is not None and former.stage == Stage.SUPPLEMENT:
        advance(uow, former, resubmit(former.review(declarations_of(uow, former))))
        uow.session.flush()
    excluded = _appealed_against(uow, product_id) | set(former.excluded_ids if former else ())
    case = _new_case(
        uow,
        former,
        excluded,
        {
            "version_id": version_id,
            "product_id": product_id,
            "supplier_id": supplier_id,
            "listing_code": listing_code,
            "dossier": dossier,
            "dossier_hash": dossier_hash,
            "is_for_listing": is_for_listing,
        },
    )
    _precheck(uow, case)
    return case


def reopen_review(uow: UnitOfWork, case_id: str, *, excluded: Iterable[str]) -> ReviewCase:
    """Another case over the same dossier, for people who were not involved: an upheld appeal.

    Raises `ReviewCaseNotFound`.
    """
    former = lock_case(uow, case_id)
    same = {name: getattr(former, name) for name in SUBMITTED}
    case = _new_case(uow, former, set(excluded), same)
    _precheck(uow, case)
    return case


def _appealed_against(uow: UnitOfWork, product_id: str) -> set[str]:
    """Who decided on the product before and was found wrong by an appeal board."""
    wanted = (
        select(SittingPanel.excluded_ids)
        .join(FiledAppeal, FiledAppeal.panel_id == SittingPanel.id)
        .where(FiledAppeal.product_id == product_id, FiledAppeal.state == AppealState.UPHELD)
    )
    return {person for excluded in uow.session.scalars(wanted) for person in excluded}


def _new_case(
    uow: UnitOfWork, former: ReviewCase | None, excluded: set[str], submitted: dict[str, Any]
) -> ReviewCase:
    policy = policy_in_force(uow)
    risk_factors = _risk_factors(uow, submitted["supplier_id"], submitted["dossier"])
    level = risk.level(sum(risk_factors.values()), policy)
    change = _change(uow, submitted)
    made = fingerprint_of(submitted["dossier"])
    return ReviewCase(
        id=uow.ids.new("cas"),
        **submitted,
        **change,
        round=former.round + 1 if former else 1,
        supplement_round=_supplement_round(former),
        stage=Stage.PRECHECK,
        severity=Severity.INFO,
        risk_score=sum(risk_factors.values()),
        risk_level=level,
        risk_factors=risk_factors,
        specialities=specialities_of(submitted["dossier"]),
        schema_fingerprint=made.schema,
        row_fingerprints=list(made.rows),
        needs_panel=level is risk.RiskLevel.HIGH and change["change_class"] not in changes.FAST,
        approved_by=[],
        excluded_ids=sorted(excluded),
        findings=[],
        opened_at=uow.now,
        stage_since_at=uow.now,
    )


def _change(uow: UnitOfWork, submitted: dict[str, Any]) -> dict[str, Any]:
    """What the version changes of the one approved before it; of a first one nothing is known."""
    base = find_base(uow, submitted["product_id"], submitted["version_id"])
    if base is None:
        return {"base_case_id": None, "change_class": None, "changes": []}
    found = changes.changes_between(base.dossier, submitted["dossier"])
    return {
        "base_case_id": base.id,
        "change_class": changes.class_of(found),
        "change_table_hash": changes.table_hash(),
        "changes": [each.document() for each in found],
    }


def _former_case(uow: UnitOfWork, version_id: str) -> ReviewCase | None:
    """The latest case of the version, held, so that it is supplemented or expires, not both."""
    wanted = select(ReviewCase).where(ReviewCase.version_id == version_id)
    latest = wanted.order_by(ReviewCase.round.desc()).limit(1).with_for_update()
    return uow.session.scalars(latest).one_or_none()


def _supplement_round(former: ReviewCase | None) -> int:
    if former is None:
        return 0
    return former.supplement_round + (former.stage == Stage.SUPPLEMENTED)


def _risk_factors(uow: UnitOfWork, supplier_id: str, dossier: dict[str, Any]) -> dict[str, int]:
    approved = select(ReviewCase.id).where(
        ReviewCase.supplier_id == supplier_id, ReviewCase.stage == Stage.APPROVED
    )
    sanctioned = select(ListingStanding.listing_code).where(
        ListingStanding.supplier_id == supplier_id, ListingStanding.state == ListingState.REVOKED
    )
    return risk.factors(
        dossier,
        is_new_supplier=uow.session.scalars(approved.limit(1)).first() is None,
        was_sanctioned=uow.session.scalars(sanctioned.limit(1)).first() is not None,
    )


def _precheck(uow: UnitOfWork, case: ReviewCase) -> None:
    hold_rule_set(uow, rule_set.current())
    evaluation = run_rules(uow, case)
    if case.base_case_id is not None:
        _tell_of_change(uow, case)
    concluded = conclude_rules(
        case.review([]),
        blocks=bool(evaluation.blocking),
        is_slight=case.change_class in changes.FAST,
    )
    advance(uow, case, concluded)
    if evaluation.blocking:
        case.findings = findings_of(evaluation.blocking, rule_set.current())
        record_return(uow, case)
        return
    uow.record(
        ReviewOpened(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            supplier_id=case.supplier_id,
        )
    )


def _tell_of_change(uow: UnitOfWork, case: ReviewCase) -> None:
    base = uow.session.get_one(ReviewCase, case.base_case_id)
    uow.record(
        ChangeClassified(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            base_case_id=base.id,
            base_version_id=base.version_id,
            change_class=str(case.change_class),
            table_hash=str(case.change_table_hash),
            diff_hash=changes.diff_hash(changes.changes_between(base.dossier, case.dossier)),
            carried_rule_ids=tuple(each.rule_id for each in carried_in(uow, case)),
        )
    )


def record_return(uow: UnitOfWork, case: ReviewCase) -> None:
    """Send the case's findings back to the supplier."""
    uow.record(
        ReviewReturned(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            findings=case.findings,
        )
    )


def lock_case(uow: UnitOfWork, case_id: str) -> ReviewCase:
    """The case, held until the end of the transaction; raises `ReviewCaseNotFound`."""
    case = uow.session.get(ReviewCase, case_id, with_for_update=True)
    if case is None:
        raise ReviewCaseNotFound(case_id)
    return case


def advance(uow: UnitOfWork, case: ReviewCase, review: Review) -> None:
    """The case as the machine concluded, with the deadline of where it has come to."""
    before = case.stage
    case.follow(review, uow.now, due_at(review.stage, policy_in_force(uow), uow.now))
    if case.stage != before and case.stage in FINAL_STAGES:
        uow.record(
            ReviewConcluded(
                occurred_at=uow.now,
                case_id=case.id,
                version_id=case.version_id,
                stage=case.stage,
            )
        )


def note_probe(uow: UnitOfWork, *, case_id: str, result: ProbeResult) -> ReviewCase:
    """Keep what a probe of the upstream found and run the rules with it.

    A case that was decided meanwhile stays as it was decided. Raises `ReviewCaseNotFound`.
    """
    case = lock_case(uow, case_id)
    if case.stage not in OPEN_STAGES:
        return case
    case.probe = {"probed_at": iso_instant(uow.now), **asdict(result)}
    run_rules(uow, case)
    return case
