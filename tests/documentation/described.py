"""Whether requests and answers are as the OpenAPI document describes them."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema_rs
from werkzeug.test import TestResponse

JSON = "application/json"
METHODS = ("get", "post", "put", "patch", "delete")
_OF_PROTOCOL = {"authorization", "content-type"}
_ERROR = 400


class Described:
    """The document, and what speaks against it."""

    def __init__(self, document: Any) -> None:
        self._components = document["components"]
        self._operations: list[tuple[str, re.Pattern[str], dict[str, Any]]] = [
            (method, _pattern(path), operation | _with_parameters(item, operation))
            for path, item in sorted(document["paths"].items(), key=_fewest_variables_first)
            for method, operation in item.items()
            if method in METHODS
        ]

    def find(self, method: str, path: str) -> dict[str, Any] | None:
        """The operation, if there is one."""
        for known, pattern, operation in self._operations:
            if known == method.lower() and pattern.fullmatch(urlsplit(path).path):
                return operation
        return None

    def faults(
        self, method: str, path: str, headers: dict[str, str], body: str, answer: TestResponse
    ) -> Iterator[str]:
        """Each way in which the exchange is not what the document says."""
        operation = self.find(method, path)
        if operation is None:
            yield "not described"
            return
        yield from self._of_answer(operation, answer)
        if answer.status_code < _ERROR:
            yield from self._of_request(operation, path, headers, body)

    def _of_answer(self, operation: dict[str, Any], answer: TestResponse) -> Iterator[str]:
        described = operation["responses"].get(str(answer.status_code))
        if described is None and answer.status_code >= _ERROR:
            described = operation["responses"].get("default")
        if described is None:
            yield f"status {answer.status_code} is not described"
            return
        content = self._resolved(described).get("content", {})
        kind = (answer.content_type or "").partition(";")[0]
        kinds = {name.partition(";")[0]: shape for name, shape in content.items()}
        if not answer.data:
            yield from ["the answer is empty"] if kinds else []
        elif kind not in kinds:
            yield f"an answer of {kind} is not described, but {sorted(kinds)}"
        elif kind.endswith("json"):
            yield from self._misfits(kinds[kind].get("schema"), answer.json, "answer")

    def _of_request(
        self, operation: dict[str, Any], path: str, headers: dict[str, str], body: str
    ) -> Iterator[str]:
        described = {(each["in"], each["name"].lower()) for each in operation["parameters"]}
        if any(each.get("explode") for each in operation["parameters"]):
            path = urlsplit(path).path
        sent = {("query", name.lower()) for name, _ in parse_qsl(urlsplit(path).query)}
        sent |= {("header", name.lower()) for name in headers if name.lower() not in _OF_PROTOCOL}
        for place, name in sorted(sent - described):
            yield f"{place} {name} is not described"
        if not body:
            return
        shapes = operation.get("requestBody", {}).get("content", {})
        kind = headers.get("Content-Type", JSON)
        if kind not in shapes:
            yield f"a body of {kind} is not described"
            return
        sent_as = json.loads(body) if kind == JSON else body
        yield from self._misfits(shapes[kind].get("schema"), sent_as, "body")

    def _resolved(self, response: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in response:
            return response
        found: dict[str, Any] = self._components["responses"][response["$ref"].rpartition("/")[2]]
        return found

    def _misfits(self, schema: dict[str, Any] | None, value: Any, what: str) -> Iterator[str]:
        if schema is None:
            yield f"the {what} has no schema"
            return
        whole = jsonschema_rs.Draft202012Validator({**schema, "components": self._components})
        for error in whole.iter_errors(value):
            place = "/".join(str(part) for part in error.instance_path)
            yield f"{what} #/{place}: {error.message[:200]}"


def _with_parameters(item: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    return {"parameters": [*item.get("parameters", []), *operation.get("parameters", [])]}


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^{}]+\})", path)
    return re.compile("".join("[^/]+" if part[:1] == "{" else re.escape(part) for part in parts))


def _fewest_variables_first(item: tuple[str, Any]) -> int:
    return item[0].count("{")
