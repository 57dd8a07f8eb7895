"""Whatever arrives at any route, the answer is a problem document, never a 500."""

import itertools
import os
import re

import hypothesis
import psycopg
import pytest
import schemathesis
from sqlalchemy import text

from app import embedded_postgres
from app.accounts import services as accounts
from app.accounts.argon2_passwords import Argon2Passwords
from app.accounts.authentication import SignedInPerson
from app.core.principals import Role
from app.core.reach import Reach
from app.factory import build_parts, create_control_plane
from app.settings import from_environment
from app.web.access import Authenticator
from app.web.limits import limiter
from tests.fakes.clock import FixedClock

PROBLEM = "application/problem+json"
_numbers = itertools.count()


class EverybodyIs:
    """An authenticator under which every request comes from one principal at a time."""

    def __init__(self, principals):
        self.principals = principals
        self.principal = None

    def authenticate(self, _authorization):
        return self.principal


def somebody(organisation_id, person_id, roles):
    return SignedInPerson(
        person_id,
        organisation_id,
        frozenset(roles),
        has_second_factor=True,
        session_id="ses_" + "0" * 26,
    )


def a_member(parts, app):
    """The owner of a verified organisation that supplies and buys."""
    registration = {
        "name": "Hostile",
        "uscc": "91000000MA0000001R",
        "is_supplier": True,
        "is_buyer": True,
        "person": {"email": "a@b.example", "name": "A", "password": "correct horse battery"},
    }
    made = app.test_client().post(
        "/v1/organisations", json=registration, headers={"Idempotency-Key": "member"}
    )
    ids = made.json["organisation"]["id"], made.json["person"]["id"]
    return somebody(*ids, [Role.OWNER, Role.SUPPLIER, Role.BUYER])


def a_member_of_staff(parts, app):
    """Somebody of the exchange with every role at once."""
    with parts.units.begin(Reach.EXCHANGE) as uow:
        exchange = accounts.bootstrap_exchange(
            uow,
            Argon2Passwords(),
            name="Exchange",
            uscc="91000000MA00000030",
            email="operator@b.example",
            password="correct horse battery",
        )
        person_id = uow.session.scalar(text("SELECT id FROM people"))
        uow.commit()
    return somebody(exchange.id, person_id, Role)


PRINCIPALS = {"member": a_member, "staff": a_member_of_staff}


@pytest.fixture(scope="module")
def everybody(application):
    return application.extensions["counterfoil"].get(Authenticator)


@pytest.fixture(params=sorted(PRINCIPALS))
def somebody_asks(request, everybody):
    everybody.principal = everybody.principals[request.param]


@pytest.fixture(scope="module")
def application(postgres, template_database, tmp_path_factory):
    name = f"hostile_{os.getpid()}_{next(_numbers)}"
    url = embedded_postgres.ensure_database(postgres, name, template=template_database)
    settings = from_environment(
        {
            "DATABASE_URL": url,
            "COUNTERFOIL_VAR": str(tmp_path_factory.mktemp("var")),
            "COUNTERFOIL_LOG_LEVEL": "ERROR",
        }
    )
    parts = build_parts(settings, clock=FixedClock())
    app = create_control_plane(parts)
    principals = {name: make(parts, app) for name, make in PRINCIPALS.items()}
    app.extensions["counterfoil"].add(Authenticator, EverybodyIs(principals))
    limiter.enabled = False
    yield app
    limiter.enabled = True
    parts.engine.dispose()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))
# No shrinking: the first broken route is reported as it is, and the run stays bounded.
HURRIED = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    database=None,
    phases=[hypothesis.Phase.generate],
)


MEMBERS = {"type", "title", "status", "detail", "instance"}


def _stay_civil(operation, everybody):
    # To think of a request costs more than to send it, so each is sent by everybody.
    @HURRIED
    @hypothesis.given(case=operation.as_strategy())
    def call(case):
        for name, principal in everybody.principals.items():
            everybody.principal = principal
            response = case.call()
            assert response.status_code < 500, (name, operation.label, response.text)
            if response.status_code >= 400:
                assert response.headers["content-type"][0] == PROBLEM, operation.label
                # What answers HEAD has no body (RFC 9110, section 9.3.2).
                told = response.json().keys() if case.method != "HEAD" else MEMBERS
                assert told >= MEMBERS, operation.label

    call()


