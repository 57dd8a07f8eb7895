"""A whole exchange in the test's own process: both planes over HTTP, the worker's steps by hand."""

import threading
from http.server import ThreadingHTTPServer

from typing_extensions import override
from werkzeug.serving import WSGIRequestHandler, make_server

from app.accounts import services as accounts
from app.accounts.argon2_passwords import Argon2Passwords
from app.accounts.uscc import check_character
from app.cli import EXCHANGE_NAME, EXCHANGE_USCC
from app.core.reach import Reach
from app.factory import build_application, build_parts
from app.notices.services import number_notices
from app.reactions.lane_round import LaneRound
from app.reactions.measuring import measure_live_quality
from app.settings import from_environment
from app.wiring.calls import upstream_probe
from app.wiring.log import log_keys
from app.wiring.notices import build_dispatcher
from app.worker.effects import probe_case
from app.worker.steps import drain_outbox
from demo import documents, listing, onboarding, trading
from demo.calls import Call, call
from demo.http import Client
from demo.people import Person, new_password
from demo.upstream import FAULT_CODE, Upstream
from demo.world import World
from ledger.log.sequencing.sequencer import Sequencer
from tests.factories.composite import compose, propose
from tests.factories.consented import consent
from tests.factories.measured import measure

UPSTREAM_KEY = "the-supplier-s-own-key"


class _Quiet(WSGIRequestHandler):
    @override
    def log_request(self, *_):
        """Tests print nothing."""


def _nothing(_payload):
    """An effect that is not wanted here."""


class WholeExchange:
    """What the demonstration calls an installation, without processes of its own.

    ``settings`` come on top of those that every test needs; `requests` is what both planes were
    asked over HTTP, as (method, path).
    """

    def __init__(self, database_url, var, *, clock=None, **settings):
        self.parts = build_parts(
            from_environment(
                {
                    "DATABASE_URL": database_url,
                    "COUNTERFOIL_VAR": str(var),
                    "COUNTERFOIL_UPSTREAM_NETWORKS": "127.0.0.0/8",
                    "COUNTERFOIL_WEBHOOK_NETWORKS": "127.0.0.0/8",
                    "COUNTERFOIL_LOG_LEVEL": "ERROR",
                    **settings,
                }
            ),
            clock=clock,
        )
        self.requests = []
        self.application = build_application(self.parts)
        self._gateway = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet
        )
        Upstream.key = UPSTREAM_KEY
        self._upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
        for server in (self._gateway, self._upstream):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.base_url = f"http://127.0.0.1:{self._gateway.server_port}"
        self.upstream_url = f"http://127.0.0.1:{self._upstream.server_address[1]}"
        self.upstream_key = UPSTREAM_KEY

    def _answer(self, environ, start_response):
        self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        return self.application(environ, start_response)

    def close(self):
        for server in (self._gateway, self._upstream):
            server.shutdown()
            server.server_close()
        self.application.close()
        self.parts.engine.dispose()

    def bootstrap(self, email, password):
        with self.parts.units.begin(Reach.EXCHANGE) as uow:
            accounts.bootstrap_exchange(
                uow,
                Argon2Passwords(),
                name=EXCHANGE_NAME,
                uscc=EXCHANGE_USCC,
                email=email,
                password=password,
            )
            uow.commit()

    def settle(self):
        """What the worker does in time: test calls of submitted versions, then the log."""
        probe = upstream_probe(self.parts)
        drain_outbox(
            self.parts.units,
            {
                "upstream.probe": lambda payload: probe_case(self.parts, probe, payload),
                # There is no chain here; the contracts' own tests have one.
                "chain.announce_key": _nothing,
                "chain.grant_licence": _nothing,
                "chain.revoke_licence": _nothing,
                "log.request_anchor": _nothing,
            },
        )
        self._send_notices()
        sequencer = Sequencer(self.parts.units, log_keys(self.parts))
        while sequencer.step().integrated_count:
            pass

    def _send_notices(self):
        with self.parts.units.begin(Reach.EXCHANGE) as uow:
            number_notices(uow)
            uow.commit()
        dispatcher = build_dispatcher(self.parts)
        while dispatcher.step() or dispatcher.is_busy:
            pass
        dispatcher.close()


