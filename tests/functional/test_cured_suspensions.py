"""Suspended for what had lapsed, a listing comes back with a new version, and with nothing less."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.core.principals import Role
from app.core.unit_of_work import UnitOfWorkFactory
from compliance import services
from compliance.models.licences import ListingStanding
from ledger.log.models import LogEntry
from listings import services as listings
from metering.models import DeliveryRoute
from tests.factories.compliance import (
    CLEAR,
    NOT_CONTENT,
    PEOPLE,
    document,
    dossier,
    everybody_over_http,
    per_call,
    staff,
    verify_parties,
)

LAPSED = datetime(2027, 6, 30, 16, tzinfo=UTC)
LATER = datetime(2027, 7, 20, tzinfo=UTC)
LINK = {
    "grantor": "Airport authority",
    "grantee": "Example Ltd",
    "object": "Names and places of airports",
    "rights": ["OPERATE"],
    "purposes": ["OPERATIONS", "RESEARCH"],
    "regions": ["CN"],
    "from": "2026-01-01",
    "to": "2028-03-31",
    "may_sublicense": True,
    "may_derive": True,
    "revocable": True,
    "evidence": "system_description",
    "is_original": True,
}
ANOTHER_LINK = LINK | {"grantor": "Another airport authority"}
THE_LINK_ENDED = {"link": 0, "reason": "The authority took it back."}
AS_OFFERED = {"description": "Airports.", "offers": [{"name": "Calls", "plans": [per_call()]}]}


@pytest.fixture
def units(app):
    return app.extensions["counterfoil"].get(UnitOfWorkFactory)


@pytest.fixture
def exchange(app):
    return everybody_over_http(app)


@pytest.fixture
def lapse(in_unit, clock):
    """The evidence's last day is over, and the worker has looked."""

    def run():
        clock.set(LAPSED)
        return in_unit(lambda uow: services.suspend_expired(uow, 10))

    return run


def evidence(valid_to="2028-06-30"):
    kinds = ("SYSTEM_DESCRIPTION", "GENERATION_PROCESS")
    return [*map(document, kinds), document("INVESTMENT_RECORD", valid_to=valid_to)]


def hand_in(exchange, **changes):
    """The product's second version, through both reviewers, before the listing officer."""
    members = {"evidence": evidence(), **changes}
    content = {k: v for k, v in dossier(**members).items() if k not in NOT_CONTENT} | AS_OFFERED
    (product,) = exchange.get("supplier", "/v1/products")["items"]
    path = f"/v1/products/{product['id']}/versions"
    exchange.post("supplier", path, content)
    exchange.post("supplier", f"{path}/2/submission")
    (case,) = exchange.get("first", "/v1/review-cases?stage=INTAKE")["items"]
    exchange.register(f"/v1/review-cases/{case['id']}")


def refused_by_the_officer(exchange, slug, expect=409, who="officer"):
    """The officer's approval, refused with this problem."""
    (waiting,) = exchange.get("officer", "/v1/listing-applications")["items"]
    body = {"answers": CLEAR, "decision": "approve", "reason": "Listed as registered."}
    path = f"/v1/listing-applications/{waiting['id']}/decision"
    return exchange.refused(who, path, body, slug=slug, expect=expect)


def suspension(exchange, code):
    (found,) = exchange.get("first", f"/v1/suspensions?listing_code={code}")["items"]
    return found


def routes(uow):
    return set(uow.session.scalars(select(DeliveryRoute.state)))


def entries(uow, *kinds):
    wanted = select(LogEntry).where(LogEntry.entry_type.in_(kinds)).order_by(LogEntry.arrival)
    return [each.entry_type for each in uow.session.scalars(wanted)]


def amiss(exchange):
    """What an auditor finds about how listings stood; parties here were verified without a log."""
    found = [
        finding["rule"]
        for number in (3, 4, 6, 14)
        for finding in exchange.get("auditor", f"/v1/audit-questions/{number}/answer")["findings"]
    ]
    return set(found) - {"supplier_was_verified_while_listed"}


