"""A stateful Stripe over real HTTP on 127.0.0.1: state, idempotency, signed notices, faults.

What a test needs beyond the interface (a payer who pays, a bank that disputes) is in `state`. What
goes wrong is injected per request with `inject`; notices are kept until `deliver` sends them, so
that a test decides their order, their number and their time.
"""

import copy
import json
import re
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import stripe

from tests.fakes.stripe_parameters import Unacceptable, check, load, parse_form
from tests.fakes.stripe_state import DAY, Refused, StripeState

API_VERSION = "2026-10-28.endive"
API_KEY = "sk_test_counterfoil"
SECRET = "whsec_counterfoil"
PAGE_MAX = 100

ROUTES = [
    ("POST", r"/v1/checkout/sessions", "checkout._session_create_params", "create_session"),
    ("GET", r"/v1/checkout/sessions", "checkout._session_list_params", "list_sessions"),
    ("GET", r"/v1/checkout/sessions/([^/]+)", "checkout._session_retrieve_params", "get_session"),
    ("POST", r"/v1/checkout/sessions/([^/]+)/expire", "checkout._session_expire_params", "expire"),
    ("POST", r"/v1/payment_intents", "_payment_intent_create_params", "create_intent"),
    ("GET", r"/v1/payment_intents/([^/]+)", "_payment_intent_retrieve_params", "payment_intent"),
    ("GET", r"/v1/payment_intents", "_payment_intent_list_params", "list_intents"),
    ("GET", r"/v1/charges/([^/]+)", "_charge_retrieve_params", "charge"),
    ("POST", r"/v1/refunds", "_refund_create_params", "create_refund"),
    ("GET", r"/v1/refunds", "_refund_list_params", "list_refunds"),
    ("GET", r"/v1/refunds/([^/]+)", "_refund_retrieve_params", "refund"),
    ("POST", r"/v1/accounts", "_account_create_params", "create_account"),
    ("GET", r"/v1/accounts", "_account_list_params", "list_accounts"),
    ("GET", r"/v1/accounts/([^/]+)", "_account_retrieve_params", "account"),
    ("POST", r"/v1/account_links", "_account_link_create_params", "create_account_link"),
    ("POST", r"/v1/transfers", "_transfer_create_params", "create_transfer"),
    ("GET", r"/v1/transfers", "_transfer_list_params", "list_transfers"),
    ("GET", r"/v1/transfers/([^/]+)", "_transfer_retrieve_params", "transfer"),
    (
        "POST",
        r"/v1/transfers/([^/]+)/reversals",
        "_transfer_reversal_create_params",
        "create_reversal",
    ),
    ("GET", r"/v1/transfers/([^/]+)/reversals", "_transfer_reversal_list_params", "list_reversals"),
    (
        "GET",
        r"/v1/transfers/([^/]+)/reversals/([^/]+)",
        "_transfer_reversal_retrieve_params",
        "get_reversal",
    ),
    ("POST", r"/v1/payouts", "_payout_create_params", "create_payout"),
    ("GET", r"/v1/balance", "_balance_retrieve_params", "get_balance"),
    ("GET", r"/v1/balance_transactions", "_balance_transaction_list_params", "list_movements"),
    ("GET", r"/v1/disputes", "_dispute_list_params", "list_disputes"),
    ("GET", r"/v1/disputes/([^/]+)", "_dispute_retrieve_params", "dispute"),
]

PLAIN = {"account", "charge", "dispute", "payment_intent", "refund", "transfer"}
"""Objects whose reading needs nothing but their id."""


@dataclass
class Fault:
    """Something that goes wrong with the next requests that match.

    ``drop_before``: nothing is done and the connection breaks. ``drop_after``: it is done and the
    connection breaks. ``error_before``: nothing is done, 500, not remembered under the key.
    ``error_stored``: nothing is done, 500, remembered. ``error_after``: it is done, 500,
    remembered.
    ``slow_after``: it is done and the answer comes too late. ``slow_before``: nothing is done.
    ``rate_limit``, ``in_use``, ``unauthorised``: 429, 409, 401; nothing is done.
    ``garbled``: it is done and the answer is no JSON.
    ``none``: nothing goes wrong at the provider.

    ``then`` is run when it is done, or not done, and nobody has been answered yet.
    """

    kind: str
    method: str = "POST"
    path: str = ""
    times: int = 1
    then: Callable[[], None] | None = None


@dataclass
class Notice:
    """A signed event that waits to be delivered."""

    body: bytes
    event: dict
    header: str


