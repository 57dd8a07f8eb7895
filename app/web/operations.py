"""What operations ask for: alive, ready, metrics."""

import hmac
from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import NotFound

from app.web.access import public
from app.web.context import get
from app.web.limits import limiter
from app.web.observability import GaugeValue, Metrics

blueprint = Blueprint("operations", __name__)
limiter.exempt(blueprint)
_PASSED_ON = ("X-Forwarded-For", "Forwarded", "Via")


@blueprint.get("/healthz")
@public("says only that the process answers")
def get_health() -> Response:
    """Alive."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
@public("names the parts and whether each is ready, nothing else")
def get_readiness() -> tuple[Response, int]:
    """Ready when every part is."""
    checks: dict[str, Callable[[], None]] = current_app.extensions["counterfoil.readiness"]
    parts = {name: _passes(check) for name, check in checks.items()}
    status = HTTPStatus.OK if all(parts.values()) else HTTPStatus.SERVICE_UNAVAILABLE
    return jsonify(status="ready" if all(parts.values()) else "not ready", parts=parts), status


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception:  # noqa: BLE001 -- readiness turns any failure into "not ready"
        return False
    return True


@blueprint.get("/metrics")
@public("guarded by the metrics token, or by loopback where none is set")
def get_metrics() -> Response:
    """Counters in Prometheus' exposition format; other callers get 404."""
    token = str(current_app.extensions["counterfoil.metrics_token"] or "")
    offered = request.headers.get("Authorization", "")
    if token:
        allowed = hmac.compare_digest(offered.encode(), f"Bearer {token}".encode())
    else:
        # A proxy on this machine makes everybody loopback, unless it was named.
        is_passed_on = any(header in request.headers for header in _PASSED_ON)
        allowed = request.remote_addr in {"127.0.0.1", "::1"} and not is_passed_on
    if not allowed:
        raise NotFound
    read_gauges: Callable[[], list[GaugeValue]] = current_app.extensions["counterfoil.gauges"]
    for gauge in read_gauges():
        get(Metrics).set(gauge.name, gauge.help_text, gauge.value)
    return Response(get(Metrics).text(), content_type="text/plain; version=0.0.4; charset=utf-8")