def test_fresh_evidence_in_a_new_version_lifts_the_suspension_as_it_is_listed(
    exchange, in_unit, lapse, clock
):
    code = exchange.list_product()
    assert lapse() == 1
    assert (exchange.catalogue(), in_unit(routes)) == ([], {"suspended"})
    clock.set(LATER)
    hand_in(exchange)
    assert suspension(exchange, code)["outcome"] is None, "approved is not listed yet"
    application = exchange.decide_listing()
    assert exchange.catalogue() == [code]
    assert in_unit(routes) == {"open"}, "what was sold of the former version is served again, too"
    ended = suspension(exchange, code)
    assert (ended["outcome"], ended["ended_by"]) == ("CURED", application["id"])
    told = in_unit(lambda uow: entries(uow, "listed", "suspended", "resumed"))
    assert told == ["listed", "suspended", "resumed", "listed"]
    assert lapse() == 0, "nothing of it has lapsed any more"


def test_who_opened_it_again_stands_in_the_log_and_suspended_nothing(exchange, in_unit, lapse):
    exchange.list_product()
    lapse()
    hand_in(exchange)
    exchange.decide_listing()
    wanted = select(LogEntry.body).where(LogEntry.entry_type == "resumed")
    leaf = json.loads(in_unit(lambda uow: uow.session.scalars(wanted).one()))
    assert leaf["resumed_by"] == PEOPLE["officer"].id
    assert leaf["proposed_by"] in {PEOPLE["first"].id, PEOPLE["second"].id}


def test_an_auditor_finds_nothing_amiss_with_it(exchange, lapse, clock):
    exchange.list_product()
    lapse()
    clock.set(LATER)
    hand_in(exchange)
    exchange.decide_listing()
    assert amiss(exchange) == set()


def test_an_auditor_finds_nothing_amiss_with_what_was_suspended_left_and_was_listed_anew(
    exchange, in_unit, clock
):
    code = exchange.list_product()
    exchange.post("risk", f"/v1/listings/{code}/suspension", {"reason_code": "COMPLAINT"})
    exchange.post("first", f"/v1/listings/{code}/suspension/ratification")
    exchange.post("supplier", f"/v1/listings/{code}/delisting")
    clock.advance(seconds=31 * 86_400)
    in_unit(lambda uow: services.keep_deadlines(uow, 10))
    hand_in(exchange)
    exchange.decide_listing()
    assert exchange.catalogue() == [code]
    assert amiss(exchange) == set()


def test_a_right_that_ended_is_replaced_by_another_in_a_new_version(exchange, in_unit):
    code = exchange.list_product(authorisation_chain=[LINK])
    exchange.post("supplier", f"/v1/listings/{code}/chain-narrowings", THE_LINK_ENDED)
    assert suspension(exchange, code)["reason_code"] == "RIGHTS_ENDED"
    hand_in(exchange, authorisation_chain=[ANOTHER_LINK])
    exchange.decide_listing()
    assert exchange.catalogue() == [code]
    assert suspension(exchange, code)["outcome"] == "CURED"
    assert in_unit(lambda uow: services.suspend_expired(uow, 10)) == 0


def test_a_new_version_on_the_link_that_ended_cures_nothing(exchange):
    code = exchange.list_product(authorisation_chain=[LINK])
    exchange.post("supplier", f"/v1/listings/{code}/chain-narrowings", THE_LINK_ENDED)
    hand_in(exchange, authorisation_chain=[LINK])
    problem = refused_by_the_officer(exchange, "cause-not-closed")
    assert problem["causes"] == ["RIGHTS_ENDED"]
    assert suspension(exchange, code)["outcome"] is None


def test_whoever_said_that_the_right_ended_does_not_list_what_replaces_it(exchange, monkeypatch):
    monkeypatch.setitem(PEOPLE, "risk", staff("risk", Role.RISK_OFFICER, Role.LISTING_OFFICER))
    code = exchange.list_product(authorisation_chain=[LINK])
    exchange.post("risk", f"/v1/listings/{code}/chain-narrowings", THE_LINK_ENDED)
    hand_in(exchange, authorisation_chain=[ANOTHER_LINK])
    refused_by_the_officer(exchange, "second-person-needed", 403, who="risk")
    exchange.decide_listing()
    assert exchange.catalogue() == [code]


