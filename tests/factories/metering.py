"""A licensed buyer with money and a key, a published listing, and data planes over them."""

import base64
import hashlib
import io
import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

import psycopg

from app.core.canonical import digest_hex
from app.core.cipher import Cipher
from app.core.compact_jws import sign_token
from app.core.pseudonyms import pseudonym_of
from app.core.reach import Reach
from app.core.signing import Ed25519Signer
from app.tracing.calls import TracedCalls, TracedWaiting
from metering import consent_services, services
from metering.assembly import Outside, build_data_plane
from metering.calls.consent_desk import TOKEN_TYPE
from metering.data_plane import DataPlaneSettings
from metering.delivery.http_upstream import HttpUpstream
from metering.delivery.supplier_files import SupplierHttpFiles
from tests.fakes.loop_planes import Loop, LoopPlane, waiting_of
from tests.fakes.metering_ports import TABLES, FakeBooks, FakeLog, FakeWallets

CIPHER = Cipher(b"k" * 32)
SIGNER = Ed25519Signer.from_seed("test.localhost/log/2026/receipts", b"s" * 32)
CONSENTS = Ed25519Signer.from_seed("consents", b"n" * 32)
PSEUDONYM_KEY = b"p" * 32
ORIGIN = "test.localhost/log/2026"
SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}
FIELDS_IN = [{"name": "iata", "type": "string", "is_required": True, "max_length": 8}]
FIELDS_OUT = [
    {"name": "iata", "type": "string", "is_required": True},
    {"name": "name", "type": "string", "is_required": True},
    {"name": "lat", "type": "decimal"},
]


def per_call(**changes):
    """Terms of a per-call plan at 0.40."""
    return {
        "kind": "per_call",
        "unit": "hit",
        "unit_price": "0.40000000",
        "free_units": 0,
        "currency": "CNY",
        "calls_per_second": 100_000,
    } | changes


def package(units=1000, **changes):
    """Terms of a prepaid package."""
    return {
        "kind": "package",
        "unit": "call",
        "package_units": units,
        "package_price": "300.00000000",
        "valid_days": 365,
        "free_units": 0,
        "currency": "CNY",
        "calls_per_second": 100_000,
    } | changes


@dataclass(frozen=True)
class Licensed:
    """What a buyer holds."""

    licence_id: str
    key_id: str
    key: str
    listing_code: str
    version_id: str
    buyer_id: str
    supplier_id: str


@dataclass(frozen=True)
class Answer:
    """A reply of the data plane, read."""

    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def receipt(self):
        text = self.headers["Usage-Receipt"]
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))

    @property
    def leaf(self):
        return json.loads(base64.b64decode(self.receipt["entry"]))


def key_text(number):
    """A well-formed key."""
    secret = hashlib.sha256(f"key {number}".encode()).hexdigest()[:43]
    return f"cfk_{number:08d}_{secret}"


