"""The OpenAPI 3.1 document and its interactive page, served without any network."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import swagger_ui_bundle
from flask import Flask, Response, redirect, request, send_from_directory
from flask_smorest import Api
from marshmallow import INCLUDE, fields
from marshmallow import Schema as MarshmallowSchema
from werkzeug.wrappers import Response as WerkzeugResponse

from app.web import members, problems
from app.web.access import public
from app.web.schemas import AMOUNT_WRITTEN, AmountText, Schema

PREFIX = "/docs"


class ProblemFieldSchema(Schema):
    """A field that is not acceptable."""

    pointer = fields.String(required=True)
    detail = fields.String(required=True)


class ProblemSchema(Schema):
    """RFC 9457 problem details; facts come as extension members."""

    class Meta:
        """marshmallow options."""

        unknown = INCLUDE

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    errors = fields.List(fields.Nested(ProblemFieldSchema))


class AddressSchema(Schema):
    """The variable parts of addresses, by which `members.toml` calls them."""


class LateSpec:
    """apispec's document, whose operations are described when it is first asked for.

    Describing them all takes a quarter of a second, which no start or restart should wait for.
    """

    def __init__(self, spec: Any) -> None:
        self._spec = spec
        self._descriptions: list[Callable[[], None]] = []
        self._additions: list[Callable[[dict[str, Any]], None]] = []
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._spec, name)

    def later(self, describe: Callable[[], None]) -> None:
        """Have something described before the document is made."""
        self._descriptions.append(describe)

    def add(self, addition: Callable[[dict[str, Any]], None]) -> None:
        """Have something added to the document, which must find it again without adding twice."""
        self._additions.append(addition)

    def to_dict(self) -> dict[str, Any]:
        """The whole document."""
        with self._lock:
            for describe in self._descriptions:
                describe()
            self._descriptions.clear()
            document: dict[str, Any] = self._spec.to_dict()
            for add in self._additions:
                add(document)
            return document


class ProblemApi(Api):  # type: ignore[misc] # flask-smorest ships no types
    """flask-smorest without its own error handlers: `app.web.problems` answers errors."""

    ERROR_SCHEMA = ProblemSchema
    spec: Any
    _written: bytes | None = None

    def _init_spec(self, **options: Any) -> None:
        super()._init_spec(**options)
        self.spec = LateSpec(self.spec)
        self.spec.add(partial(_describe_shapes, self.ma_plugin.converter.refs))
        self.spec.add(_describe_addresses)

    def _openapi_json(self) -> WerkzeugResponse:
        """The document as text, written once: it is a tenth of a second's work for anybody."""
        if self._written is None:
            self._written = json.dumps(self.spec.to_dict(), indent=2, ensure_ascii=False).encode()
        response = Response(self._written, mimetype="application/json")
        response.add_etag()
        return response.make_conditional(request)

    def _register_error_handlers(self) -> None:
        """Leave errors to the problem documents."""

    def _register_responses(self) -> None:
        """Describe errors by the type that they have; the hook knows one type for everything."""
        self.DEFAULT_RESPONSE_CONTENT_TYPE = problems.CONTENT_TYPE
        converter = self.ma_plugin.converter
        converter.add_attribute_function(_as_others_write_it)
        converter.add_attribute_function(_as_its_members_mean)
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE


def _as_others_write_it(
    _converter: Any, _field: Any, *, ret: dict[str, Any], **_: Any
) -> dict[str, Any]:
    """Patterns in ECMA-262, as JSON Schema has them: it does not know Python's ends of a text."""
    if "pattern" not in ret:
        return {}
    return {"pattern": ret["pattern"].replace(r"\A", "^").replace(r"\Z", "$")}


def _as_its_members_mean(
    _converter: Any, field: fields.Field[Any], *, ret: dict[str, Any], **_: Any
) -> dict[str, Any]:
    """What a member means, where its field does not say so itself."""
    if "description" in ret or not isinstance(field.parent, MarshmallowSchema):
        return {}
    said = members.meaning(type(field.parent), field.data_key or str(field.name))
    if said is None:
        return {}
    written = f" {AMOUNT_WRITTEN}" if isinstance(field, AmountText) else ""
    return {"description": f"{said}{written}"}


def _describe_shapes(names: dict[Any, str], document: dict[str, Any]) -> None:
    """Say of each shape what it is, as its schema does."""
    shapes = document["components"]["schemas"]
    for key, name in names.items():
        shapes[name].setdefault("description", members.summary_of(key[0]))


def _describe_addresses(document: dict[str, Any]) -> None:
    """Say of each variable part of an address what it is."""
    for item in document["paths"].values():
        for part in item.get("parameters", []):
            said = members.meaning(AddressSchema, part["name"])
            if said:
                part.setdefault("description", said)


def register(app: Flask) -> Any:
    """Serve the document at /docs/openapi.json and the page at /docs/."""
    app.config.update(
        API_TITLE="Counterfoil",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        OPENAPI_SWAGGER_UI_PATH="/",
        OPENAPI_SWAGGER_UI_URL=f"{PREFIX}/assets/",
        API_SPEC_OPTIONS={
            "info": {
                "description": "Data exchange: no listing without compliance, no trade without a"
                " scenario; two halves for every call. Instants are RFC 3339 in UTC with six"
                " fraction digits, hashes lower-case hexadecimal, days and months those of"
                " Asia/Shanghai. Amounts are decimal text of the currency unit with eight places;"
                " in signed documents whole numbers of 10⁻⁸ of it, as text."
            },
            "components": {
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            },
            "security": [{"bearer": []}],
        },
    )
    api = ProblemApi(app)
    _add_assets(app)
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith("api-docs."):
            app.view_functions[endpoint] = public("documentation")(_named(view))
    return api


def describe(api: Any, paths: dict[str, dict[str, Any]], scheme: dict[str, Any]) -> None:
    """Describe paths that are not answered here, with the security scheme that they use alone."""
    operations = [each for path in paths.values() for each in path.values()]
    (name,) = {name for each in operations for name in each["security"][0]}
    api.spec.components.security_scheme(name, scheme)
    # Not by `path()`, whose plugin wants a rule of Flask's.
    api.spec.options["paths"] = paths


def list_values(api: Any, values: Mapping[tuple[str, str], Iterable[str]]) -> None:
    """Say what a member (shape, name) can be, where only the whole application knows."""
    api.spec.add(partial(_list_values, values))


def _list_values(values: Mapping[tuple[str, str], Iterable[str]], document: dict[str, Any]) -> None:
    for (shape, member), known in values.items():
        document["components"]["schemas"][shape]["properties"][member]["enum"] = sorted(known)


def _named(view: Callable[..., Any]) -> Callable[..., Any]:
    """A bound method takes no mark, and the rate limiter cannot name a partial."""

    def show_documentation(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return show_documentation


def _add_assets(app: Flask) -> None:
    folder = Path(swagger_ui_bundle.swagger_ui_path)

    @app.get(f"{PREFIX}/assets/<path:name>")
    @public("the interactive page's own files")
    def get_asset(name: str) -> Response:
        return send_from_directory(folder, name, max_age=86_400)

    @app.get("/problems")
    @public("what a problem document's type points at")
    def get_problems() -> Response:
        page = Path(__file__).parents[2] / "docs" / "problems.md"
        return Response(page.read_bytes(), content_type="text/markdown; charset=utf-8")

    @app.get("/")
    @public("leads to the documentation")
    def get_root() -> WerkzeugResponse:
        return redirect(f"{PREFIX}/")
