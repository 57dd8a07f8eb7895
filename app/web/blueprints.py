"""flask-smorest blueprints whose arguments are parsed strictly and fail as problem documents."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, TypeVar, cast

from flask import Flask, Request, current_app, request
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import RAISE, Schema, ValidationError, fields
from typing_extensions import override
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import UnsupportedMediaType

from app.core.errors import CounterfoilError, ErrorKind, InvalidFields
from app.core.json_text import demand_storable, each_once, load_json, reason_of

View = TypeVar("View", bound=Callable[..., Any])
_DEPTH_MAX = 32
_BINARY = {"type": "string", "format": "binary"}
_JSON = {"type": "object"}
_READING = frozenset({"GET", "HEAD"})


class MalformedBody(CounterfoilError):
    """The body is not one JSON document in UTF-8; the detail says why."""

    kind = ErrorKind.MALFORMED
    slug = "malformed-body"
    title = "The body cannot be read"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Send one JSON document in UTF-8. {reason}".rstrip())


def read_json(data: bytes) -> Any:
    """The JSON document in ``data``; raises `MalformedBody`."""
    try:
        document = load_json(data, pairs=each_once)
        demand_storable(document, levels=_DEPTH_MAX)
    except ValueError as error:
        raise MalformedBody(reason_of(error)) from None
    return document


def _pointer(path: tuple[str | int, ...]) -> str:
    """RFC 6901 section 6; `#` alone is the whole document, `#/` a member without a name."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def pointers(messages: Any, path: tuple[str | int, ...] = ()) -> list[dict[str, str]]:
    """The nested messages of marshmallow as ``{pointer, detail}`` (JSON Pointer, RFC 6901)."""
    if isinstance(messages, dict):
        found = []
        for key, inner in messages.items():
            found += pointers(inner, path if key == "_schema" else (*path, key))
        return found
    if isinstance(messages, list):
        return [{"pointer": _pointer(path), "detail": str(message)} for message in messages]
    return [{"pointer": _pointer(path), "detail": str(messages)}]


_WHOLE_NUMBER = re.compile(r"-?[0-9]+", re.ASCII)


def _query_faults(query: MultiDict[str, str], schema: Schema) -> dict[str, list[str]]:
    """What marshmallow would take in silence: the first of two values, and numbers as Python's."""
    named = {field.data_key or name: field for name, field in schema.fields.items()}
    faults = {}
    for name, values in query.lists():
        field = named.get(name)
        if len(values) > 1 and not isinstance(field, fields.List):
            faults[name] = ["Given more than once."]
        elif isinstance(field, fields.Integer) and not _WHOLE_NUMBER.fullmatch(values[0]):
            faults[name] = ["Not a valid integer."]
    return faults


class StrictParser(FlaskParser):
    """Refuses other content types, broken JSON and unknown fields, everywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE, "query_and_json": RAISE}  # noqa: RUF012 -- overrides webargs

    @override
    def load_json(self, req: Request, _schema: Any) -> Any:
        """The body as JSON; an absent body is an empty object, so required fields are named."""
        data = req.get_data(cache=True)
        if not data:
            return {}
        if not req.is_json:
            raise UnsupportedMediaType
        return read_json(data)

    @override
    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query; raises `InvalidFields` for what could be read in two ways."""
        faults = _query_faults(req.args, schema)
        if faults:
            raise InvalidFields(pointers(faults))
        return super().load_querystring(req, schema)

    @override
    def handle_error(self, error: ValidationError, *_args: Any, **_kwargs: Any) -> NoReturn:
        """A validation error as our problem."""
        messages = error.messages
        if isinstance(messages, dict):
            merged: dict[Any, Any] = {}
            for by_location in messages.values():
                merged.update(by_location if isinstance(by_location, dict) else {"": by_location})
            messages = merged
        raise InvalidFields(pointers(messages)) from error


class Blueprint(SmorestBlueprint):  # type: ignore[misc] # flask-smorest ships no types
    """A domain's routes; its decorators leave a view's type as it is."""

    ARGUMENTS_PARSER = StrictParser()

    def register_views_in_doc(self, api: Any, app: Flask, spec: Any, **named: Any) -> None:
        """Leave the describing of views to the document (`app.web.documentation.LateSpec`)."""
        spec.later(partial(super().register_views_in_doc, api, app, spec, **named))

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Serve the rule with the view."""
        return cast("Callable[[View], View]", super().route(rule, **options))

    def arguments(self, schema: Any, **options: Any) -> Callable[[View], View]:
        """Give the view what the schema loads from the body, or from ``location``."""
        given = cast("Callable[[View], View]", super().arguments(schema, **options))
        return given if "location" in options else _taking_a_body(given)

    def response(self, status: int, schema: Any = None, **options: Any) -> Callable[[View], View]:
        """Answer with the status and what the schema dumps, or with bytes of a content type."""
        content_type = options.get("content_type")
        if schema is None and content_type is not None:
            schema = _JSON if content_type == "application/json" else _BINARY
        return cast("Callable[[View], View]", super().response(status, schema, **options))

    def or_bytes(self, status: int, content_type: str) -> Callable[[View], View]:
        """Say that the status may come with bytes of a content type instead."""
        described = super().alt_response(
            status, schema=_BINARY, content_type=content_type, success=True
        )
        return cast("Callable[[View], View]", described)

    def or_shape(self, status: int, schema: Any) -> Callable[[View], View]:
        """Say that the answer may come with another status that means success as well."""
        described = super().alt_response(status, schema=schema, success=True)
        return cast("Callable[[View], View]", described)

    @staticmethod
    def doc(**described: Any) -> Callable[[View], View]:
        """Describe the view; one whose body is described takes it, and reads it by itself."""
        decorator = cast("Callable[[View], View]", SmorestBlueprint.doc(**described))
        return _taking_a_body(decorator) if "requestBody" in described else decorator

    def takes_bytes(self, *content_types: str) -> Callable[[View], View]:
        """Say that the body is bytes, of one of the content types; the view reads them."""
        content = {content_type: {"schema": _BINARY} for content_type in content_types}
        return self.doc(requestBody={"required": True, "content": content})


def _taking_a_body(decorator: Callable[[View], View]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        decorated = decorator(view)
        decorated.takes_a_body = True  # type: ignore[attr-defined] # carried along by functools.wraps
        return decorated

    return decorate


def _refuse_untaken_body() -> None:
    if request.method in _READING or request.endpoint is None:
        return
    if not getattr(current_app.view_functions[request.endpoint], "takes_a_body", False):
        Blueprint.ARGUMENTS_PARSER.parse(Schema(), request, location="json")


def register(app: Flask) -> None:
    """Refuse members of a body where none is taken, as unknown ones elsewhere are refused."""
    app.before_request(_refuse_untaken_body)
