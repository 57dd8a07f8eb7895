"""Routes of the second factor."""

from typing import Any

from app.accounts import services
from app.accounts.api.blueprint import blueprint
from app.accounts.api.signed_in import current_person
from app.accounts.ports import CredentialKit
from app.accounts.services import Enrolment
from app.accounts.session_schemas import ConfirmSecondFactorSchema, EnrolmentSchema
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import get, unit_of_work
from app.web.limits import limit


@blueprint.route("/v1/second-factor", methods=["POST"])
@blueprint.response(201, EnrolmentSchema)
@requires(Permission.READ_OWN)
@limit("10 per minute")
def post_second_factor() -> Enrolment:
    """Enrol an authenticator; asking again replaces a secret that was not confirmed."""
    with unit_of_work() as uow:
        enrolment = services.enrol_second_factor(uow, get(CredentialKit), current_person())
        uow.commit()
    return enrolment


@blueprint.route("/v1/second-factor/confirmation", methods=["POST"])
@blueprint.arguments(ConfirmSecondFactorSchema)
@blueprint.response(204)
@requires(Permission.READ_OWN)
@limit("10 per minute")
def post_confirmation(command: dict[str, Any]) -> None:
    """Confirm it with a code; from now on signing in needs one, and other sessions end."""
    person = current_person()
    with unit_of_work() as uow:
        services.confirm_second_factor(
            uow, get(CredentialKit), person, session_id=person.session_id, **command
        )
        uow.commit()
