"""A registration goes to another supplier: proposed, accepted, examined anew, and told to all."""

import itertools
import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts import services as accounts
from app.accounts.argon2_passwords import Argon2Passwords
from app.core.clock import iso_instant
from app.core.principals import Principal, Role
from app.core.pseudonyms import pseudonym_of
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.notices.models import Notice
from compliance import services as compliance
from compliance.models.registrations import Registration
from ledger.log.models import LogEntry
from listings import services as listings
from tests.factories.compliance import (
    CLEAR,
    NEXT_YEAR,
    PEOPLE,
    SUPPLIER_ID,
    dossier,
    everybody_over_http,
    per_call,
)

PARTNER_ID = "org_0000000000000000000partner"
PARTNER = Principal("psn_partner", PARTNER_ID, frozenset({Role.SUPPLIER}))
RECIPIENT_ID = "org_00000000000000000000000001"
DEED = "d" * 64


@pytest.fixture
def exchange(app, monkeypatch):
    monkeypatch.setitem(PEOPLE, "partner", PARTNER)
    made = everybody_over_http(app)
    parties = ((PARTNER_ID, True), (RECIPIENT_ID, False))
    notes = (compliance.note_party_verified, listings.note_party_verified)
    with units(made).begin(Reach.EXCHANGE) as uow:
        for note, (organisation_id, is_supplier) in itertools.product(notes, parties):
            note(
                uow,
                organisation_id=organisation_id,
                name="Partner",
                uscc="91350100M000100Y43",
                is_supplier=is_supplier,
                is_buyer=not is_supplier,
                valid_until=NEXT_YEAR,
            )
        uow.commit()
    return made


def units(exchange):
    return exchange.app.extensions["counterfoil"].get(UnitOfWorkFactory)


def registered(exchange):
    """The supplier's final registration of a product that is not on sale."""
    exchange.submit(is_for_listing=False)
    exchange.register(exchange.case())
    return newest(exchange)


def newest(exchange):
    return exchange.get("stranger", "/v1/registry")["items"][0]["id"]


def propose(exchange, registration_id, *, expect=201, who="supplier", **changes):
    body = {"transferee_id": PARTNER_ID, "grounds": "Sale of the business.", "deed_hash": DEED}
    path = f"/v1/registry/{registration_id}/transfers"
    return exchange.call(who, "POST", path, body | changes, expect=expect)


def accept(exchange, transfer, *, expect=201, deed_hash=DEED):
    path = f"/v1/registration-transfers/{transfer['id']}/acceptance"
    return exchange.post("partner", path, {"deed_hash": deed_hash}, expect=expect)


def step_back(exchange, who, what, transfer, *, expect=201):
    path = f"/v1/registration-transfers/{transfer['id']}/{what}"
    return exchange.post(who, path, {"reason": "The sale fell through."}, expect=expect)


def submit_successor(exchange, accepted):
    """The transferee completes the draft that was begun for it, and submits it."""
    path = f"/v1/products/{accepted['successor_product_id']}/versions/1"
    own = {name: dossier()[name] for name in ("statements", "upstream") if name in dossier()}
    own["offers"] = [{"name": "Calls", "plans": [per_call("0.50")]}]
    exchange.call("partner", "PATCH", path, own, expect=200)
    return exchange.post("partner", f"{path}/submission", {"is_for_listing": False})


def slug(problem):
    return problem["type"].partition("#")[2]


def page(exchange, registration_id):
    return exchange.get("stranger", f"/v1/registry/{registration_id}")


def logged(exchange, entry_type):
    with units(exchange).begin(Reach.EXCHANGE) as uow:
        wanted = select(LogEntry.body).where(LogEntry.entry_type == entry_type)
        return list(uow.session.scalars(wanted))


def test_a_registration_ends_when_its_successor_is_registered_and_both_pages_say_so(exchange):
    former = registered(exchange)
    accepted = accept(exchange, propose(exchange, former))
    assert page(exchange, former)["state"]["code"] == "FINAL", "it holds until the exchange agrees"
    submit_successor(exchange, accepted)
    exchange.register(exchange.case())
    successor = newest(exchange)
    told, new = page(exchange, former), page(exchange, successor)
    assert (told["state"]["code"], told["transferred_to"]) == ("TRANSFERRED", successor)
    assert (new["state"]["code"], new["transferred_from"]) == ("FINAL", former)
    assert (told["holder"]["name"], new["holder"]["id"]) != (None, told["holder"]["id"])
    assert told["record"]["name"] == new["record"]["name"]
    transfer = exchange.get("supplier", f"/v1/registration-transfers/{accepted['id']}")
    assert (transfer["state"], transfer["successor_id"]) == ("COMPLETED", successor)
    with units(exchange).begin(Reach.EXCHANGE) as uow:
        states = dict(uow.session.execute(select(Registration.id, Registration.state)).all())
    assert states == {former: "TRANSFERRED", successor: "REGISTERED_FINAL"}
    assert [len(logged(exchange, kind)) for kind in (
        "transfer_proposed", "transfer_accepted", "registration_transferred", "registry_entry_ended"
    )] == [1, 1, 1, 1]  # fmt: skip


