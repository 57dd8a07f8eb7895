"""Accounts over HTTP: who takes part, who acts for them, how they show that it is them."""

import itertools
import json
from typing import Any

import jwt
import pyotp
import pytest
from sqlalchemy import text

from app.accounts import services
from app.accounts.ports import CredentialKit
from app.accounts.uscc import check_character
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory

PASSWORD = "a long walk by the sea"
OPERATOR = "operator@exchange.cn"
JSON = "application/json"
LICENCE = "lic_" + "1" * 26
DOCUMENT = {
    "kind": "business_licence",
    "title": "Business licence",
    "issuer": "Market supervision office",
    "document_hash": "ab" * 32,
}


class Browser:
    """Somebody with a session, or nobody yet."""

    _keys = itertools.count()

    def __init__(self, client, clock, token=None):
        self.client, self.clock, self.token = client, clock, token

    def call(self, method, path, body=None, *, expect=None, **headers):
        given = {"Idempotency-Key": f"key-{next(self._keys)}"} | headers
        if self.token:
            given["Authorization"] = f"Bearer {self.token}"
        # Written here and not by the client, which refuses what a stranger would send.
        sent = {} if body is None else {"data": json.dumps(body), "content_type": JSON}
        answer = self.client.open(path, method=method, headers=given, **sent)
        if expect is not None:
            assert answer.status_code == expect, answer.text
        return answer

    def post(self, path, body=None, *, expect=201, **headers):
        return self.call("POST", path, body, expect=expect, **headers).get_json(silent=True)

    def get(self, path, *, expect=200):
        return self.call("GET", path, expect=expect).get_json()

    def sign_in(self, email, one_time_code=None):
        body = {"email": email, "password": PASSWORD}
        if one_time_code:
            body["one_time_code"] = one_time_code
        tokens = self.post("/v1/sessions", body)
        return Browser(self.client, self.clock, tokens["access_token"])

    def enrol(self, email):
        """A session with the second factor, from nothing."""
        first = self.sign_in(email)
        secret = first.post("/v1/second-factor")["secret"]
        code = pyotp.TOTP(secret).at(self.clock.now())
        first.post("/v1/second-factor/confirmation", {"one_time_code": code}, expect=204)
        self.clock.advance(seconds=30)
        return self.sign_in(email, pyotp.TOTP(secret).at(self.clock.now()))


def registration(number=1, **changes):
    body = f"91350100M{number:08d}"
    return {
        "name": f"Organisation {number}",
        "uscc": body + check_character(body),
        "is_supplier": True,
        "is_buyer": True,
        "evidence": [DOCUMENT],
        "person": {"email": f"owner{number}@example.cn", "name": "Owner", "password": PASSWORD},
    } | changes


@pytest.fixture
def nobody(client, clock):
    return Browser(client, clock)


@pytest.fixture
def units(app):
    return app.extensions["counterfoil"].get(UnitOfWorkFactory)


@pytest.fixture
def operator(app, units, nobody):
    passwords = app.extensions["counterfoil"].get(CredentialKit).passwords
    with units.begin(Reach.EXCHANGE) as uow:
        body = "91350100M00000099"
        services.bootstrap_exchange(
            uow,
            passwords,
            name="Exchange",
            uscc=body + check_character(body),
            email=OPERATOR,
            password=PASSWORD,
        )
        uow.commit()
    return nobody.enrol(OPERATOR)


@pytest.fixture
def reviewer(operator, nobody):
    staff = {"email": "reviewer@exchange.cn", "name": "Reviewer", "password": PASSWORD}
    operator.post("/v1/staff", staff | {"roles": ["reviewer"]})
    return nobody.enrol("reviewer@exchange.cn")


@pytest.fixture
def owner(nobody):
    nobody.post("/v1/organisations", registration())
    return nobody.sign_in("owner1@example.cn")


def slug(answer):
    assert answer.content_type == "application/problem+json"
    return answer.get_json()["type"].partition("#")[2]


