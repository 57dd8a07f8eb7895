"""Routes of what reviewers know, so that the queue can be asked for what is theirs."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import public, requires
from app.web.context import current_principal, unit_of_work
from app.web.paging import page_schema
from compliance import queries, services
from compliance.api.blueprint import blueprint
from compliance.models.specialities import ReviewerSpecialities
from compliance.review.specialities import vocabulary
from compliance.schemas.specialities import (
    RegisterSpecialitiesSchema,
    ReviewerSpecialitiesQuerySchema,
    ReviewerSpecialitiesSchema,
    SpecialityListSchema,
)


@blueprint.route("/specialities", methods=["GET"])
@blueprint.response(200, SpecialityListSchema)
@public("the codes by which cases are told apart, in both languages")
def get_specialities() -> Any:
    """The scenes and fields of law by which a case finds its reviewer."""
    return vocabulary()


@blueprint.route("/reviewer-specialities", methods=["GET"])
@blueprint.arguments(ReviewerSpecialitiesQuerySchema, location="query")
@blueprint.response(200, page_schema(ReviewerSpecialitiesSchema))
@requires(Permission.READ_EXCHANGE)
def get_reviewer_specialities(query: dict[str, Any]) -> Page[ReviewerSpecialities]:
    """Who knows what, for whoever shares out the work."""
    with unit_of_work() as uow:
        return queries.list_reviewer_specialities(uow, **query)


@blueprint.route("/reviewer-specialities/mine", methods=["GET"])
@blueprint.response(200, ReviewerSpecialitiesSchema)
@requires(Permission.REVIEW)
def get_own_specialities() -> ReviewerSpecialities:
    """What one registered."""
    with unit_of_work() as uow:
        return queries.get_own_specialities(uow, current_principal().id)


@blueprint.route("/reviewer-specialities/mine", methods=["PUT"])
@blueprint.arguments(RegisterSpecialitiesSchema)
@blueprint.response(200, ReviewerSpecialitiesSchema)
@requires(Permission.REVIEW)
def put_own_specialities(command: dict[str, Any]) -> ReviewerSpecialities:
    """Say what one knows; `is_for_me` of the queue goes by it."""
    with unit_of_work() as uow:
        kept = services.register_specialities(uow, current_principal(), **command)
        uow.commit()
        return kept


@blueprint.route("/reviewer-specialities/<person_id>", methods=["PUT"])
@blueprint.arguments(RegisterSpecialitiesSchema)
@blueprint.response(200, ReviewerSpecialitiesSchema)
@requires(Permission.MANAGE_STAFF)
def put_specialities(command: dict[str, Any], person_id: str) -> ReviewerSpecialities:
    """Say what a reviewer is asked for; an empty list leaves them with the whole queue."""
    with unit_of_work() as uow:
        kept = services.assign_specialities(
            uow, current_principal(), person_id=person_id, **command
        )
        uow.commit()
        return kept