def test_the_former_holder_cannot_list_or_apply_any_more(exchange):
    former = registered(exchange)
    submit_successor(exchange, accept(exchange, propose(exchange, former)))
    exchange.register(exchange.case())
    path = f"/v1/registrations/{former}/listing-application"
    problem = exchange.post("supplier", path, expect=409)
    assert slug(problem) == "registration-not-final"


def test_the_draft_that_is_begun_has_the_record_and_nothing_of_the_former_holder_s_systems(
    exchange,
):
    accepted = accept(exchange, propose(exchange, registered(exchange)))
    path = f"/v1/products/{accepted['successor_product_id']}"
    draft = exchange.get("partner", f"{path}/versions/1")
    content = draft["content"]
    assert content["fields_out"]
    assert not content.keys() & {"upstream", "statements", "contributors"}
    product = exchange.get("partner", path)
    assert product["origin"]["transfer_id"] == accepted["id"]
    exchange.get("supplier", path, expect=404)


def test_nothing_is_put_on_sale_given_up_or_offered_twice_while_it_is_under_way(exchange):
    exchange.submit()
    exchange.register(exchange.case())
    former = newest(exchange)
    transfer = propose(exchange, former)
    (waiting,) = exchange.get("officer", "/v1/listing-applications")["items"]
    body = {"answers": CLEAR, "decision": "approve", "reason": "Listed as registered."}
    path = f"/v1/listing-applications/{waiting['id']}/decision"
    refused = exchange.post("officer", path, body, expect=409)
    assert slug(refused) == "transfer-open"
    again = propose(exchange, former, expect=409)
    assert (slug(again), again["transfer_id"]) == ("transfer-open", transfer["id"])
    give_up = f"/v1/registry/{former}/cancellation"
    assert (
        slug(exchange.post("supplier", give_up, {"reason": "x y"}, expect=409)) == "transfer-open"
    )
    step_back(exchange, "supplier", "withdrawal", transfer)
    assert exchange.post("officer", path, body)["state"] == "LISTED"
    in_use = propose(exchange, former, expect=409)
    assert slug(in_use) == "registration-in-use"


@pytest.mark.parametrize(
    ("who", "what", "state"),
    [("supplier", "withdrawal", "WITHDRAWN"), ("partner", "refusal", "DECLINED")],
)
@pytest.mark.parametrize("is_accepted", [False, True])
def test_either_side_steps_back_until_the_successor_is_registered(
    exchange, who, what, state, is_accepted
):
    former = registered(exchange)
    transfer = propose(exchange, former)
    if is_accepted:
        accept(exchange, transfer)
    ended = step_back(exchange, who, what, transfer)
    assert (ended["state"], ended["reason"]) == (state, "The sale fell through.")
    assert slug(step_back(exchange, who, what, transfer, expect=409)) == "illegal-transition"
    assert page(exchange, former)["state"]["code"] == "FINAL"
    assert propose(exchange, former)["state"] == "PROPOSED"


def test_the_other_side_s_step_is_not_one_s_own(exchange):
    transfer = propose(exchange, registered(exchange))
    path = f"/v1/registration-transfers/{transfer['id']}"
    deed, reason = {"deed_hash": DEED}, {"reason": "x y"}
    exchange.post("supplier", f"{path}/acceptance", deed, expect=404)
    exchange.post("supplier", f"{path}/refusal", reason, expect=404)
    exchange.post("partner", f"{path}/withdrawal", reason, expect=404)
    for step in ("refusal", "withdrawal"):
        exchange.post("stranger", f"{path}/{step}", reason, expect=404)
    exchange.post("stranger", f"{path}/acceptance", deed, expect=403)
    exchange.get("stranger", path, expect=404)
    assert exchange.get("stranger", "/v1/registration-transfers")["items"] == []
    for who in ("supplier", "partner", "first"):
        (found,) = exchange.get(who, "/v1/registration-transfers?state=PROPOSED")["items"]
        assert found["id"] == transfer["id"]
    assert exchange.get("partner", "/v1/registration-transfers?side=supplier")["items"] == []


def test_another_deed_than_the_proposed_one_is_not_accepted(exchange):
    transfer = propose(exchange, registered(exchange))
    problem = accept(exchange, transfer, deed_hash="e" * 64, expect=409)
    assert (slug(problem), problem["deed_hash"]) == ("transfer-deed-differs", DEED)
    assert accept(exchange, transfer)["state"] == "ACCEPTED"


@pytest.mark.parametrize(
    "transferee_id",
    ["org_00000000000000000000supply", "org_00000000000000000000000buy", "org_" + "9" * 26],
)
def test_it_goes_to_another_verified_supplier_only(exchange, transferee_id):
    former = registered(exchange)
    problem = propose(exchange, former, transferee_id=transferee_id, expect=422)
    assert problem["errors"][0]["pointer"] == "#/transferee_id"


