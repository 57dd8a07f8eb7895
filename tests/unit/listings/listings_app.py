"""The room's routes behind the exchange's own HTTP parts, with principals chosen by the test."""

import itertools

from flask import Flask

from app.core.cipher import Cipher
from app.core.clock import Clock
from app.core.ids import IdSource
from app.core.principals import Principal, Role
from app.core.unit_of_work import UnitOfWorkFactory
from app.web import access, addresses, idempotency, problems, request_context
from app.web.access import Authenticator
from app.web.context import Registry
from app.web.documentation import ProblemApi
from app.web.limits import limiter
from app.web.observability import Metrics
from listings.api import blueprint
from listings.ports import ExchangePolicy, PublicAddress
from tests.factories.listings import BUYER, SUPPLIER
from tests.fakes.principals import NamedPrincipals

STRANGER = Principal("psn_stranger", "org_" + "9" * 26, frozenset({Role.SUPPLIER, Role.BUYER}))
PARTNER = Principal("psn_partner", "org_" + "4" * 26, frozenset({Role.SUPPLIER}))
PRINCIPALS = {"supplier": SUPPLIER, "buyer": BUYER, "stranger": STRANGER, "partner": PARTNER}


def listings_app(units, clock):
    """The application with nothing but this room."""
    app, registry = Flask("listings"), Registry()
    app.config.update(
        RATELIMIT_STORAGE_URI="memory://",
        PROPAGATE_EXCEPTIONS=False,
        API_TITLE="listings",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/docs",
    )
    for kind, thing in [
        (Clock, clock),
        (IdSource, units.ids),
        (Cipher, Cipher(bytes(32))),
        (UnitOfWorkFactory, units),
        (Authenticator, NamedPrincipals(PRINCIPALS)),
        (ExchangePolicy, ExchangePolicy()),
        (PublicAddress, PublicAddress("https://exchange.example")),
    ]:
        registry.add(kind, thing)
    app.extensions["counterfoil"] = registry
    app.extensions["counterfoil.metrics"] = Metrics()
    problems.register(app)
    request_context.register(app, units.ids)
    addresses.register(app)
    access.register_authentication(app)
    limiter.init_app(app)
    access.register_authorisation(app)
    idempotency.register(app)
    api = ProblemApi(app)
    api.register_blueprint(blueprint)
    app.extensions["listings.document"] = api.spec
    return app


class Caller:
    """Makes requests by name and looks at the answer's status."""

    _keys = itertools.count()

    def __init__(self, app):
        self.client = app.test_client()

    def __call__(self, who, method, path, body=None, *, expect=200, **headers):
        given = {"Idempotency-Key": f"key-{next(self._keys)}", **headers}
        if who:
            given["Authorization"] = who
        answer = self.client.open(path, method=method, json=body, headers=given)
        assert answer.status_code == expect, answer.text
        return answer.get_json(silent=True)