@dataclass
class World:
    """One database with listings and licences, and the planes that a test opened over it."""

    database_url: str
    units: object
    clock: object
    ids: object
    planes: list = field(default_factory=list)
    served_by: str = "threads"
    loop: object = None
    entropy: object = field(default_factory=lambda: random.Random(7).randbytes)  # noqa: S311 -- repeatable tests
    number: int = 0

    def __post_init__(self):
        if self.served_by == "loop":
            self.loop = Loop()
        self.connection = psycopg.connect(self.database_url, autocommit=True)
        self.connection.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")
        self.connection.execute(TABLES)

    def close(self):
        for plane in self.planes:
            plane.close()
        if self.loop is not None:
            self.loop.stop()
        self.connection.close()

    def sql(self, statement, *parameters):
        return self.connection.execute(statement, parameters).fetchall()

    def one(self, statement, *parameters):
        return self.sql(statement, *parameters)[0][0]

    def publish(
        self,
        url="http://127.0.0.1:9/airports",
        *,
        code="S0001-ABCDEFGHJK",
        version="ver_1",
        fields_in=None,
        fields_out=None,
        **delivery,
    ):
        ciphertext = CIPHER.encrypt(b"supplier secret", context=f"upstream:{version}")
        with self.units.begin(Reach.EXCHANGE) as uow:
            services.route_listing(
                uow,
                listing_code=code,
                version_id=version,
                supplier_id="org_supplier",
                delivery={
                    "url": url,
                    "method": "GET",
                    "timeout_ms": 2000,
                    "response_bytes_max": 65536,
                    "credential_header": "X-Supplier-Key",
                    "credential_ciphertext": base64.b64encode(ciphertext).decode(),
                    "credential_context": f"upstream:{version}",
                    "outcome_rule": {},
                }
                | delivery,
                fields_in=fields_in or FIELDS_IN,
                fields_out=fields_out or FIELDS_OUT,
            )
            uow.commit()
        return code, version

    def license(
        self,
        plan=None,
        *,
        listing=None,
        buyer="org_buyer",
        networks=(),
        days=30,
        age_days=1,
        plan_id=None,
        **terms,
    ):
        code, version = listing or ("S0001-ABCDEFGHJK", "ver_1")
        plan = plan or per_call()
        self.number += 1
        licence_id, key_id = self.ids.opaque("lic"), self.ids.new("key")
        key = key_text(self.number)
        with self.units.begin(Reach.EXCHANGE) as uow:
            services.grant_entitlement(
                uow,
                licence_id=licence_id,
                order_id=self.ids.new("ord"),
                agreement_id=self.ids.new("agr"),
                buyer_id=buyer,
                supplier_id="org_supplier",
                listing_code=code,
                version_id=version,
                scenario_id=self.ids.new("scn"),
                terms={"fields": ["iata", "name", "lat"], "purposes": ["CREDIT"]} | terms,
                terms_hash=digest_hex(terms),
                plan_id=plan_id or self.ids.new("pln"),
                plan_hash=digest_hex(plan),
                plan_terms=plan,
                split=SPLIT,
                currency="CNY",
                starts_at=self.clock.now() - timedelta(days=age_days),
                ends_at=self.clock.now() + timedelta(days=days),
            )
            services.admit_key(
                uow,
                key_id=key_id,
                licence_id=licence_id,
                organisation_id=buyer,
                secret_hash=hashlib.sha256(key.encode()).hexdigest(),
                networks=networks,
                expires_at=None,
            )
            uow.commit()
        return Licensed(licence_id, key_id, key, code, version, buyer, "org_supplier")

    def consent(
        self, licensed, identity="PVG", *, purposes=("CREDIT",), days=30, recipient=None, **claims
    ):
        """A consent in the register's projection, and the token that a buyer was given for it."""
        consent_id, subject = self.ids.new("con"), pseudonym_of(PSEUDONYM_KEY, identity)
        token = sign_token(CONSENTS, TOKEN_TYPE, {"jti": consent_id, "sub": subject} | claims)
        self.change(
            consent_services.admit_consent,
            consent_id=consent_id,
            listing_code=licensed.listing_code,
            supplier_id=licensed.supplier_id,
            recipient_id=recipient or licensed.buyer_id,
            subject=subject,
            permitted_purposes=list(purposes),
            token_hash=hashlib.sha256(token.encode()).hexdigest(),
            expires_at=self.clock.now() + timedelta(days=days),
        )
        return consent_id, token

    def keep_pseudonym_key(self, listing_code="S0001-ABCDEFGHJK"):
        """Let the data plane compare the identity in a call with the pseudonym in a consent."""
        self.change(
            consent_services.keep_pseudonym_key,
            listing_code=listing_code,
            supplier_id="org_supplier",
            key_ciphertext=CIPHER.encrypt(PSEUDONYM_KEY, context="pseudonyms:prd_1"),
            key_context="pseudonyms:prd_1",
        )

    def fund(self, amount, buyer="org_buyer"):
        self.connection.execute(
            "INSERT INTO fake_wallets VALUES (%s, %s) ON CONFLICT (organisation_id)"
            " DO UPDATE SET balance = fake_wallets.balance + excluded.balance",
            (buyer, amount),
        )

    def plane(
        self,
        upstream=None,
        *,
        wallets=None,
        books=None,
        log=None,
        signer_at=None,
        spans=None,
        **settings,
    ):
        loop = None if self.loop is None else self.loop.loop
        waiting = waiting_of(upstream or HttpUpstream(["127.0.0.0/8"]), loop)
        plane = build_data_plane(
            DataPlaneSettings(**{"is_time_of_store": False} | settings),
            Outside(
                connect=lambda: psycopg.connect(self.database_url),
                clock=self.clock,
                entropy=self.entropy,
                cipher=CIPHER,
                receipt_signer_at=signer_at or (lambda _at: SIGNER),
                wallets=wallets or FakeWallets(),
                books=books or FakeBooks(),
                log=log or FakeLog(),
                files=SupplierHttpFiles(["127.0.0.0/8"]),
                waiting=waiting if spans is None else TracedWaiting(waiting, spans),
                consent_keys=(CONSENTS.public_key,),
            ),
        )
        if spans is not None:
            plane = TracedCalls(plane, spans)
        if loop is not None:
            plane = LoopPlane(plane, loop)
        self.planes.append(plane)
        return plane

    def change(self, service, **facts):
        """Run a service of the room in a transaction of its own."""
        with self.units.begin(Reach.EXCHANGE) as uow:
            service(uow, **facts)
            uow.commit()


def call(plane, licensed=None, parameters=None, *, method="GET", body=None, path=None, **headers):
    """Make one call through WSGI; header names as keywords (``idempotency_key``)."""
    query = urlencode(parameters or {}) if method != "POST" else ""
    if method == "POST" and body is None:
        body = json.dumps(parameters or {}).encode()
    environment = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path or f"/data/{licensed.listing_code}",
        "QUERY_STRING": headers.pop("query", query),
        "REMOTE_ADDR": headers.pop("address", "127.0.0.1"),
        "wsgi.input": io.BytesIO(body or b""),
        "CONTENT_LENGTH": str(len(body or b"")),
        "CONTENT_TYPE": headers.pop("content_type", "application/json"),
    }
    if licensed is not None:
        environment["HTTP_AUTHORIZATION"] = f"Bearer {licensed.key}"
    environment |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    started = {}

    def start_response(status, given):
        started["status"], started["headers"] = int(status[:3]), dict(given)

    pieces = plane(environment, start_response)
    try:
        answer = b"".join(pieces)
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
    return Answer(started["status"], started["headers"], answer)