def test_only_the_holder_offers_it_and_only_what_is_final(exchange):
    former = registered(exchange)
    assert slug(propose(exchange, former, who="partner", expect=404)) == "registry-entry-not-found"
    exchange.post("supplier", f"/v1/registry/{former}/cancellation", {"reason": "enough"})
    problem = propose(exchange, former, expect=409)
    assert (slug(problem), problem["state"]) == ("registration-not-in-force", "CANCELLED")


def collected(exchange, count, *, purpose="LOGISTICS"):
    """Consents that people gave for the supplier's product."""
    (product,) = exchange.get("supplier", "/v1/products")["items"]
    path = f"/v1/products/{product['id']}"
    key = bytes.fromhex(exchange.post("supplier", f"{path}/consent-register", {})["pseudonym_key"])
    ends = iso_instant(exchange.now + timedelta(days=30))
    answers = [
        {
            "recipient_id": RECIPIENT_ID,
            "subject": pseudonym_of(key, f"person {person}"),
            "purpose": purpose,
            "answer": "grant",
            "expires_at": ends,
            "evidence_hash": f"{person:064x}",
        }
        for person in range(count)
    ]
    made = exchange.client.post(
        f"{path}/consents",
        data="\n".join(map(json.dumps, answers)),
        content_type="application/x-ndjson",
        headers={"Authorization": "supplier", "Idempotency-Key": "consents"},
    )
    assert made.status_code == 201, made.text
    return [each["consent"]["id"] for each in made.get_json()["items"]], ends


def noticed(exchange, notice_type):
    with units(exchange).begin(Reach.EXCHANGE) as uow:
        wanted = select(Notice).where(Notice.notice_type == notice_type)
        return {each.organisation_id: each.data for each in uow.session.scalars(wanted)}


def test_both_sides_see_which_consents_stay_behind_and_the_log_has_it(exchange, clock):
    exchange.now = clock.now()
    former = registered(exchange)
    (withdrawn, *_), ends = collected(exchange, 3)
    transfer = propose(exchange, former)
    seen = exchange.get("partner", f"/v1/registration-transfers/{transfer['id']}")["consents_left"]
    assert seen["by_purpose"] == [
        {"purpose": "LOGISTICS", "standing_count": 3, "last_expires_at": ends}
    ]
    assert RECIPIENT_ID not in json.dumps(seen), "whom they name is the former holder's to know"
    exchange.post(
        "supplier", f"/v1/consents/{withdrawn}/withdrawal", {"reason_code": "SUBJECT_REQUEST"}
    )
    submit_successor(exchange, accept(exchange, transfer))
    exchange.register(exchange.case())
    for who in ("supplier", "partner"):
        told = exchange.get(who, f"/v1/registration-transfers/{transfer['id']}")
        assert told["consents_left"]["standing_count"] == 2
    (leaf,) = map(json.loads, logged(exchange, "consents_left_behind"))
    assert (leaf["transfer"], leaf["standing_count"]) == (transfer["id"], 2)
    assert leaf["purposes"] == ["LOGISTICS"]
    assert noticed(exchange, "consents.left_behind").keys() == {SUPPLIER_ID, PARTNER_ID}
    # They stand as they stood: the former holder's licences run to their end.
    (product, *_) = exchange.get("supplier", "/v1/products")["items"]
    left = exchange.get("supplier", f"/v1/products/{product['id']}/consents?state=GRANTED")
    assert len(left["items"]) == 2


def test_a_transfer_without_consents_says_so_and_logs_nothing(exchange):
    transfer = propose(exchange, registered(exchange))
    seen = exchange.get("partner", f"/v1/registration-transfers/{transfer['id']}")
    assert seen["consents_left"]["standing_count"] == 0
    submit_successor(exchange, accept(exchange, transfer))
    exchange.register(exchange.case())
    assert logged(exchange, "consents_left_behind") == []


def test_the_exchange_is_told_whose_approvals_a_transferred_registration_rests_on(exchange):
    with units(exchange).begin(Reach.EXCHANGE) as uow:
        opened = accounts.bootstrap_exchange(
            uow,
            Argon2Passwords(),
            name="Exchange",
            uscc="91000000MA00000030",
            email="operator@x.example",
            password="correct horse battery",
        )
        uow.commit()
    former = registered(exchange)
    submit_successor(exchange, accept(exchange, propose(exchange, former)))
    exchange.register(exchange.case())
    told = noticed(exchange, "registration.transferred")
    assert told.keys() == {SUPPLIER_ID, PARTNER_ID, opened.id}
    assert told[opened.id]["reviewer_ids"] == ["psn_first", "psn_second"]
    assert "reviewer_ids" not in told[PARTNER_ID], "suppliers do not learn whom to approach"
