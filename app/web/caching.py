"""Who may keep an answer: nobody may keep one that was for somebody, unless its route says so."""

from flask import Flask, Response, request

_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})


def register(app: Flask) -> None:
    """Mark every answer before it leaves (RFC 9111 section 5.2.2.5)."""
    app.after_request(_mark)


def _mark(response: Response) -> Response:
    # No browser shall take a supplier's text, or a proof, for a page.
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if "Authorization" in request.headers or request.method not in _HARMLESS:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
