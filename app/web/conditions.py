"""Conditional requests: who writes over what they read names it, and no one's work is lost."""

from flask import request

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "description": "The `ETag` of what you read: refused with 412 if it was changed since.",
    "schema": {"type": "string"},
}


def asked_match() -> frozenset[str] | None:
    """The entity tags of If-Match, None without a condition (RFC 9110 section 13.1.1).

    `*` asks only that there is something, which a route finds out by itself. Weak tags match
    nothing (section 8.8.3.2).
    """
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    return frozenset(request.if_match.as_set())


def entity_tag(tag: str) -> dict[str, str]:
    """The header that names what is answered."""
    return {"ETag": f'"{tag}"'}
