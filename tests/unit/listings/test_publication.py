"""From submission to the catalogue, and out of it again."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.canonical import digest_hex
from app.core.delivery import DeliveryUnavailable
from app.core.states import IllegalTransition
from listings import services
from listings.catalogue.filters import CatalogueQuery
from listings.catalogue.listing_codes import parse_listing_code
from listings.errors import (
    DossierChanged,
    ListingNotFound,
    ListingNotOpen,
    PartyNotVerified,
    VersionIncomplete,
    VersionInvalid,
    VersionNotFound,
)
from listings.events import ListingDelisted, ListingPublished, PlanPublished, VersionSubmitted
from listings.models import Listing, ProductVersion
from listings.queries.catalogue import search_catalogue
from tests.factories.listings import BUYER, SUPPLIER, SUPPLIER_ID, draft_version


def _do(market, verb, **facts):
    with market.as_exchange() as uow:
        return verb(uow, **facts)


def _state(market, version):
    with market.as_exchange() as uow:
        return uow.session.get(ProductVersion, version.id).state


def test_a_submission_fixes_the_dossier_by_its_hash(market):
    version = market.submit(market.draft(market.product()))
    (event,) = market.events(VersionSubmitted)
    assert event.dossier_hash == version.dossier_hash == digest_hex(event.dossier)
    assert event.listing_code == parse_listing_code(version.listing_code)
    assert event.dossier["listing_code"] == version.listing_code
    assert [plan["plan_hash"] for plan in event.dossier["plans"]] == [
        digest_hex(plan["terms"]) for plan in event.dossier["plans"]
    ]


def test_the_dossier_holds_the_upstream_without_its_secret(market):
    market.submit(market.draft(market.product()))
    (event,) = market.events(VersionSubmitted)
    assert event.dossier["upstream"]["url"] == "https://upstream.example.org/cities"
    assert "s3cret" not in str(event)


def test_the_code_opens_with_the_supplier_s_party_number_and_stays(market):
    product = market.product()
    first = market.submit(market.draft(product))
    _do(market, services.reject_version, version_id=first.id)
    second = market.submit(market.draft(product))
    assert first.listing_code == second.listing_code
    assert first.listing_code.startswith("1000000001-")
    assert second.version_number == 2


def test_an_unverified_supplier_submits_nothing(market):
    version = market.draft(market.product(principal=BUYER), BUYER)
    with pytest.raises(PartyNotVerified):
        market.submit(version, BUYER)


def test_a_lapsed_verification_counts_for_nothing(market, clock):
    version = market.draft(market.product())
    clock.advance(seconds=timedelta(days=366).total_seconds())
    with pytest.raises(PartyNotVerified):
        market.submit(version)


def test_an_incomplete_draft_is_not_handed_in(market):
    version = market.draft(market.product(), source_types=["OTHER"], offers=[])
    with pytest.raises(VersionIncomplete) as refusal:
        market.submit(version)
    assert refusal.value.facts["errors"][0]["pointer"] == "#/offers"
    assert _state(market, version) == "DRAFT"


def test_a_version_is_submitted_once(market):
    version = market.submit(market.draft(market.product()))
    with pytest.raises(IllegalTransition):
        market.submit(version)


def test_a_returned_version_is_edited_and_submitted_again(market):
    product = market.product()
    version = market.submit(market.draft(product))
    first_hash = version.dossier_hash
    _do(market, services.return_version, version_id=version.id)
    with market.acting() as uow:
        version = services.amend_draft(
            uow,
            SUPPLIER,
            market.cipher,
            product_id=product.id,
            version_number=1,
            form={"summary": "改正的摘要。"},
        )
    assert (version.state, version.dossier_hash) == ("DRAFT", None)
    assert market.submit(version).dossier_hash != first_hash


def test_a_rejected_version_is_at_its_end(market):
    version = market.submit(market.draft(market.product()))
    _do(market, services.reject_version, version_id=version.id)
    with pytest.raises(IllegalTransition):
        market.publish(version)


def test_an_approved_version_appears_with_everything_others_need(market):
    listing = market.listed()
    (event,) = market.events(ListingPublished)
    assert event.listing_code == listing.listing_code
    assert event.delivery["method"] == "GET"
    assert event.delivery["outcome_rule"] == {"hit": {"field": "/code", "equals": "01"}}
    assert event.delivery["credential_context"] == f"upstream:{listing.version_id}"
    assert event.delivery["credential_ciphertext"]
    assert [field["required"] for field in event.fields_out] == [True, True, False]
    assert [field["name"] for field in event.fields_in] == ["code"]
    kinds = [event.terms["kind"] for event in market.events(PlanPublished)]
    assert kinds == ["per_call", "package"]


PACKAGE = {
    "delivery_mode": "FILE_DOWNLOAD",
    "fields_in": [],
    "outcome_rule": {},
    "upstream": {"url": "https://files.example.org/cities"},
    "files": [{"name": "east.csv", "size_bytes": 22, "sha256": "ab" * 32, "part": "east"}],
}


def test_a_package_is_listed_with_its_files_and_asked_for_by_part_and_name(market):
    listing = market.listed(**PACKAGE)
    (event,) = market.events(ListingPublished)
    assert event.delivery["files"] == PACKAGE["files"]
    assert [field["name"] for field in event.fields_in] == ["part", "name"]
    assert listing.version.dossier()["files"] == PACKAGE["files"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"files": None}, "#/files"),
        ({"upstream": {"url": "https://files.example.org/?a=b"}}, "#/upstream/url"),
        (
            {"upstream": {"url": "https://files.example.org/", "method": "POST"}},
            "#/upstream/method",
        ),
        ({"fields_in": draft_version()["fields_in"]}, "#/fields_in"),
        (
            {"outcome_rule": {"units": {"measure": "bytes", "per": 1_000}, "units_max": 9}},
            "#/outcome_rule/units",
        ),
    ],
)
def test_a_package_that_cannot_be_delivered_is_registered_alone(market, changes, pointer):
    content = {**PACKAGE, **changes}
    if content["files"] is None:
        del content["files"]
    draft = market.draft(market.product(), **content)
    with pytest.raises(VersionInvalid) as refused:
        market.submit(draft)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
    market.submit(draft, is_for_listing=False)


def test_what_the_exchange_does_not_deliver_is_registered_and_never_published(market):
    draft = market.draft(market.product(), delivery_mode="FEDERATED")
    with pytest.raises(VersionInvalid) as refused:
        market.submit(draft)
    assert [fault.pointer for fault in refused.value.faults] == ["#/delivery_mode"]
    version = market.submit(draft, is_for_listing=False)
    market.finish(market.register(version))
    with pytest.raises(DeliveryUnavailable):
        market.publish(version)


def test_a_version_is_not_published_under_another_hash(market):
    version = market.submit(market.draft(market.product()))
    with pytest.raises(DossierChanged):
        _do(market, services.publish_listing, version_id=version.id, dossier_hash="0" * 64)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE product_versions SET content = jsonb_set(content, '{grade}', '\"GENERAL_2\"')",
        "UPDATE product_versions SET content = jsonb_set(content, '{upstream,url}', '\"http://x/\"')",
        "UPDATE product_versions SET listing_code = '1000000001-0000000000'",
        (
            "UPDATE plans SET terms = jsonb_set(terms, '{unit_price}', '\"0.00000001\"')"
            " WHERE terms ->> 'kind' = 'per_call'"
        ),
        "DELETE FROM plans WHERE terms ->> 'kind' = 'package'",
        "UPDATE offers SET name = 'x'",
    ],
)
def test_a_changed_byte_after_submission_stops_the_publication(market, tampering):
    version = market.submit(market.draft(market.product()))
    with market.as_exchange() as uow:
        assert uow.session.execute(text(tampering)).rowcount == 1
    with pytest.raises(DossierChanged):
        market.publish(version)


def test_a_version_that_was_never_handed_in_is_not_published(market):
    version = market.draft(market.product())
    with pytest.raises(DossierChanged):
        _do(market, services.publish_listing, version_id=version.id, dossier_hash="0" * 64)
    with pytest.raises(VersionNotFound):
        _do(market, services.publish_listing, version_id="ver_none", dossier_hash="0" * 64)


def test_a_supplier_whose_verification_lapsed_is_not_listed(market, clock):
    version = market.submit(market.draft(market.product()))
    clock.advance(seconds=timedelta(days=366).total_seconds())
    with pytest.raises(PartyNotVerified):
        market.publish(version)


def test_a_new_version_replaces_the_old_one_under_the_same_code(market, clock):
    product = market.product()
    first = market.listed(product)
    clock.advance(seconds=60)
    second = market.listed(product, summary="新的摘要。")
    assert second.listing_code == first.listing_code
    assert second.version_id != first.version_id
    assert (second.summary, second.first_listed_at) == ("新的摘要。", first.first_listed_at)
    assert second.published_at > first.published_at
    with market.as_exchange() as uow:
        assert uow.session.get(ProductVersion, first.version_id).state == "SUPERSEDED"


def test_a_new_version_does_not_undo_a_suspension(market):
    product = market.product()
    listing = market.listed(product)
    version = market.submit(market.draft(product))
    _do(market, services.suspend_listing, listing_code=listing.listing_code)
    with pytest.raises(ListingNotOpen):
        market.publish(version)


def test_a_suspended_listing_is_resumed_and_ends_by_revocation(market):
    code = market.listed().listing_code
    assert _do(market, services.suspend_listing, listing_code=code).state == "SUSPENDED"
    assert _do(market, services.resume_listing, listing_code=code).state == "LISTED"
    listing = _do(market, services.revoke_listing, listing_code=code)
    assert (listing.state, listing.version.state) == ("REVOKED", "REVOKED")
    with pytest.raises(IllegalTransition):
        _do(market, services.resume_listing, listing_code=code)


def test_only_a_new_reviewed_version_leads_back_from_an_end(market):
    product = market.product()
    code = market.listed(product).listing_code
    _do(market, services.revoke_listing, listing_code=code)
    assert market.listed(product).state == "LISTED"


def test_an_unknown_listing_is_not_suspended(market):
    with pytest.raises(ListingNotFound):
        _do(market, services.suspend_listing, listing_code="1000000001-0000000000")


def test_a_supplier_delists_its_own(market):
    code = market.listed().listing_code
    with market.acting() as uow:
        assert services.delist_listing(uow, SUPPLIER, listing_code=code).state == "LISTED"
    assert [event.listing_code for event in market.events(ListingDelisted)] == [code]
    assert _do(market, services.take_off_sale, listing_code=code).state == "DELISTED"


def test_what_is_off_sale_is_not_taken_off_again(market):
    code = market.listed().listing_code
    _do(market, services.take_off_sale, listing_code=code)
    with market.acting() as uow, pytest.raises(IllegalTransition):
        services.delist_listing(uow, SUPPLIER, listing_code=code)


def test_nobody_delists_another_supplier_s_listing(market):
    code = market.listed().listing_code
    with market.acting(BUYER) as uow, pytest.raises(ListingNotFound):
        services.delist_listing(uow, BUYER, listing_code=code)
    with market.as_exchange() as uow, pytest.raises(ListingNotFound):
        services.delist_listing(uow, BUYER, listing_code=code)


def test_a_new_verification_keeps_the_party_number_and_renames_the_listings(market):
    code = market.listed().listing_code
    party = market.verify(SUPPLIER_ID, "Renamed Ltd", is_supplier=True)
    assert party.party_number == code[:10]
    with market.as_exchange() as uow:
        assert uow.session.get(Listing, code).supplier_name == "Renamed Ltd"


def test_a_listing_of_two_currencies_shows_the_lowest_price_of_one(market):
    plan = {"kind": "per_call", "unit": "call"}
    plans = [
        {**plan, "unit_price": price, "currency": currency}
        for price, currency in (("10.00", "CNY"), ("2.00", "USD"), ("9.00", "CNY"))
    ]
    listing = market.listed(offers=[{"name": "Standard", "plans": plans}])
    assert (listing.lowest_price_amount, listing.currency) == (900_000_000, "CNY")


def test_a_listing_as_long_as_the_form_permits_is_found_by_its_first_words(market):
    """Rare characters of four bytes, so that hardly a pair of them stands there twice."""
    chance = random.Random(1)  # noqa: S311 -- the same text in every run

    def words(length):
        return "".join(map(chr, chance.choices(range(0x20000, 0x2A6DF), k=length)))

    fields = [
        {"name": f"f{at}", "type": "string", "description": words(300), "nullable": True}
        for at in range(200)
    ]
    listing = market.listed(
        name="城市",
        description=words(4_000),
        fields_out=fields,
        sample=[{"f0": "a"}],
        scenario_templates=[],
    )
    with market.as_exchange() as uow:
        (found,) = search_catalogue(uow.session, CatalogueQuery("城市")).items
    assert found.listing_code == listing.listing_code