def test_generated_requests_never_break_a_route(application, everybody):
    # Driven by hand: the plugin of this release does not know this release of pytest.
    schema = schemathesis.openapi.from_wsgi("/docs/openapi.json", application)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 80
    for operation in operations:
        _stay_civil(operation, everybody)


@pytest.mark.usefixtures("somebody_asks")
@pytest.mark.parametrize("query", ["%00=a", "speciality=%00", "speciality=a&speciality=b%00"])
def test_a_character_that_no_row_can_hold_is_refused_wherever_it_stands(application, query):
    answer = application.test_client().get(f"/v1/review-cases?{query}")
    assert (answer.status_code, answer.json["type"]) == (400, "/problems#malformed-address")


HOSTILE_BODIES = {
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "not JSON": b"{",
    "NaN": b'{"name": NaN}',
    "NUL": b'{"name": "a\\u0000b"}',
    "lone surrogate": b'{"name": "\\ud800"}',
    "a list": b"[1, 2]",
    "a number": b"7",
    "deep": b"[" * 10_000 + b"]" * 10_000,
    "a huge integer": b'{"name": ' + b"9" * 10_000 + b"}",
    "wrong types": b'{"name": {"a": 1}, "amount": 1.5, "currency": 3}',
    "float money": b'{"amount": 1.5, "currency": "CNY"}',
    "negative money": b'{"amount": "-1", "currency": "CNY"}',
    "unknown field": b'{"surprise": true}',
    "empty": b"",
}


_PLACE = re.compile(r"<(?:(\w+)(?:\(.*?\))?:)?(\w+)>")


def writing_routes(app):
    """Addresses with each method that writes there."""
    return sorted(
        (_PLACE.sub(lambda place: "1" if place[1] == "int" else place[2], rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in {"POST", "PUT", "PATCH"} & (rule.methods or set())
    )


@pytest.mark.usefixtures("somebody_asks")
def test_hostile_bodies_get_a_problem_on_every_writing_route(application):
    client = application.test_client()
    for address, method in writing_routes(application):
        for name, body in HOSTILE_BODIES.items():
            response = client.open(
                address,
                method=method,
                data=body,
                content_type="application/json",
                headers={"Idempotency-Key": "hostile"},
            )
            least = 200 if name == "empty" else 400
            assert least <= response.status_code < 500, (method, address, name, response.data)
            if response.status_code >= 400:
                assert response.content_type == PROBLEM, (method, address, name)


@pytest.mark.usefixtures("somebody_asks")
def test_an_oversized_body_is_refused(application):
    response = application.test_client().post(
        "/v1/organisations",
        data=b"x" * (3 * 1024 * 1024),
        content_type="application/json",
        headers={"Idempotency-Key": "huge"},
    )
    assert (response.status_code, response.content_type) == (413, PROBLEM)


@pytest.mark.usefixtures("somebody_asks")
def test_another_content_type_is_refused(application):
    response = application.test_client().post(
        "/v1/organisations",
        data=b"<a/>",
        content_type="text/xml",
        # Nothing that a drawn request may have used before: a repetition is another refusal.
        headers={"Idempotency-Key": "another-content-type"},
    )
    assert (response.status_code, response.content_type) == (415, PROBLEM)


@pytest.mark.usefixtures("somebody_asks")
def test_a_nul_in_an_address_is_refused(application):
    response = application.test_client().get("/v1/listings/%00?q=%00")
    assert (response.status_code, response.content_type) == (400, PROBLEM)


@pytest.mark.usefixtures("somebody_asks")
def test_a_missing_idempotency_key_is_named(application):
    response = application.test_client().post("/v1/organisations", json={})
    assert response.status_code == 400
    assert response.json["type"] == "/problems#idempotency-key-missing"


@pytest.mark.usefixtures("somebody_asks")
def test_a_wrong_method_keeps_its_allow_header(application):
    for method, address in [("DELETE", "/v1/listings"), ("OPTIONS", "/v1/orders")]:
        response = application.test_client().open(address, method=method)
        assert (response.status_code, response.content_type) == (405, PROBLEM)
        assert "GET" in response.headers["Allow"]
