"""Routes of the reviewers' working day, and of the supplier who waits for it."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import public, requires
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import PageQuerySchema, page_schema
from compliance import queries, services
from compliance.api.blueprint import blueprint
from compliance.errors import UpstreamProbeUnavailable
from compliance.models.reviews import ConflictDeclaration, ReviewCase, RuleEvaluation
from compliance.ports import SentDocuments, UpstreamProbe
from compliance.queries.case_history import HistoryEvent
from compliance.queries.cases import CaseView
from compliance.rules import rule_set
from compliance.schemas.reviews import (
    AdmitCaseSchema,
    AssignmentSchema,
    CaseQuerySchema,
    CaseSummarySchema,
    CaseViewSchema,
    DecideCaseSchema,
    EvaluationSchema,
    HistoryEventSchema,
    OwnCaseSchema,
    ReleaseCaseSchema,
    ReplaySchema,
    RuleSetSchema,
    TakeCaseSchema,
)


@blueprint.route("/review-cases", methods=["GET"])
@blueprint.arguments(CaseQuerySchema, location="query")
@blueprint.response(200, page_schema(CaseSummarySchema))
@requires(Permission.READ_EXCHANGE)
def get_review_cases(query: dict[str, Any]) -> Page[ReviewCase]:
    """The queue, oldest first; without a stage only what is undecided."""
    reviewer = current_principal() if query.pop("is_for_me") else None
    with unit_of_work() as uow:
        return queries.list_cases(uow, reviewer=reviewer, **query)


@blueprint.route("/review-cases/mine", methods=["GET"])
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, page_schema(OwnCaseSchema))
@requires(Permission.OFFER_PRODUCTS)
def get_own_review_cases(query: dict[str, Any]) -> Page[ReviewCase]:
    """A supplier's own cases with their findings, newest first."""
    with unit_of_work() as uow:
        return queries.list_cases_of_supplier(uow, current_principal().organisation_id, **query)


@blueprint.route("/review-cases/<case_id>", methods=["GET"])
@blueprint.response(200, CaseViewSchema)
@requires(Permission.READ_EXCHANGE)
def get_review_case(case_id: str) -> CaseView:
    """One case: the dossier, the machine's findings, what is left to judge, what proves what."""
    with unit_of_work() as uow:
        view = queries.get_case_view(uow, case_id)
        return queries.say_what_was_sent(uow, get(SentDocuments), view)  # type: ignore[type-abstract]


@blueprint.route("/review-cases/<case_id>/admission", methods=["POST"])
@blueprint.arguments(AdmitCaseSchema)
@blueprint.response(201, CaseSummarySchema)
@requires(Permission.ADMIT)
@idempotent
def post_admission(command: dict[str, Any], case_id: str) -> ReviewCase:
    """Pass a complete submission on to the reviewers, or ask its supplier for a supplement."""
    with unit_of_work() as uow:
        case = services.admit_case(uow, current_principal(), case_id=case_id, **command)
        uow.commit()
        return case


@blueprint.route("/review-cases/<case_id>/assignment", methods=["POST"])
@blueprint.arguments(TakeCaseSchema)
@blueprint.response(201, AssignmentSchema)
@requires(Permission.REVIEW)
@idempotent
def post_assignment(command: dict[str, Any], case_id: str) -> ConflictDeclaration:
    """Declare one's conflicts and, without any, take the case at its present stage."""
    with unit_of_work() as uow:
        declaration = services.take_case(uow, current_principal(), case_id=case_id, **command)
        uow.commit()
        return declaration


@blueprint.route("/review-cases/<case_id>/release", methods=["POST"])
@blueprint.arguments(ReleaseCaseSchema)
@blueprint.response(201, CaseSummarySchema)
@requires(Permission.REVIEW)
@idempotent
def post_release(command: dict[str, Any], case_id: str) -> ReviewCase:
    """Put a case back into the queue: one's own, or a colleague's whose time is over."""
    with unit_of_work() as uow:
        case = services.release_case(uow, current_principal(), case_id=case_id, **command)
        uow.commit()
        return case


@blueprint.route("/review-cases/<case_id>/decisions", methods=["POST"])
@blueprint.arguments(DecideCaseSchema)
@blueprint.response(201, CaseSummarySchema)
@requires(Permission.REVIEW)
@idempotent
def post_decision(command: dict[str, Any], case_id: str) -> ReviewCase:
    """Approve, return or reject with a reason, answering what the machine left open."""
    with unit_of_work() as uow:
        case = services.decide_case(uow, current_principal(), case_id=case_id, **command)
        uow.commit()
        return case


@blueprint.route("/review-cases/<case_id>/probe", methods=["POST"])
@blueprint.response(200, CaseSummarySchema)
@requires(Permission.REVIEW)
@limit("10/minute")
def post_probe(case_id: str) -> ReviewCase:
    """Call the upstream with its own sample and run the rules with what came back."""
    try:
        probe = get(UpstreamProbe)  # type: ignore[type-abstract]
    except KeyError:
        raise UpstreamProbeUnavailable from None
    with unit_of_work() as uow:
        case = queries.get_case_view(uow, case_id).case
        case.refuse_when_decided()
    # Outside any transaction: an upstream may take its time, a database lock may not.
    result = probe.probe(version_id=case.version_id, dossier=case.dossier)
    with unit_of_work() as uow:
        noted = services.note_probe(uow, case_id=case_id, result=result)
        uow.commit()
        return noted


@blueprint.route("/review-cases/<case_id>/evaluations", methods=["GET"])
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, page_schema(EvaluationSchema))
@requires(Permission.READ_EXCHANGE)
def get_evaluations(query: dict[str, Any], case_id: str) -> Page[RuleEvaluation]:
    """Every run of the rules over a case, newest first."""
    with unit_of_work() as uow:
        return queries.list_evaluations(uow, case_id, **query)


@blueprint.route("/review-cases/<case_id>/history", methods=["GET"])
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, page_schema(HistoryEventSchema))
@requires(Permission.READ_EXCHANGE)
def get_history(query: dict[str, Any], case_id: str) -> Page[HistoryEvent]:
    """Everything that happened to the case's version, over all its rounds, from the first on."""
    with unit_of_work() as uow:
        return queries.get_history(uow, case_id, **query)


@blueprint.route("/rule-evaluations/<evaluation_id>/replay", methods=["GET"])
@blueprint.response(200, ReplaySchema)
@requires(Permission.READ_EXCHANGE)
def get_replay(evaluation_id: str) -> dict[str, Any]:
    """Run a stored evaluation again; an auditor expects `is_same` to be true."""
    with unit_of_work() as uow:
        is_same = services.replay_evaluation(uow, evaluation_id=evaluation_id)
    return {"evaluation_id": evaluation_id, "is_same": is_same}


@blueprint.route("/rule-set", methods=["GET"])
@blueprint.response(200, RuleSetSchema)
@public("everybody may know by which rules listings are judged")
def get_rule_set() -> rule_set.RuleSet:
    """The rule set in force, with the hash that evaluations name."""
    return rule_set.current()
