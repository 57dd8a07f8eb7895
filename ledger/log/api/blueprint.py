"""The one blueprint of the log, and what its routes share."""

from flask import Response

from app.core.principals import Permission
from app.core.unit_of_work import UnitOfWork
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get
from ledger.log.keys import LogKeys
from ledger.log.sequencing.succession import current_keys

blueprint = Blueprint("log", __name__, description="The public log, and evidence from it.")

BINARY = {"type": "string", "format": "binary"}
TEXT = {"type": "string"}
IMMUTABLE = "max-age=31536000, immutable"


def log_keys(uow: UnitOfWork) -> LogKeys:
    """The log's keys under the name of the shard that is open."""
    return current_keys(uow.session, get(LogKeys))


def own_organisation() -> str | None:
    """Whose entries to ask for: the principal's own; None for an auditor, who sees all."""
    principal = current_principal()
    return None if principal.may(Permission.AUDIT) else principal.organisation_id


def answer(data: bytes | str, content_type: str, cache_control: str) -> Response:
    """Bytes with how long they may be kept."""
    headers = {"Cache-Control": cache_control, "X-Content-Type-Options": "nosniff"}
    return Response(data, headers=headers, content_type=content_type)
