"""The OpenAPI 3.1 document and its interactive page, served without any network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import swagger_ui_bundle
from flask import Flask, Response, redirect, send_from_directory
from flask_smorest import Api
from marshmallow import fields
from werkzeug.wrappers import Response as WerkzeugResponse

from app.web.access import public
from app.web.schemas import Schema

PREFIX = "/docs"


class ProblemSchema(Schema):
    """RFC 9457 problem details; facts come as extension members."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)


class ProblemApi(Api):  # type: ignore[misc] # flask-smorest ships no types
    """flask-smorest without its own error handlers: `app.web.problems` answers errors."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Leave errors to the problem documents."""


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
                " scenario; two halves for every call."
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
