"""Calls about people: only with the person's consent, and none after it was withdrawn."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core.compact_jws import sign_token
from app.core.pseudonyms import pseudonym_of
from app.core.reach import Reach
from app.core.signing import Ed25519Signer
from metering import consent_services, services
from metering.calls.consent_desk import TOKEN_TYPE
from metering.ports import UpstreamAnswer
from tests.factories.metering import CONSENTS, FIELDS_IN, PSEUDONYM_KEY, World, call
from tests.fakes.metering_ports import HeldUpstream

YUAN = 10**8
PRICE = 40_000_000
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')
PER_CALL, REGISTER = "PER_CALL_TOKEN", "PRE_COLLECTED_NAMED_RECIPIENT"
PVG = {"iata": "PVG"}


def about_people(kind="IDENTITY"):
    return [FIELDS_IN[0] | {"data_subject": kind}]


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish(fields_in=about_people())
    made.keep_pseudonym_key()
    made.fund(100 * YUAN)
    yield made
    made.close()


def asked(plane, licensed, token=None, parameters=PVG, **headers):
    if token is not None:
        headers["consent_token"] = token
    return call(plane, licensed, parameters, **headers)


def slug(answer):
    return answer.json["type"].partition("#")[2]


def test_a_call_with_the_persons_token_is_answered_and_says_what_it_rested_on(world):
    licensed = world.license(consent_model=PER_CALL)
    consent_id, token = world.consent(licensed)
    answer = asked(world.plane(HeldUpstream(HIT)), licensed, token)
    assert answer.status == 200
    assert b'"consent":"%s"' % consent_id.encode() in bytes(
        world.one("SELECT detail FROM usage_events")
    )


def test_a_call_about_nobody_needs_no_consent_and_names_none(world):
    licensed = world.license(consent_model="NOT_CONSENT_BASED")
    assert asked(world.plane(HeldUpstream(HIT)), licensed).status == 200
    assert b"consent" not in bytes(world.one("SELECT detail FROM usage_events"))


@pytest.mark.parametrize("model", [PER_CALL, REGISTER, "A_LATER_MODEL"])
def test_without_a_consent_every_model_refuses_free_of_charge_and_asks_no_upstream(world, model):
    licensed, upstream = world.license(consent_model=model), HeldUpstream(HIT)
    plane = world.plane(upstream)
    answer = asked(plane, licensed)
    assert answer.status == 403
    assert slug(answer) == ("consent-not-given" if model == REGISTER else "consent-missing")
    assert answer.json["legal_reference"] == "PIPL 15, 23, 47"
    assert upstream.calls == []
    plane.close()
    assert world.one("SELECT count(*) FROM usage_events") == 0
    assert world.one("SELECT balance FROM fake_wallets") == 100 * YUAN
    assert world.sql("SELECT slug, calls_count FROM denial_counts") == [(slug(answer), 1)]


def another_person(world, licensed):
    return world.consent(licensed, "SHA")[1]


def another_recipient(world, licensed):
    return world.consent(licensed, recipient="org_other")[1]


def another_purpose(world, licensed):
    return world.consent(licensed, purposes=("FRAUD",))[1]


@pytest.mark.parametrize(
    ("consent", "member"),
    [
        (another_person, "subject"),
        (another_recipient, "recipient"),
        (another_purpose, "purpose"),
    ],
)
def test_a_token_carries_only_the_person_recipient_and_purpose_that_it_names(
    world, consent, member
):
    licensed = world.license(consent_model=PER_CALL)
    answer = asked(world.plane(HeldUpstream(HIT)), licensed, consent(world, licensed))
    assert (answer.status, slug(answer)) == (403, "consent-not-given")
    assert answer.json["inputs"]["member"] == member


def test_a_token_for_another_listing_carries_nothing_here(world):
    elsewhere = world.publish(code="S0001-ELSEWHERE0", version="ver_2", fields_in=about_people())
    other = world.license(listing=elsewhere, consent_model=PER_CALL)
    _, token = world.consent(other)
    licensed = world.license(consent_model=PER_CALL)
    answer = asked(world.plane(HeldUpstream(HIT)), licensed, token)
    assert answer.json["inputs"]["member"] == "listing"


def forged(world, licensed):
    consent_id, _ = world.consent(licensed)
    return sign_token(Ed25519Signer.generate("consents"), TOKEN_TYPE, {"jti": consent_id})


def signed_but_never_registered(_world, _licensed):
    subject = pseudonym_of(PSEUDONYM_KEY, "PVG")
    return sign_token(CONSENTS, TOKEN_TYPE, {"jti": "con_unknown", "sub": subject})


def signed_again_with_other_claims(world, licensed):
    consent_id, _ = world.consent(licensed)
    return sign_token(CONSENTS, TOKEN_TYPE, {"jti": consent_id, "sub": "0" * 64})


def without_an_id(_world, _licensed):
    return sign_token(CONSENTS, TOKEN_TYPE, {"sub": "0" * 64})


@pytest.mark.parametrize(
    "make",
    [
        forged,
        signed_but_never_registered,
        signed_again_with_other_claims,
        without_an_id,
        lambda *_: "not.a.token",
    ],
)
def test_what_the_exchange_did_not_sign_and_register_is_no_consent(world, make):
    licensed = world.license(consent_model=PER_CALL)
    answer = asked(world.plane(HeldUpstream(HIT)), licensed, make(world, licensed))
    assert (answer.status, slug(answer)) == (403, "consent-token-refused")


def test_a_consent_must_cover_the_purpose_that_the_call_says(world):
    licensed = world.license(consent_model=PER_CALL, purposes=["CREDIT", "FRAUD"])
    _, token = world.consent(licensed, purposes=("CREDIT",))
    plane = world.plane(HeldUpstream(HIT))
    assert slug(asked(plane, licensed, token, purpose="FRAUD")) == "consent-not-given"
    assert asked(plane, licensed, token, purpose="CREDIT").status == 200


@pytest.mark.parametrize(
    ("model", "purposes"),
    [(PER_CALL, ["CREDIT", "FRAUD"]), (REGISTER, []), ("NOT_CONSENT_BASED", None)],
)
def test_a_call_about_persons_says_which_of_several_purposes_it_is_for(world, model, purposes):
    licensed, upstream = world.license(consent_model=model, purposes=purposes), HeldUpstream(HIT)
    _, token = world.consent(licensed)
    plane = world.plane(upstream)
    answer = asked(plane, licensed, token)
    assert (answer.status, slug(answer)) == (403, "purpose-missing")
    assert answer.json["inputs"] == {"licensed": ",".join(purposes or [])}
    assert upstream.calls == []
    plane.close()
    assert world.one("SELECT count(*) FROM usage_events") == 0
    assert world.one("SELECT balance FROM fake_wallets") == 100 * YUAN
    assert world.sql("SELECT slug, calls_count FROM denial_counts") == [("purpose-missing", 1)]


def purposes_kept(world):
    rows = world.sql("SELECT convert_from(detail, 'UTF8') FROM usage_events ORDER BY n")
    return [json.loads(detail).get("purpose") for (detail,) in rows]


def test_the_purpose_that_a_call_says_is_kept_with_it_and_a_retry_says_the_same(world):
    licensed = world.license(consent_model="NOT_CONSENT_BASED", purposes=["CREDIT", "FRAUD"])
    plane = world.plane(HeldUpstream(HIT))
    first = asked(plane, licensed, purpose="FRAUD", idempotency_key="one")
    again = asked(plane, licensed, purpose="FRAUD", idempotency_key="one")
    other = asked(plane, licensed, purpose="CREDIT", idempotency_key="one")
    assert (first.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert (other.status, slug(other)) == (422, "call-idempotency-key-reused")
    assert purposes_kept(world) == ["FRAUD"]


@pytest.mark.parametrize(
    ("purposes", "kept"), [(["CREDIT"], "CREDIT"), (["CREDIT", "FRAUD"], None), (None, None)]
)
def test_a_call_that_says_nothing_is_for_the_only_thing_that_its_licence_permits(
    world, purposes, kept
):
    licensed = world.license(purposes=purposes)
    assert asked(world.plane(HeldUpstream(HIT)), licensed).status == 200
    assert purposes_kept(world) == [kept]


def test_an_expired_consent_refuses_the_next_call(world, clock):
    licensed = world.license(consent_model=PER_CALL)
    _, token = world.consent(licensed, days=1)
    plane = world.plane(HeldUpstream(HIT))
    assert asked(plane, licensed, token).status == 200
    clock.advance(seconds=86_400)
    assert slug(asked(plane, licensed, token)) == "consent-expired"


def withdraw(world, consent_id):
    world.change(consent_services.withdraw_consent, consent_id=consent_id)


def is_listener():
    return threading.current_thread().name == "changes"


@pytest.mark.parametrize("model", [PER_CALL, REGISTER])
def test_a_withdrawn_consent_refuses_the_next_call_of_a_worker_that_has_not_heard(world, model):
    licensed, upstream = world.license(consent_model=model), HeldUpstream(HIT)
    consent_id, token = world.consent(licensed)
    # A memory that nobody refreshes for an hour and nobody tells: only the fence can notice.
    plane = world.plane(upstream, cache_seconds=3600.0)
    forget = plane._consents.forget
    plane._consents.forget = lambda ids: None if is_listener() else forget(ids)
    assert asked(plane, licensed, token).status == 200
    withdraw(world, consent_id)
    answer = asked(plane, licensed, token)
    assert (answer.status, slug(answer)) == (403, "consent-withdrawn")
    assert answer.json["inputs"]["consent"] == consent_id
    assert world.one("SELECT count(*) FROM usage_events") == 1
    plane.close()
    assert world.one("SELECT balance FROM fake_wallets") == 100 * YUAN - PRICE


@pytest.mark.parametrize("model", [PER_CALL, REGISTER])
def test_a_call_in_flight_is_not_delivered_after_the_withdrawal(world, model):
    licensed, upstream = world.license(consent_model=model), HeldUpstream(HIT)
    consent_id, token = world.consent(licensed)
    plane = world.plane(upstream)
    assert asked(plane, licensed, token).status == 200
    upstream.gate.clear()
    upstream.asked.clear()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(asked, plane, licensed, token)
        assert upstream.asked.wait(10)
        withdraw(world, consent_id)
        upstream.gate.set()
        answer = waiting.result(20)
    assert (answer.status, slug(answer)) == (403, "consent-withdrawn")
    assert world.one("SELECT count(*) FROM usage_events") == 1


@pytest.mark.parametrize("model", [PER_CALL, REGISTER])
def test_a_call_that_meets_the_withdrawal_at_its_commit_waits_for_it(world, model):
    licensed = world.license(consent_model=model)
    consent_id, token = world.consent(licensed)
    plane = world.plane(HeldUpstream(HIT), cache_seconds=3600.0)
    assert asked(plane, licensed, token).status == 200
    with ThreadPoolExecutor(1) as threads, world.units.begin(Reach.EXCHANGE) as uow:
        consent_services.withdraw_consent(uow, consent_id=consent_id)
        uow.session.flush()
        waiting = threads.submit(asked, plane, licensed, token)
        with pytest.raises(TimeoutError):
            waiting.result(0.3)
        uow.commit()
        answer = waiting.result(20)
    assert (answer.status, slug(answer)) == (403, "consent-withdrawn")
    assert world.one("SELECT count(*) FROM usage_events") == 1


def test_one_persons_withdrawal_costs_no_other_call_of_the_batch(world):
    licensed, upstream = world.license(consent_model=PER_CALL), HeldUpstream(HIT)
    gone, token = world.consent(licensed)
    _, other = world.consent(licensed, "SHA")
    plane = world.plane(upstream)
    assert asked(plane, licensed, token).status == 200
    upstream.gate.clear()
    with ThreadPoolExecutor(2) as threads:
        upstream.asked.clear()
        withdrawn = threads.submit(asked, plane, licensed, token)
        kept = threads.submit(asked, plane, licensed, other, {"iata": "SHA"})
        assert upstream.asked.wait(10)
        withdraw(world, gone)
        upstream.gate.set()
        assert (slug(withdrawn.result(20)), kept.result(20).status) == ("consent-withdrawn", 200)


def test_the_register_speaks_for_a_person_who_agreed_beforehand(world):
    licensed = world.license(consent_model=REGISTER)
    plane = world.plane(HeldUpstream(HIT))
    assert slug(asked(plane, licensed)) == "consent-not-given"
    world.consent(licensed, purposes=("FRAUD",))
    consent_id, _ = world.consent(licensed)
    assert asked(plane, licensed).status == 200
    assert slug(asked(plane, licensed, parameters={"iata": "SHA"})) == "consent-not-given"
    withdraw(world, consent_id)
    assert slug(asked(plane, licensed)) == "consent-withdrawn"


def test_a_consent_given_again_after_a_withdrawal_serves_the_next_call(world):
    licensed = world.license(consent_model=REGISTER)
    plane = world.plane(HeldUpstream(HIT))
    withdraw(world, world.consent(licensed)[0])
    assert slug(asked(plane, licensed)) == "consent-withdrawn"
    world.consent(licensed)
    # A second at most: an absence or a refusal is not remembered longer than a consent.
    plane._consents.forget_everything()
    assert asked(plane, licensed).status == 200


def test_a_listing_may_ask_by_pseudonym_itself(world):
    listing = world.publish(
        code="S0001-PSEUDONYMS", version="ver_3", fields_in=[
            {"name": "person", "type": "string", "data_subject": "PSEUDONYM"}
        ],
    )  # fmt: skip
    licensed = world.license(listing=listing, consent_model=REGISTER)
    world.consent(licensed)
    plane = world.plane(HeldUpstream(HIT))
    person = {"person": pseudonym_of(PSEUDONYM_KEY, "PVG")}
    assert asked(plane, licensed, parameters=person).status == 200
    for other in ("PVG", "0" * 63):
        answer = asked(plane, licensed, parameters={"person": other})
        assert slug(answer) == "consent-subject-unknown"


@pytest.mark.parametrize(
    "fields_in",
    [
        FIELDS_IN,
        [*about_people(), {"name": "other", "type": "string", "data_subject": "IDENTITY"}],
        about_people("NAME"),
    ],
)
def test_a_listing_that_does_not_say_whom_a_call_is_about_is_refused(world, fields_in):
    listing = world.publish(code="S0001-UNCLEAR000", version="ver_4", fields_in=fields_in)
    world.keep_pseudonym_key(listing[0])
    licensed = world.license(listing=listing, consent_model=PER_CALL)
    _, token = world.consent(licensed)
    answer = asked(world.plane(HeldUpstream(HIT)), licensed, token)
    assert (answer.status, slug(answer)) == (403, "consent-subject-unknown")


def test_without_a_pseudonym_key_nobody_can_be_recognised(world):
    listing = world.publish(code="S0001-NOKEY00000", version="ver_5", fields_in=about_people())
    licensed = world.license(listing=listing, consent_model=PER_CALL)
    _, token = world.consent(licensed)
    plane = world.plane(HeldUpstream(HIT))
    assert slug(asked(plane, licensed, token)) == "consent-subject-unknown"
    world.keep_pseudonym_key(listing[0])
    plane._callers.forget_everything()
    assert asked(plane, licensed, token).status == 200


def test_a_suspended_listing_is_said_to_be_so_before_any_consent_is_asked_for(world):
    licensed = world.license(consent_model=PER_CALL)
    world.change(services.suspend_route, listing_code=licensed.listing_code)
    assert slug(asked(world.plane(HeldUpstream(HIT)), licensed)) == "listing-not-delivering"


def test_consents_are_forgotten_a_month_after_they_expired(world, clock):
    licensed = world.license(consent_model=PER_CALL)
    old, _ = world.consent(licensed, days=1)
    young, _ = world.consent(licensed, "SHA", days=40)
    clock.advance(seconds=86_400 * 32)
    world.change(consent_services.forget_consents, limit=10)
    kept = {consent_id for (consent_id,) in world.sql("SELECT consent_id FROM call_consents")}
    assert young in kept
    assert old not in kept


def test_what_is_admitted_twice_is_admitted_once(world):
    licensed = world.license(consent_model=PER_CALL)
    consent_id, token = world.consent(licensed)
    withdraw(world, consent_id)
    again = world.sql("SELECT * FROM call_consents")
    row = dict(zip(("listing_code", "supplier_id", "recipient_id", "subject"), again[0][1:5]))  # noqa: B905 -- the first four
    world.change(
        consent_services.admit_consent,
        consent_id=consent_id,
        permitted_purposes=["CREDIT"],
        token_hash="f" * 64,
        expires_at=again[0][8],
        **row,
    )
    assert world.sql("SELECT * FROM call_consents") == again
    assert slug(asked(world.plane(HeldUpstream(HIT)), licensed, token)) == "consent-withdrawn"
