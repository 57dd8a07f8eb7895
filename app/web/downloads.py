"""Files that somebody sent, given out to be saved: no browser shows or runs them."""

import hashlib

from flask import Response

from app.core.canonical import base64_text


def to_be_saved(content: bytes, *, media_type: str, name: str) -> Response:
    """The file under a name of ours (ASCII), with its SHA-256 (``Repr-Digest``, RFC 9530)."""
    digest = base64_text(hashlib.sha256(content).digest())
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    return response
