"""Idempotency-Key on creating requests: effect and stored response share one transaction."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request

from app.core import idempotency
from app.core.cipher import Cipher
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.web.blueprints import Blueprint
from app.web.context import find_principal, get

View = TypeVar("View", bound=Callable[..., Any])

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
_ACCEPTABLE = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_STORED_BELOW = 400


_PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": True,
    "description": "Fresh for every new request, the same when it is retried; kept for 24 hours.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": idempotency.KEY_LENGTH_MAX,
        "pattern": "^[!-+.-~-]+$",  # visible ASCII without the comma
    },
}


def idempotent(view: View) -> View:
    """Mark a creating view: the key is required, and its success is answered once and replayed."""
    described: View = Blueprint.doc(parameters=[_PARAMETER])(view)
    described.is_idempotent = True  # type: ignore[attr-defined] # carried along by functools.wraps
    return described


def _caller() -> str:
    principal = find_principal()
    return principal.id if principal else "public"


def _fingerprint() -> str:
    parts = (request.method, request.full_path, request.get_data(cache=True))
    # Keyed: a body may hold a password, and a plain hash of it could be searched.
    return get(Cipher).fingerprint(repr(parts).encode())


def _context(key: str) -> str:
    return f"idempotency:{_caller()}:{key}"


def _begin() -> Response | None:
    if request.endpoint is None:
        return None
    if not getattr(current_app.view_functions[request.endpoint], "is_idempotent", False):
        return None
    key = request.headers.get(HEADER, "")
    if "," in key:
        raise idempotency.IdempotencyKeyRepeated
    if not _ACCEPTABLE.fullmatch(key):
        raise idempotency.IdempotencyKeyMissing
    g.idempotency = (key, _fingerprint())
    return _claim(key, g.idempotency[1])


def _claim(key: str, fingerprint: str) -> Response | None:
    manager: AbstractContextManager[UnitOfWork] = get(UnitOfWorkFactory).begin(Reach.EXCHANGE)
    g.held_manager, uow = manager, manager.__enter__()
    if not idempotency.claim(uow.session, caller=_caller(), key=key):
        raise idempotency.RequestStillRunning
    replay = idempotency.find_replay(
        uow.session, caller=_caller(), key=key, fingerprint=fingerprint, at=uow.now
    )
    if replay is None:
        uow.hold()
        g.held_unit_of_work = uow
        return None
    body = get(Cipher).decrypt(replay.body, context=_context(key))
    headers = {REPLAYED_HEADER: "true"}
    return Response(body, replay.status, headers, content_type=replay.content_type)


def _finish(response: Response) -> Response:
    uow: UnitOfWork | None = g.pop("held_unit_of_work", None)
    if uow is None or not uow.is_ready or response.status_code >= _STORED_BELOW:
        return response
    key, fingerprint = g.idempotency
    # Encrypted, because an answer may carry a secret that is shown once (an API key).
    body = get(Cipher).encrypt(response.get_data(), context=_context(key))
    answer = idempotency.Replay(response.status_code, body, response.content_type or "")
    uow.enter(Reach.EXCHANGE)
    idempotency.store(
        uow.session, caller=_caller(), key=key, fingerprint=fingerprint, answer=answer, at=uow.now
    )
    uow.release()
    return response


def _close(_error: BaseException | None) -> None:
    manager = g.pop("held_manager", None)
    if manager is not None:
        manager.__exit__(None, None, None)


def register(app: Flask) -> None:
    """Claim before the view, store and commit after it, roll back whatever is left."""
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_close)