@pytest.mark.parametrize("reason_code", ["QUALITY", "REGULATOR_ORDER"])
def test_what_people_suspended_for_another_reason_stays_suspended(exchange, in_unit, reason_code):
    code = exchange.list_product()
    exchange.post("risk", f"/v1/listings/{code}/suspension", {"reason_code": reason_code})
    hand_in(exchange)
    refused_by_the_officer(exchange, "listing-not-open")
    assert (exchange.catalogue(), in_unit(routes)) == ([], {"suspended"})
    assert suspension(exchange, code)["outcome"] is None


@pytest.mark.parametrize(("scope", "widened"), [("NEW_ORDERS", 1), ("ALL_CALLS", 0)])
def test_what_lapsed_under_an_order_of_people_is_cured_once_they_lift_their_order(
    exchange, in_unit, lapse, scope, widened
):
    """The machine may widen it: its standing says what lapsed, its record why it was suspended."""
    code = exchange.list_product()
    body = {"reason_code": "REGULATOR_ORDER", "scope": scope}
    exchange.post("risk", f"/v1/listings/{code}/suspension", body)
    exchange.post("first", f"/v1/listings/{code}/suspension/ratification")
    assert lapse() == widened
    hand_in(exchange)
    refused_by_the_officer(exchange, "listing-not-open")
    assert suspension(exchange, code)["outcome"] is None
    for who in ("first", "second"):
        exchange.post(who, f"/v1/listings/{code}/resumption")
    assert (exchange.catalogue(), in_unit(routes)) == ([], {"suspended"})
    exchange.refused(
        "first", f"/v1/listings/{code}/resumption", slug="cause-not-closed", expect=409
    )
    exchange.decide_listing()
    assert (exchange.catalogue(), in_unit(routes)) == ([code], {"open"})
    found = exchange.get("first", f"/v1/suspensions?listing_code={code}")["items"]
    assert [(each["reason_code"], each["outcome"]) for each in found] == [
        ("EVIDENCE_EXPIRED", "CURED"),
        ("REGULATOR_ORDER", "RESUMED"),
    ]
    told = in_unit(lambda uow: entries(uow, "listed", "suspended", "resumed"))
    assert told == ["listed", "suspended", "resumed", "suspended", "resumed", "listed"]
    assert amiss(exchange) == set()


def test_a_supplier_whose_verification_lapsed_as_well_renews_that_first(exchange, in_unit, lapse):
    code = exchange.list_product()
    hand_in(exchange)
    lapse()
    in_unit(lambda uow: verify_parties(uow, valid_until=LAPSED))
    problem = refused_by_the_officer(exchange, "rules-block")
    assert suspension(exchange, code)["outcome"] is None, problem
    in_unit(verify_parties)
    exchange.decide_listing()
    assert exchange.catalogue() == [code]


def test_a_lapsed_verification_alone_is_not_what_a_version_cures(exchange, in_unit, clock):
    code = exchange.list_product()
    in_unit(lambda uow: verify_parties(uow, valid_until=clock.now()))
    in_unit(lambda uow: services.suspend_expired(uow, 10))
    for note in (services.note_party_verified, listings.note_party_verified):
        in_unit(lambda uow, note=note: verify_parties(uow, note=note))
    assert suspension(exchange, code)["reason_code"] == "VERIFICATION_LAPSED"
    hand_in(exchange)
    refused_by_the_officer(exchange, "listing-not-open")
    for who in ("first", "second"):
        exchange.post(who, f"/v1/listings/{code}/resumption")
    exchange.decide_listing()
    assert exchange.catalogue() == [code]


def test_a_new_version_brings_a_listing_back_that_was_delisted_while_its_evidence_had_lapsed(
    exchange, in_unit, lapse
):
    code = exchange.list_product()
    lapse()
    exchange.post("supplier", f"/v1/listings/{code}/delisting")
    hand_in(exchange)
    exchange.decide_listing()
    assert (exchange.catalogue(), in_unit(routes)) == ([code], {"open"})
    assert suspension(exchange, code)["outcome"] == "CURED"
    standing = in_unit(lambda uow: uow.session.get_one(ListingStanding, code))
    assert (standing.state, standing.delists_at) == ("LISTED", None)