def verification(clock, **changes):
    return {
        "decision": "verify",
        "method": "registry_lookup",
        "reason": "The registry shows the same name.",
        "valid_until": clock.now().replace(year=2027).isoformat(),
    } | changes


def test_an_organisation_registers_and_is_verified_by_somebody_else(nobody, reviewer, clock):
    registered = nobody.post("/v1/organisations", registration())
    organisation_id = registered["organisation"]["id"]
    assert registered["person"]["roles"] == ["buyer", "owner", "supplier"]
    pending = reviewer.get("/v1/organisations?state=pending")
    assert [item["id"] for item in pending["items"]] == [organisation_id]
    path = f"/v1/organisations/{organisation_id}"
    assert reviewer.get(path)["evidence"][0]["title"] == "Business licence"
    decided = reviewer.post(f"{path}/verification", verification(clock))
    assert decided["state"] == "verified"
    shown = nobody.sign_in("owner1@example.cn").get("/v1/organisations/me")
    assert shown["decisions"][0]["reason"] == "The registry shows the same name."
    assert shown["evidence"][0]["document_hash"] == "ab" * 32


def test_whoever_is_refused_after_it_was_verified_is_verified_for_no_room(
    nobody, reviewer, clock, units
):
    organisation_id = nobody.post("/v1/organisations", registration())["organisation"]["id"]
    path = f"/v1/organisations/{organisation_id}/verification"
    reviewer.post(path, verification(clock))
    refusal = {"decision": "refuse", "method": "registry_lookup", "reason": "Struck off."}
    assert reviewer.post(path, refusal)["state"] == "refused"
    with units.begin(Reach.EXCHANGE) as uow:
        ends = uow.session.execute(
            text(
                "SELECT c.verified_until, l.valid_until FROM compliance_parties c"
                " JOIN listing_parties l USING (organisation_id) WHERE organisation_id = :id"
            ),
            {"id": organisation_id},
        ).one()
    assert max(ends) <= clock.now()


def test_an_owner_cannot_verify_anybody(owner, clock):
    organisation_id = owner.get("/v1/organisations/me")["id"]
    path = f"/v1/organisations/{organisation_id}/verification"
    answer = owner.call("POST", path, verification(clock))
    assert (answer.status_code, slug(answer)) == (403, "permission-missing")


def test_a_reviewer_needs_the_second_factor(operator, nobody, clock):
    staff = {"email": "new@exchange.cn", "name": "New", "password": PASSWORD}
    operator.post("/v1/staff", staff | {"roles": ["reviewer"]})
    without = nobody.sign_in("new@exchange.cn")
    answer = without.call("GET", "/v1/organisations")
    assert (answer.status_code, slug(answer)) == (403, "second-factor-required")


def test_evidence_follows_the_registration(nobody, reviewer, clock):
    nobody.post("/v1/organisations", registration(evidence=[]))
    owner = nobody.sign_in("owner1@example.cn")
    organisation_id = owner.get("/v1/organisations/me")["id"]
    path = f"/v1/organisations/{organisation_id}/verification"
    assert slug(reviewer.call("POST", path, verification(clock))) == "evidence-missing"
    owner.post("/v1/organisations/me/evidence", DOCUMENT)
    assert reviewer.post(path, verification(clock))["state"] == "verified"


BAD_REGISTRATIONS: list[tuple[dict[str, Any], int]] = [
    ({"uscc": "91350100M000100Y44"}, 422),
    ({"uscc": 91350100}, 422),
    ({"is_supplier": "yes"}, 422),
    ({"is_supplier": 1}, 422),
    ({"is_supplier": False, "is_buyer": False}, 422),
    ({"name": ""}, 422),
    ({"name": "x" * 201}, 422),
    ({"evidence": [DOCUMENT] * 51}, 422),
    ({"evidence": [DOCUMENT | {"document_hash": "AB" * 32}]}, 422),
    ({"evidence": [DOCUMENT | {"valid_until": "2027-01-01"}]}, 422),
    ({"person": {"email": "no", "name": "x", "password": PASSWORD}}, 422),
    ({"person": {"email": "a@example.cn", "name": "x", "password": "short"}}, 422),
    ({"person": {"email": "a@example.cn", "name": "x", "password": "x" * 129}}, 422),
    ({"state": "verified"}, 422),
    ({"is_exchange": True}, 422),
    ({"name": "a\ud800b"}, 400),
    ({"name": "a\u0000b"}, 400),
]


