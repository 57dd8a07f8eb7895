"""A composite product over HTTP: contributors asked, agreed, shown and paid their share."""

import pytest

from app.core.ids import IdSource
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.reactions import sharing
from listings import services
from listings.events import OrderPlaced
from tests.factories.listings import SCENARIO_ID, SUPPLIER_ID, Market, draft_version
from tests.unit.listings.listings_app import PARTNER, Caller, listings_app

PARTNER_ID = PARTNER.organisation_id
SHARE = {"organisation_id": PARTNER_ID, "share_bp": 2_500, "basis": "Battery telemetry."}


@pytest.fixture
def market(units, clock):
    made = Market(units, clock)
    made.verify(PARTNER_ID, "Partner Ltd", is_supplier=True)
    return made


@pytest.fixture
def call(engine, clock, market):
    reactions = {OrderPlaced: (sharing.note_shares,)}
    return Caller(listings_app(UnitOfWorkFactory(engine, clock, IdSource(clock), reactions), clock))


@pytest.fixture
def version(call):
    product = call("supplier", "POST", "/v1/products", {"name": "储能数据"}, expect=201)
    versions = f"/v1/products/{product['id']}/versions"
    call("supplier", "POST", versions, {**draft_version(), "contributors": [SHARE]}, expect=201)
    return f"{versions}/1"


def slug(problem):
    return problem["type"].partition("#")[2]


def agree(call):
    (asked,) = call("partner", "GET", "/v1/contributions?state=ASKED&side=contributor")["items"]
    path = f"/v1/contributions/{asked['id']}/agreement"
    return call("partner", "POST", path, {"terms_hash": asked["terms_hash"]}, expect=201)


def test_from_a_draft_to_a_share_of_an_agreement(call, version, market, units):
    problem = call("supplier", "POST", f"{version}/submission", expect=422)
    assert slug(problem) == "version-incomplete"
    assert [error["pointer"] for error in problem["errors"]] == ["#/contributors/0"]
    agreed = agree(call)
    assert (agreed["state"], agreed["terms"]["contributors"]) == ("AGREED", [SHARE])
    assert [plan["kind"] for plan in agreed["terms"]["plans"]] == ["per_call", "package"]
    submitted = call("supplier", "POST", f"{version}/submission", expect=201)
    with units.begin(Reach.EXCHANGE) as uow:
        services.publish_listing(
            uow, version_id=submitted["id"], dossier_hash=submitted["dossier_hash"]
        )
        uow.commit()
    code = submitted["listing_code"]
    page = call(None, "GET", f"/v1/listings/{code}")
    assert page["contributors"] == [
        {"id": PARTNER_ID, "name": "Partner Ltd", "basis": "Battery telemetry."}
    ]
    assert "share_bp" not in str(page)
    market.scenario(code, SCENARIO_ID)
    command = {
        "listing_code": code,
        "plan_id": page["plans"][0]["id"],
        "scenario_id": SCENARIO_ID,
        "accept_terms": True,
    }
    order = call("buyer", "POST", "/v1/orders", command, expect=201)
    (share,) = call("partner", "GET", f"/v1/agreement-shares?listing_code={code}")["items"]
    assert share == {
        "agreement_id": order["agreement_id"],
        "agreement_hash": order["agreement_hash"],
        "supplier_id": SUPPLIER_ID,
        "listing_code": code,
        "version_id": order["version_id"],
        "split_bp": 2100,
        "agreed_at": order["placed_at"],
    }
    # The agreement itself, with the buyer's name in it, is not the contributor's.
    call("partner", "GET", f"/v1/agreements/{order['agreement_id']}", expect=404)
    for who in ("stranger", "buyer", "supplier"):
        assert call(who, "GET", "/v1/agreement-shares")["items"] == []


def test_a_contributor_declines_and_the_supplier_asks_anew(call, version):
    (asked,) = call("partner", "GET", "/v1/contributions")["items"]
    path = f"/v1/contributions/{asked['id']}"
    body = {"terms_hash": asked["terms_hash"], "reason": "Too little."}
    declined = call("partner", "POST", f"{path}/refusal", body, expect=201)
    assert declined["decline_reason"] == "Too little."
    body = {"terms_hash": asked["terms_hash"]}
    problem = call("partner", "POST", f"{path}/agreement", body, expect=409)
    assert slug(problem) == "contribution-decided"
    call("supplier", "PATCH", version, {"contributors": [{**SHARE, "share_bp": 4_000}]})
    problem = call("partner", "POST", f"{path}/agreement", body, expect=409)
    assert slug(problem) == "contribution-changed"
    assert problem["terms_hash"] == call("supplier", "GET", path)["terms_hash"]
    assert agree(call)["id"] == asked["id"]


def test_only_the_two_sides_see_a_contribution_and_only_one_decides(call, version):
    (asked,) = call("supplier", "GET", "/v1/contributions?side=supplier")["items"]
    path = f"/v1/contributions/{asked['id']}"
    body = {"terms_hash": asked["terms_hash"]}
    for who in ("stranger", "buyer"):
        assert slug(call(who, "GET", path, expect=404)) == "contribution-not-found"
        assert call(who, "GET", "/v1/contributions")["items"] == []
    call("supplier", "POST", f"{path}/agreement", body, expect=404)
    call("stranger", "POST", f"{path}/agreement", body, expect=403)
    call("buyer", "POST", f"{path}/agreement", body, expect=403)
    call(None, "GET", path, expect=401)


def test_shares_that_cannot_be_are_refused(call, version, subtests):
    for contributors in (
        None,
        [{}],
        [{**SHARE, "share_bp": 0}],
        [{**SHARE, "share_bp": 10_000}],
        [{**SHARE, "share_bp": 25.0}],
        [{**SHARE, "share_bp": "2500"}],
        [{**SHARE, "organisation_id": "org_x"}],
        [{**SHARE, "organisation_id": SUPPLIER_ID}],
        [{**SHARE, "organisation_id": "org_" + "8" * 26}],
        [{**SHARE, "basis": ""}],
        [{**SHARE, "basis": "x" * 301}],
        [{**SHARE, "agreed": True}],
        [SHARE, SHARE],
        [SHARE] * 21,
    ):
        with subtests.test(contributors=contributors):
            problem = call("supplier", "PATCH", version, {"contributors": contributors}, expect=422)
            assert problem["errors"][0]["pointer"].startswith("#/contributors")


@pytest.mark.parametrize(
    "body", [{}, {"terms_hash": "x"}, {"terms_hash": None}, {"terms_hash": "0" * 64, "share_bp": 1}]
)
def test_an_agreement_names_exactly_what_was_read(call, version, body):
    (asked,) = call("partner", "GET", "/v1/contributions")["items"]
    call("partner", "POST", f"/v1/contributions/{asked['id']}/agreement", body, expect=422)