class StripeServer:
    """Serves until stopped; `requests` lists what it was asked, with key and parameters."""

    def __init__(self, clock, *, patience_seconds=2.0):
        self.clock = clock
        self.patience_seconds = patience_seconds
        self.state = StripeState(clock, self._tell)
        self.requests = []
        self.replays = []
        self.faults = []
        self.notices = []
        self._keys = {}
        self._running = set()
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    # What a test decides

    def inject(self, kind, *, method="POST", path="", times=1, then=None):
        self.faults.append(Fault(kind, method, path, times, then))

    def sent(self, path):
        """The creating requests to a path: (key, parameters)."""
        return [
            (key, params)
            for method, asked, key, params in self.requests
            if method == "POST" and asked == path
        ]

    def take_notices(self, *types):
        """Undelivered notices, all or of some types, taken out of the queue."""
        taken = [each for each in self.notices if not types or each.event["type"] in types]
        self.notices = [each for each in self.notices if each not in taken]
        return taken

    def deliver(self, url, serve=None, notices=None):
        """Send notices to an endpoint, else every undelivered one; the answers' statuses.

        ``serve`` is run in a thread meanwhile, where the endpoint is not served yet.
        """
        if serve is not None:
            threading.Thread(target=serve, daemon=True).start()
        statuses = []
        given = self.take_notices() if notices is None else notices
        for notice in [self.sign(each.event) for each in given]:
            headers = {"Content-Type": "application/json", "Stripe-Signature": notice.header}
            request = urllib.request.Request(url, notice.body, headers)
            with urllib.request.urlopen(request, timeout=10) as answer:
                statuses.append(answer.status)
        return statuses

    def forget_keys(self):
        """As after a day: the provider has pruned its idempotency keys."""
        self._keys.clear()

    def sign(self, event):
        """A notice of an event, signed now."""
        body = json.dumps(event).encode()
        header = stripe.WebhookSignature.generate_signature_header(
            body.decode(), SECRET, timestamp=int(self.clock.now().timestamp())
        )
        return Notice(body, event, header)

    def _tell(self, kind, thing):
        event = self.state.make(
            "evt",
            "event",
            type=kind,
            api_version=API_VERSION,
            data={"object": copy.deepcopy(thing)},
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
        )
        self.notices.append(self.sign(event))

    # Answering

    def answer(self, method, path, headers, params):
        """(status, headers, document) of one request, or an action: ``drop`` or ``slow``."""
        key = headers.get("Idempotency-Key")
        with self._lock:
            self.requests.append((method, path, key, params))
            fault = self._fault(method, path)
        result = self._answer(method, path, headers, params, None if fault is None else fault.kind)
        if fault is not None and fault.then is not None:
            fault.then()
        return result

    def _answer(self, method, path, headers, params, fault):
        key = headers.get("Idempotency-Key")
        if headers.get("Authorization") != f"Bearer {API_KEY}" or fault == "unauthorised":
            return _problem(401, "api_key_invalid")
        if headers.get("Stripe-Version") != API_VERSION:
            return _problem(400, "version_not_pinned")
        if fault in ("drop_before", "slow_before"):
            return fault.removesuffix("_before")
        if fault == "error_before":
            return _problem(500, "internal", "api_error")
        if fault == "rate_limit":
            return _problem(429, "rate_limit", headers={"Retry-After": "7"})
        if fault == "in_use":
            return _problem(409, "idempotency_key_in_use", "idempotency_error")
        return self._keyed(method, path, key, params, fault)

    def _keyed(self, method, path, key, params, fault):
        fingerprint = json.dumps([method, path, params], sort_keys=True)
        with self._lock:
            stored = self._keys.get(key) if method == "POST" else None
            if stored is not None and self.state.now() - stored[0] < DAY:
                if stored[1] != fingerprint:
                    return _problem(400, "idempotency_key_reused", "idempotency_error")
                self.replays.append(key)
                status, more, document = stored[2]
                return status, {**more, "Idempotent-Replayed": "true"}, document
            result = self._perform(method, path, params, fault)
            if method == "POST" and key is not None:
                self._keys[key] = (self.state.now(), fingerprint, result)
        if fault in ("drop_after", "slow_after"):
            return fault.removesuffix("_after")
        if fault == "garbled":
            return 200, {}, None
        return result

    def _perform(self, method, path, params, fault):
        if fault == "error_stored":
            return _problem(500, "internal", "api_error")
        if fault == "refuse":
            return _problem(400, "country_unsupported")
        try:
            with self.state.lock:
                document = copy.deepcopy(self._route(method, path, params))
        except Refused as refusal:
            return _problem(refusal.status, refusal.code, refusal.kind)
        except Unacceptable as refusal:
            return _problem(400, refusal.code, param=refusal.param)
        if fault == "error_after":
            return _problem(500, "internal", "api_error")
        return 200, {}, document

    def _fault(self, method, path):
        for fault in self.faults:
            if fault.times and fault.method == method and fault.path in path:
                fault.times -= 1
                return fault
        return None

    def _route(self, method, path, params):
        for asked, pattern, kind, name in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and asked == method:
                check(load(kind), params)
                if name in PLAIN:
                    return self.state.get(name, *match.groups())
                return getattr(self, f"do_{name}")(*match.groups(), params)
        raise Refused(404, "unrecognised_url", f"{method} {path}")

    # Creating: where the state's own verb does it all

    def do_create_session(self, params):
        return self.state.create_session(params)

    def do_expire(self, session_id, _params):
        return self.state.expire(session_id)

    def do_create_intent(self, params):
        return self.state.make_intent(
            int(params["amount"]), params["currency"], params.get("metadata", {})
        )

    def do_create_refund(self, params):
        return self.state.create_refund(params)

    def do_create_account(self, params):
        return self.state.create_account(params)

    def do_create_account_link(self, params):
        return self.state.create_account_link(params)

    def do_create_transfer(self, params):
        return self.state.create_transfer(params)

    def do_create_reversal(self, transfer_id, params):
        return self.state.create_reversal(transfer_id, params)

    def do_create_payout(self, params):
        return self.state.create_payout(params)

    # Reading

    def do_get_session(self, session_id, params):
        self.state.expire_old()
        session = dict(self.state.get("checkout.session", session_id))
        if "payment_intent.latest_charge" in params.get("expand", []) and session["payment_intent"]:
            intent = dict(self.state.things[session["payment_intent"]])
            if intent["latest_charge"]:
                intent["latest_charge"] = self.state.things[intent["latest_charge"]]
            session["payment_intent"] = intent
        return session

    def do_get_reversal(self, transfer_id, reversal_id, _params):
        reversal = self.state.get("transfer_reversal", reversal_id)
        if reversal["transfer"] != transfer_id:
            raise Refused(404, "resource_missing")
        return reversal

    def do_get_balance(self, _params):
        return self.state.balance()

    # Listing

    def do_list_sessions(self, params):
        self.state.expire_old()
        return self._page("checkout.session", params, "payment_intent")

    def do_list_intents(self, params):
        return self._page("payment_intent", params)

    def do_list_refunds(self, params):
        return self._page("refund", params, "payment_intent", "charge")

    def do_list_accounts(self, params):
        return self._page("account", params)

    def do_list_transfers(self, params):
        return self._page("transfer", params, "transfer_group", "destination")

    def do_list_reversals(self, transfer_id, params):
        self.state.get("transfer", transfer_id)
        return self._page("transfer_reversal", {**params, "transfer": transfer_id}, "transfer")

    def do_list_disputes(self, params):
        return self._page("dispute", params, "payment_intent", "charge")

    def do_list_movements(self, params):
        page = self._page("balance_transaction", params, "type", "currency")
        if "data.source" in params.get("expand", []):
            page["data"] = [
                {**line, "source": self.state.things.get(line["source"])} for line in page["data"]
            ]
        return page

    def _page(self, kind, params, *filters):
        """Newest first; ``starting_after`` and ``limit`` as at Stripe."""
        found = self.state.all(kind, **{name: params[name] for name in filters if name in params})
        created = params.get("created", {})
        if isinstance(created, dict) and "gte" in created:
            found = [thing for thing in found if thing["created"] >= int(created["gte"])]
        found.reverse()
        if "starting_after" in params:
            names = [thing["id"] for thing in found]
            if params["starting_after"] not in names:
                raise Refused(400, "resource_missing", "starting_after")
            found = found[names.index(params["starting_after"]) + 1 :]
        limit = int(params.get("limit", 10))
        if not 1 <= limit <= PAGE_MAX:
            raise Refused(400, "parameter_invalid_integer", "limit")
        return {"object": "list", "data": found[:limit], "has_more": len(found) > limit, "url": "/"}


def _problem(status, code, kind="invalid_request_error", *, param=None, headers=None):
    error = {"type": kind, "code": code, "message": code, "param": param}
    return status, headers or {}, {"error": error}


def _handler(outer):  # noqa: C901 -- a class inside, so that it knows its server
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self):
            self._answer(urlsplit(self.path).query)

        def do_POST(self):
            self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

        def _answer(self, form):
            path = urlsplit(self.path).path
            found = outer.answer(self.command, path, self.headers, parse_form(form))
            if found == "slow":
                time.sleep(outer.patience_seconds)
            if found in ("slow", "drop"):
                self.close_connection = True
            else:
                self._send(*found)

        def _send(self, status, headers, document):
            body = b"<html>" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    return Handler