def test_a_bad_registration_is_a_problem(nobody, subtests):
    for changes, status in BAD_REGISTRATIONS:
        with subtests.test(changes=changes):
            answer = nobody.call("POST", "/v1/organisations", registration(**changes))
            assert answer.status_code == status, answer.text
            assert answer.content_type == "application/problem+json"
            assert PASSWORD not in answer.text


def test_a_repeated_registration_is_answered_once(nobody):
    key = {"Idempotency-Key": "the-same-key"}
    first = nobody.call("POST", "/v1/organisations", registration(), **key)
    second = nobody.call("POST", "/v1/organisations", registration(), **key)
    assert first.get_json() == second.get_json()


def test_an_owner_manages_people(owner, nobody):
    person = {"email": "buyer@example.cn", "name": "Buyer", "password": PASSWORD}
    added = owner.post("/v1/people", person | {"roles": ["buyer"]})
    path = f"/v1/people/{added['id']}"
    granted = owner.post(f"{path}/roles", {"role": "supplier"}, expect=200)
    assert granted["roles"] == ["buyer", "supplier"]
    buyer = nobody.sign_in("buyer@example.cn")
    assert buyer.get("/v1/people/me")["email"] == "buyer@example.cn"
    owner.call("DELETE", f"{path}/roles/supplier", expect=200)
    assert slug(buyer.call("GET", "/v1/people/me")) == "session-over"
    buyer = nobody.sign_in("buyer@example.cn")
    owner.post(f"{path}/deactivation", expect=200)
    assert buyer.call("GET", "/v1/people/me").status_code == 401
    assert [p["is_active"] for p in owner.get("/v1/people")["items"]] == [False, True]


def test_a_member_gets_no_staff_role(owner):
    person = {"email": "spy@example.cn", "name": "Spy", "password": PASSWORD}
    owner.call("POST", "/v1/people", person | {"roles": ["reviewer"]}, expect=422)
    assert owner.call("POST", "/v1/staff", person | {"roles": ["reviewer"]}).status_code == 403


def test_staff_roles_are_granted_and_withdrawn_by_the_operator(operator, reviewer):
    staff = {p["email"]: p for p in operator.get("/v1/staff")["items"]}
    path = f"/v1/staff/{staff['reviewer@exchange.cn']['id']}"
    granted = operator.post(f"{path}/roles", {"role": "listing_officer"}, expect=200)
    assert granted["roles"] == ["listing_officer", "reviewer"]
    operator.call("DELETE", f"{path}/roles/reviewer", expect=200)
    assert slug(reviewer.call("GET", "/v1/staff")) == "session-over"
    answer = operator.call("POST", f"{path}/roles", {"role": "operator"})
    assert slug(answer) == "roles-conflict"
    assert operator.post(f"{path}/deactivation", expect=200)["is_active"] is False


def test_a_changed_password_replaces_the_old_one(owner, nobody):
    change = {"present_password": PASSWORD, "new_password": "another walk in the hills"}
    owner.call("PUT", "/v1/people/me/password", change, expect=204)
    body = {"email": "owner1@example.cn", "password": PASSWORD}
    assert slug(nobody.call("POST", "/v1/sessions", body)) == "sign-in-refused"


def test_unknown_address_and_wrong_password_get_the_same_answer(owner, nobody):
    answers = []
    for email in ("owner1@example.cn", "nobody@example.cn"):
        body = {"email": email, "password": "not the password"}
        answer = nobody.call("POST", "/v1/sessions", body)
        document = answer.get_json()
        document.pop("instance")
        answers.append((answer.status_code, document))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


