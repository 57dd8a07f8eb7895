"""Addresses that no row can match, or that are another's twin: refused before a query sees them."""

from flask import Flask, request
from werkzeug.exceptions import NotFound

from app.core.errors import CounterfoilError, ErrorKind
from app.core.json_text import is_storable


class MalformedAddress(CounterfoilError):
    """The path or the query holds a character that no text of ours can hold."""

    kind = ErrorKind.MALFORMED
    slug = "malformed-address"
    title = "The address cannot be read"

    def __init__(self) -> None:
        super().__init__("Leave NUL characters and lone surrogates out of path and query.")


def _refuse_doubled_slash() -> None:
    # The URL map refuses one further on; of those in front it would see a single one.
    if request.environ["PATH_INFO"].startswith("//"):
        raise NotFound


def _refuse_unstorable() -> None:
    asked = (text for name, value in request.args.items(multi=True) for text in (name, value))
    values = [*(request.view_args or {}).values(), *asked]
    if not all(is_storable(str(value)) for value in values):
        raise MalformedAddress


def register(app: Flask) -> None:
    """Check every request's path and query."""
    app.before_request(_refuse_doubled_slash)
    app.before_request(_refuse_unstorable)
