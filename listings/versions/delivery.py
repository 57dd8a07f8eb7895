"""What the data plane needs to call a listing's upstream and to judge its answer."""

from collections.abc import Mapping
from typing import Any

from app.core.canonical import base64_text
from app.core.delivery import FILES


def delivery_of(
    content: Mapping[str, Any], *, ciphertext: bytes | None, context: str
) -> dict[str, Any]:
    """The delivery definition; the credential stays encrypted under its context."""
    upstream = content.get("upstream") or {}
    return {
        "url": upstream.get("url", ""),
        "method": upstream.get("method", "GET"),
        "timeout_ms": upstream.get("timeout_ms", 0),
        "response_bytes_max": upstream.get("response_bytes_max", 0),
        "calls_per_second": upstream.get("calls_per_second", 0),
        "credential_header": upstream.get("credential_header", ""),
        "credential_ciphertext": base64_text(ciphertext or b""),
        "credential_context": context if ciphertext else "",
        "outcome_rule": content.get("outcome_rule", {}),
        **({"files": content.get("files", [])} if is_package(content) else {}),
    }


def is_package(content: Mapping[str, Any]) -> bool:
    """Whether a call is answered with addresses of files."""
    return content.get("delivery_mode") in FILES


PACKAGE_FIELDS_IN = [
    {"name": "part", "type": "string", "required": False, "max_length": 4096},
    {"name": "name", "type": "string", "required": False, "max_length": 4096},
]
"""What a call for files may say: parts and names, several separated by commas."""


def enforced_fields_in(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parameters of a call; those of a package are the same everywhere."""
    return PACKAGE_FIELDS_IN if is_package(content) else content.get("fields_in", [])


def enforced_fields_out(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The output fields as an answer is checked: what is not nullable must be there."""
    return [
        {**field, "required": not field.get("nullable", False)}
        for field in content.get("fields_out", ())
    ]