def test_failures_lock_the_address_for_a_while(owner, nobody, clock):
    wrong = {"email": "owner1@example.cn", "password": "not the password"}
    for _ in range(5):
        nobody.call("POST", "/v1/sessions", wrong, expect=401)
    locked = nobody.call("POST", "/v1/sessions", wrong | {"password": PASSWORD})
    assert (locked.status_code, slug(locked)) == (429, "sign-in-throttled")
    assert locked.headers["Retry-After"] == "60"
    clock.advance(seconds=60)
    assert nobody.sign_in("owner1@example.cn").get("/v1/people/me")


def test_a_session_is_refreshed_once_per_token(owner, nobody):
    body = {"email": "owner1@example.cn", "password": PASSWORD}
    first = nobody.post("/v1/sessions", body)
    token = {"refresh_token": first["refresh_token"]}
    second = nobody.post("/v1/sessions/refresh", token)
    reused = nobody.call("POST", "/v1/sessions/refresh", token)
    assert (reused.status_code, slug(reused)) == (401, "refresh-token-refused")
    victim = Browser(nobody.client, nobody.clock, second["access_token"])
    assert slug(victim.call("GET", "/v1/people/me")) == "session-over"


def test_signing_out_ends_the_session(owner):
    owner.call("DELETE", "/v1/sessions/current", expect=204)
    assert slug(owner.call("GET", "/v1/people/me")) == "session-over"


def test_anybody_checks_tokens_with_the_published_keys(owner, nobody):
    answer = nobody.call("GET", "/.well-known/jwks.json", expect=200)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    (key,) = answer.get_json()["keys"]
    claims = jwt.decode(
        owner.token,
        jwt.PyJWK(key),
        algorithms=["EdDSA"],
        options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
    )
    assert claims["org"] == owner.get("/v1/organisations/me")["id"]
    assert claims["exp"] - claims["iat"] == 600


@pytest.fixture
def licence(owner, units, clock):
    organisation_id = owner.get("/v1/organisations/me")["id"]
    with units.begin(Reach.EXCHANGE) as uow:
        services.note_licence(
            uow,
            licence_id=LICENCE,
            buyer_id=organisation_id,
            ends_at=clock.now().replace(year=2027),
        )
        uow.commit()
    return LICENCE


def test_a_key_is_issued_listed_rotated_and_revoked(owner, licence):
    asked = {"licence_id": licence, "name": "batch", "networks": ["203.0.113.0/24"]}
    issued = owner.post("/v1/api-keys", asked)
    assert issued["text"].startswith(f"cfk_{issued['api_key']['prefix']}_")
    key_id = issued["api_key"]["id"]
    rotated = owner.post(f"/v1/api-keys/{key_id}/rotation", {"overlap_seconds": 60})
    listed = owner.call("GET", f"/v1/api-keys?licence_id={licence}", expect=200)
    assert [item["id"] for item in listed.get_json()["items"]] == [rotated["api_key"]["id"], key_id]
    assert issued["text"] not in listed.text
    assert rotated["text"] not in listed.text
    for _ in range(2):
        owner.call("DELETE", f"/v1/api-keys/{key_id}", expect=204)


BAD_KEYS: list[dict[str, Any]] = [
    {"licence_id": "lic_short"},
    {"networks": ["10.0.0.1/8"]},
    {"networks": ["10.0.0.0/8"] * 21},
    {"networks": "10.0.0.0/8"},
    {"expires_at": "2026-11-20T08:00:00"},
    {"expires_at": "2026-11-20T07:59:59Z"},
    {"expires_at": "2028-01-01T00:00:00Z"},
    {"name": ""},
    {"secret": "mine"},
]


def test_a_bad_key_request_issues_nothing(owner, licence, subtests):
    for changes in BAD_KEYS:
        with subtests.test(changes=changes):
            asked = {"licence_id": licence, "name": "batch"}
            owner.call("POST", "/v1/api-keys", asked | changes, expect=422)
    assert owner.get("/v1/api-keys")["items"] == []


