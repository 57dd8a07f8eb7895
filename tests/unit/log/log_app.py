"""The log's routes behind the exchange's own HTTP parts, with principals chosen by the test."""

from flask import Flask

from app.auditing.logged_readings import LoggedReadings
from app.core.cipher import Cipher
from app.core.clock import Clock
from app.core.principals import Principal, Role
from app.core.unit_of_work import UnitOfWorkFactory
from app.reactions.recording import entry_types
from app.web import access, addresses, idempotency, problems, request_context, staff_reads
from app.web.access import Authenticator
from app.web.context import Registry
from app.web.documentation import ProblemApi
from app.web.limits import limiter
from app.web.observability import Metrics
from app.web.staff_reads import ReadingNotes
from ledger.log.api import blueprint
from ledger.log.keys import LogKeys
from ledger.log.ports import EntryTypes, EvidenceSources
from ledger.log.witnesses.policy import NO_WITNESSES, WitnessPolicy
from tests.fakes.principals import NamedPrincipals

AUDITOR = Principal(
    "psn_auditor", "org_exchange", frozenset({Role.AUDITOR}), has_second_factor=True
)
REVIEWER = Principal(
    "psn_reviewer", "org_exchange", frozenset({Role.REVIEWER}), has_second_factor=True
)
BUYER = Principal("psn_buyer", "org_buyer", frozenset({Role.BUYER}))
SUPPLIER = Principal("psn_supplier", "org_supplier", frozenset({Role.SUPPLIER}))
STRANGER = Principal("psn_stranger", "org_stranger", frozenset({Role.BUYER}))
PRINCIPALS = {p.id: p for p in (AUDITOR, REVIEWER, BUYER, SUPPLIER, STRANGER)}


class FixedSources:
    """Evidence of other rooms, given by the test."""

    def __init__(self):
        self.receipt_list, self.invoice_list, self.anchor_list = [], [], []
        self.signed_list = []

    def receipts(self, _session, _licence_id, limit):
        return self.receipt_list[:limit]

    def invoices(self, _session, _licence_id, limit):
        return self.invoice_list[:limit]

    def anchors(self, _session, _origin, limit):
        return self.anchor_list[:limit]

    def signed_requests(self, _session, _licence_id, limit):
        return self.signed_list[:limit]

    def trust(self, _session):
        return "not anchored"


def log_app(units, keys, clock):
    """The application and the sources that its bundles draw on."""
    app, sources, registry = Flask("log"), FixedSources(), Registry()
    app.config.update(
        RATELIMIT_STORAGE_URI="memory://",
        API_TITLE="Log",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
    )
    registry.add(Cipher, Cipher(bytes(32)))
    registry.add(Clock, clock)
    registry.add(UnitOfWorkFactory, units)
    registry.add(Authenticator, NamedPrincipals(PRINCIPALS))
    registry.add(ReadingNotes, LoggedReadings())
    registry.add(LogKeys, keys)
    registry.add(WitnessPolicy, NO_WITNESSES)
    registry.add(EntryTypes, EntryTypes(entry_types()))
    registry.add(EvidenceSources, EvidenceSources(sources, sources, sources, sources))
    app.extensions["counterfoil"] = registry
    app.extensions["counterfoil.metrics"] = Metrics()
    problems.register(app)
    request_context.register(app, units.ids)
    addresses.register(app)
    access.register_authentication(app)
    limiter.init_app(app)
    access.register_authorisation(app)
    idempotency.register(app)
    staff_reads.register(app)
    ProblemApi(app).register_blueprint(blueprint)
    return app, sources
