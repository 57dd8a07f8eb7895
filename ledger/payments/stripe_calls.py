"""Calls to Stripe: never inside a unit of work, a list page by page, and what a failure means."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import stripe

from app.core.unit_of_work import is_unit_open_here
from ledger.payments.errors import CalledInsideTransaction
from ledger.payments.ports import NotNow, OutcomeUnknown, RequestRefused

_CLIENT_ERROR, _IN_USE, _SERVER_ERROR = 400, 409, 500
_NOT_OURS_TO_FAIL = (401, 403)
"""Our key or its permissions are wrong: nothing was done, and a right key makes it work."""


def pages(list_page: Callable[[Any], Any], params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object of a list, page by page; each page is one call with its own bounds."""
    after: dict[str, Any] = {}
    while True:
        page = call(lambda: list_page({**params, **after}))  # noqa: B023 -- called at once
        yield from page["data"]
        if not page["has_more"] or not page["data"]:
            return
        after = {"starting_after": page["data"][-1]["id"]}


def call(perform: Callable[[], Any]) -> dict[str, Any]:
    """One call, answered as plain JSON; raises `OutcomeUnknown`, `NotNow`, `RequestRefused`."""
    if is_unit_open_here():
        msg = "Stripe was about to be called inside a unit of work"
        raise CalledInsideTransaction(msg)
    try:
        found: dict[str, Any] = perform().to_dict(for_json=True)
    except stripe.StripeError as error:
        raise _meaning_of(error) from error
    return found


def _meaning_of(error: stripe.StripeError) -> Exception:
    """What an error says about whether something was done (https://docs.stripe.com/error-low-level).

    A key that was used with other parameters (a bug) says nothing about the first use, so that its
    outcome is unknown, not refused.
    """
    status, code = error.http_status, error.code
    is_answer = status is not None and _CLIENT_ERROR <= status < _SERVER_ERROR
    if not is_answer or isinstance(error, stripe.IdempotencyError):
        return OutcomeUnknown(_words(error))
    if isinstance(error, stripe.RateLimitError) or status == _IN_USE:
        return NotNow(_words(error), retry_after_seconds=_retry_after(error))
    if status in _NOT_OURS_TO_FAIL:
        return NotNow(_words(error))
    return RequestRefused(code or f"status_{status}", _words(error))


def _words(error: stripe.StripeError) -> str:
    return f"{type(error).__name__} {error.http_status or ''} {error.code or ''}".strip()


def _retry_after(error: stripe.StripeError) -> int | None:
    headers = error.headers or {}
    text = str(next((headers[name] for name in headers if name.lower() == "retry-after"), ""))
    return int(text) if text.isdecimal() else None
