"""In which language an answer is labelled."""

from typing import Any, cast

from flask import request

from listings.vocabulary import Language

LANGUAGE = {
    "in": "header",
    "name": "Accept-Language",
    "description": "`zh` for labels in Chinese; English without a preference.",
    "schema": {"type": "string"},
}
Answer = tuple[dict[str, Any], dict[str, str]]


def asked_language() -> Language:
    """What Accept-Language prefers (RFC 9110 section 12.5.4); English without a preference."""
    return cast("Language", request.accept_languages.best_match(["en", "zh"], default="en"))


def in_language(language: Language, body: dict[str, Any]) -> Answer:
    """The answer with the headers that say so, for caches too."""
    return body, {"Content-Language": language, "Vary": "Accept-Language"}
