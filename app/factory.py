"""Puts a web process together: the control plane in Flask, the data plane in front of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from sqlalchemy import text

from app import cli, routes
from app.core.cipher import Cipher
from app.core.clock import Clock
from app.core.ids import IdSource
from app.core.unit_of_work import UnitOfWorkFactory
from app.documents import api as documents_api
from app.documents.services import DOCUMENT_BYTES_MAX
from app.gauges import read_gauges
from app.loop_front import METERED, LoopFront
from app.parts import Parts, build_parts
from app.web import (
    access,
    addresses,
    blueprints,
    caching,
    documentation,
    idempotency,
    operations,
    problems,
    request_context,
    staff_reads,
)
from app.web.context import Registry
from app.web.limits import limiter
from app.web.observability import Metrics, configure_logs
from app.web.proxies import TrustedProxies
from app.web.rsgi import WsgiThreads
from app.wiring import calls, views
from metering.serving import Calls

__all__ = [
    "Application",
    "build_application",
    "build_loop_front",
    "build_parts",
    "create_control_plane",
]

BODY_BYTES_MAX = 2 * 1024 * 1024


@dataclass(frozen=True)
class Application:
    """For servers of threads: data plane for `/data/`, control plane for everything else."""

    control_plane: Flask
    data_plane: Calls
    proxies: TrustedProxies

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        self.proxies.apply(environ)
        if environ.get("PATH_INFO", "").startswith(METERED):
            return self.data_plane(environ, start_response)
        return self.control_plane.wsgi_app(environ, start_response)

    def close(self) -> None:
        """Drain the data plane and give its leases back."""
        self.data_plane.close()


def build_application(parts: Parts) -> Application:
    """Both planes of one process."""
    configure_logs(parts.settings.log_level)
    proxies = TrustedProxies(parts.settings.trusted_proxies)
    return Application(create_control_plane(parts), calls.build_data_plane(parts), proxies)


def build_loop_front(parts: Parts) -> LoopFront:
    """Both planes of one process behind its event loop."""
    configure_logs(parts.settings.log_level)
    control_plane = WsgiThreads(
        create_control_plane(parts).wsgi_app,
        threads=parts.settings.web_threads,
        body_bytes_max=BODY_BYTES_MAX,
        long_bodies={documents_api.PREFIX: DOCUMENT_BYTES_MAX},
        apart=("/healthz", "/readyz"),
    )
    return LoopFront(
        control_plane,
        lambda loop: calls.build_loop_data_plane(parts, loop),
        TrustedProxies(parts.settings.trusted_proxies),
    )


def create_control_plane(parts: Parts) -> Flask:
    """The management API."""
    app = Flask("counterfoil", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would be no problem document
    app.config.update(
        MAX_CONTENT_LENGTH=BODY_BYTES_MAX,
        PROVIDE_AUTOMATIC_OPTIONS=False,  # it would be authorised, and asked for a key, as a POST
        PROPAGATE_EXCEPTIONS=False,
        RATELIMIT_STORAGE_URI=parts.settings.redis_url or "memory://",
        RATELIMIT_KEY_PREFIX="counterfoil",
    )
    provider = DefaultJSONProvider(app)
    provider.sort_keys = False
    provider.ensure_ascii = False
    app.json = provider
    _register_things(app, parts)
    _register_hooks(app, parts)
    api = documentation.register(app)
    for blueprint in routes.blueprints():
        api.register_blueprint(blueprint)
    documentation.describe(api, *routes.metered_calls())
    documentation.list_values(api, routes.listed_values())
    app.register_blueprint(operations.blueprint)
    cli.register(app, parts)
    return app


def _register_things(app: Flask, parts: Parts) -> None:
    registry, metrics = Registry(), Metrics(parts.settings.metrics_folder)
    for kind, thing in [
        (Clock, parts.clock),
        (IdSource, parts.ids),
        (Cipher, parts.cipher),
        (UnitOfWorkFactory, parts.units),
        (Metrics, metrics),
        *views.things(parts),
    ]:
        registry.add(kind, thing)
    app.extensions["counterfoil"] = registry
    app.extensions["counterfoil.metrics"] = metrics
    app.extensions["counterfoil.metrics_token"] = parts.settings.metrics_token
    app.extensions["counterfoil.gauges"] = lambda: read_gauges(parts)
    app.extensions["counterfoil.readiness"] = {"database": lambda: _ask_database(parts)}


def _trace(app: Flask, parts: Parts) -> None:
    if parts.spans is not None:
        from app.tracing.requests import trace_requests  # noqa: PLC0415 -- only where it is configured

        trace_requests(app, parts.spans)


def _ask_database(parts: Parts) -> None:
    with parts.engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def _register_hooks(app: Flask, parts: Parts) -> None:
    """The order is the order of execution before a view, and the reverse after it."""
    problems.register(app)
    caching.register(app)
    request_context.register(app, parts.ids)
    _trace(app, parts)
    addresses.register(app)
    access.register_authentication(app)
    limiter.init_app(app)
    access.register_authorisation(app)
    blueprints.register(app)
    idempotency.register(app)
    staff_reads.register(app)
