"""How the interactive reference describes calls and downloads, which no route of Flask answers."""

from typing import Any

CALL = "/data/{listing_code}"
FILE = "/files/{listing_code}/{token}/{name}"
KEY_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "cfk_…",
    "description": "An API key of POST /v1/api-keys, issued for one licence.",
}
_SCHEME_NAME = "key"
_SENT = {
    "Idempotency-Key": "One for each intention; a repeated call has the stored answer and is free.",
    "Answer-Fields": "Names of licensed fields, comma separated: the answer has no others.",
    "Purpose": "What this call is for, a code within the licence; needed for data about persons"
    " where the licence permits several.",
    "Consent-Token": "The person's consent, where the licence asks for it call by call.",
}
_RECEIVED = {
    "Usage-Receipt": "The signed receipt, URL-safe Base64: keep it beside the answer.",
    "Outcome": "`hit`, `miss`, `rows` or `units`.",
    "Usage-Units": "How many units were counted, free ones included.",
    "Quota-Remaining": "Units that are left of the plan.",
    "Calls-Remaining": "Calls that are left of the licence.",
    "Balance-Remaining": "What the wallet that pays can still bear, in eight places.",
    "Cap-Remaining": "What the buyer's own caps still allow, in eight places.",
    "RateLimit": "What is left of this second.",
    "RateLimit-Policy": "Of how much.",
    "Idempotency-Replayed": "`true` where the stored answer came again.",
}
_CODE = "The listing's public code."
_PROBLEM = {"$ref": "#/components/responses/DEFAULT_ERROR"}


def paths() -> dict[str, dict[str, Any]]:
    """The operations of each path, by method."""
    return {CALL: _calls(), FILE: {"get": _download("get_file"), "head": _download("head_file")}}


def _download(name: str) -> dict[str, Any]:
    parts = {
        "listing_code": _CODE,
        "token": "As the manifest's address has it.",
        "name": "The file's name.",
    }
    sent = {"Range": "One range of bytes.", "If-Range": "The file's ETag."}
    received = {"ETag": "The file's SHA-256, quoted.", "Content-Range": "Which bytes these are."}
    body = {
        "description": "The file, or the range of it.",
        "headers": {name: _text(says) for name, says in received.items()},
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    }
    return {
        "operationId": name,
        "summary": "Fetch a file of a package, at an address of a manifest: free, and resumable.",
        "tags": ["calls"],
        "security": [{_SCHEME_NAME: []}],
        "parameters": [
            *(
                {"in": "path", "name": part, "required": True, **_text(says)}
                for part, says in parts.items()
            ),
            *({"in": "header", "name": each, **_text(says)} for each, says in sent.items()),
        ],
        "responses": {"200": body, "206": body, "default": _PROBLEM},
    }


def _calls() -> dict[str, Any]:
    query = {
        "in": "query",
        "name": "input",
        "description": "The listing's input fields (`fields_in`), each by its own name.",
        "style": "form",
        "explode": True,
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    }
    body = {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
        "description": "The listing's input fields (`fields_in`).",
    }
    return {
        "get": {**_operation("get_call"), "parameters": [*_parameters(), query]},
        "post": {**_operation("post_call"), "parameters": _parameters(), "requestBody": body},
    }


def _operation(name: str) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": "Call a listing: metered, charged and answered with a signed receipt.",
        "tags": ["calls"],
        "security": [{_SCHEME_NAME: []}],
        "responses": {
            "200": _answer("The licensed fields of the answer."),
            "404": _answer("A miss, with its receipt; or nothing is at this address."),
            "default": _PROBLEM,
        },
    }


def _answer(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {name: _text(says) for name, says in _RECEIVED.items()},
        "content": {
            "application/json": {"schema": {"type": ["object", "array"]}},
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    }


def _parameters() -> list[dict[str, Any]]:
    code = {"in": "path", "name": "listing_code", "required": True, **_text(_CODE)}
    return [code, *({"in": "header", "name": name, **_text(says)} for name, says in _SENT.items())]


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}