def uscc(number):
    """A well-formed code of nobody: the division 000000 is not assigned."""
    body = f"91000000MB{number:07d}"
    return body + check_character(body)


def register(world, side, name, number):
    """An organisation that is verified by the exchange, with its signed-in owner."""
    email, password = f"owner@{name}.example", new_password()
    registration = onboarding._registration(name, uscc(number), side)
    registration["is_supplier"] = side != "buyer"
    person = {"email": email, "name": "Owner", "password": password}
    made = world.anybody.post("/v1/organisations", registration | {"person": person})
    world.organisations[side] = made["organisation"]["id"]
    decision = {
        "decision": "verify",
        "method": "registry_lookup",
        "reason": "The registry shows the company as active under this code.",
        "valid_until": onboarding.in_days(365),
    }
    path = f"/v1/organisations/{world.organisations[side]}/verification"
    world.staff_client("reviewer-1").post(path, decision)
    owner = Person(email, password, Client(world.base_url))
    owner.sign_in()
    owner.enrol_second_factor()
    documents.send(owner.client, onboarding.licence_of(uscc(number)))
    # Nobody is there: what concerns the organisation is told, tried, and stays in its log. An
    # address and no name: many at once that nobody resolves wait for the machine's resolver.
    owner.client.post("/v1/webhook-endpoints", {"url": "http://127.0.0.1:1/"})
    return owner


def trade(exchange, staff, name, number):
    """A supplier and a buyer who trade with each other: two licences, calls, money, an invoice."""
    world = World(exchange, staff=staff)
    world.supplier = register(world, "supplier", f"{name}-supplier", number)
    world.buyer = register(world, "buyer", f"{name}-buyer", number + 1)
    listing.submit_products(world)
    listing.find_undisclosed_identity_number(world)
    exchange.settle()
    listing.review_products(world)
    for each in (world.airports, world.days):
        each.plan_id = world.anybody.get(f"/v1/listings/{each.listing_code}")["plans"][0]["id"]
    trading.top_up(world)
    trading.declare_scenarios(world)
    trading.place_orders(world)
    compose(world, exchange, register(world, "contributor", f"{name}-contributor", number + 2))
    propose(world, world.airports, kind="per_call", unit_price="0.12")
    trading.issue_keys(world)
    _cap(world)
    _use(world)
    _rate(world)
    world.consented = consent(world, exchange)
    key = {"name": "consent pages of the app"}
    world.collector_key = world.supplier.client.post("/v1/collector-keys", key)
    version = world.supplier.client.get(f"/v1/products/{world.airports.product['id']}/versions/1")
    world.report = measure(world, exchange, version["id"])
    # What failed is written with the second's chores; nobody waits for them here.
    exchange.application.data_plane._failures.write()
    measure_live(exchange)
    exchange.settle()
    return world


def measure_live(exchange):
    """What the worker counts each minute."""
    with exchange.parts.units.begin(Reach.EXCHANGE) as uow:
        measure_live_quality(uow, LaneRound())
        uow.commit()


def _cap(world):
    """The key for the airports may spend so much."""
    for key in world.buyer.client.get("/v1/api-keys")["items"]:
        if key["licence_id"] == world.airports.licence_id:
            path = f"/v1/licences/{key['licence_id']}/caps/keys/{key['id']}"
            world.buyer.client.expect("PUT", path, 200, body={"cap_amount": "100.00"})


def _rate(world):
    path = f"/v1/listings/{world.days.listing_code}/rating"
    world.buyer.client.expect("PUT", path, 200, body={"stars": 4})


def _use(world):
    for each, question in ((world.airports, "icao=ZSPD"), (world.days, "day=2026-10-01")):
        client = Client(world.base_url, each.key)
        path = f"/data/{each.listing_code}?{question}"
        for number in range(3):
            answer, _ = call(client, Call(path, f"{each.licence_id}-{number}"))
            assert answer.status == 200, answer.body
    path = f"/data/{world.airports.listing_code}?icao={FAULT_CODE}"
    assert Client(world.base_url, world.airports.key).send("GET", path).status == 502