def test_an_overlap_is_a_whole_number_of_seconds_up_to_a_week(owner, licence, subtests):
    key_id = owner.post("/v1/api-keys", {"licence_id": licence, "name": "k"})["api_key"]["id"]
    path = f"/v1/api-keys/{key_id}/rotation"
    for seconds in (-1, 604_801, 1.5, "60", True, None):
        with subtests.test(seconds=seconds):
            owner.call("POST", path, {"overlap_seconds": seconds}, expect=422)


def test_foreign_ids_are_not_found(owner, licence, nobody):
    key_id = owner.post("/v1/api-keys", {"licence_id": licence, "name": "k"})["api_key"]["id"]
    person_id = owner.get("/v1/people/me")["id"]
    nobody.post("/v1/organisations", registration(2))
    other = nobody.sign_in("owner2@example.cn")
    assert slug(other.call("DELETE", f"/v1/api-keys/{key_id}")) == "api-key-not-found"
    assert slug(other.call("POST", f"/v1/people/{person_id}/deactivation")) == "person-not-found"
    asked = {"licence_id": licence, "name": "k"}
    assert slug(other.call("POST", "/v1/api-keys", asked)) == "licence-not-held"


FOR_THE_SIGNED_IN = [
    ("GET", "/v1/organisations"),
    ("GET", "/v1/organisations/me"),
    ("GET", "/v1/people"),
    ("GET", "/v1/people/me"),
    ("GET", "/v1/staff"),
    ("GET", "/v1/api-keys"),
    ("POST", "/v1/second-factor"),
    ("DELETE", "/v1/sessions/current"),
]


def test_a_stranger_is_asked_to_sign_in(nobody, subtests):
    for method, path in FOR_THE_SIGNED_IN:
        with subtests.test(method=method, path=path):
            answer = nobody.call(method, path)
            assert (answer.status_code, slug(answer)) == (401, "not-signed-in")


def test_no_answer_and_no_log_line_carries_a_secret(owner, licence, nobody, capsys):
    issued = owner.post("/v1/api-keys", {"licence_id": licence, "name": "k"})
    nobody.call("POST", "/v1/sessions", {"email": "owner1@example.cn", "password": "wrong" * 3})
    nobody.call("POST", "/v1/sessions/refresh", {"refresh_token": "cfr_invented-secret"})
    written = "".join(capsys.readouterr())
    for secret in (issued["text"], PASSWORD, owner.token, "cfr_invented-secret", "wrongwrong"):
        assert secret not in written


def test_a_last_owner_is_let_in_by_two_operators_and_nobody_else(operator, owner, nobody):
    added = {"email": "second@exchange.cn", "name": "Second", "password": PASSWORD}
    operator.post("/v1/staff", {**added, "roles": ["operator"]})
    second = nobody.enrol("second@exchange.cn")
    asked = {"person_id": owner.get("/v1/people/me")["id"], "reason": "Seen with identity card."}
    path = "/v1/access-resets"
    for whoever, status in ((nobody, 401), (owner, 403)):
        whoever.post(path, asked, expect=status)
    proposed = operator.post(path, asked)
    assert (proposed["state"], proposed["issued_at"]) == ("proposed", None)
    approval = f"{path}/{proposed['id']}/approval"
    assert operator.post(approval, expect=403)["type"] == "/problems#reset-needs-second-person"
    owner.get("/v1/people/me")
    issued = second.post(approval)
    owner.get("/v1/people/me", expect=401)
    assert issued["access_reset"]["state"] == "issued"
    chosen = {"token": issued["text"], "password": PASSWORD}
    nobody.post(f"{path}/use", chosen, expect=204)
    assert nobody.post(f"{path}/use", chosen, expect=401)["type"] == "/problems#reset-token-refused"
    nobody.sign_in("owner1@example.cn").get("/v1/people/me")
    (shown,) = second.get(path)["items"]
    assert (shown["state"], "text" in shown, "token_hash" in shown) == ("used", False, False)
