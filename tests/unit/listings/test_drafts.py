"""A version while its supplier still writes it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.reach import Reach
from listings import services
from listings.errors import (
    DraftOpen,
    ProductNotFound,
    VersionImmutable,
    VersionInvalid,
    VersionNotFound,
)
from listings.events import ProductRegistered
from listings.models import DataProduct, Offer, Plan, ProductVersion, UpstreamCredential
from listings.queries import products
from listings.schemas.content import AmendVersionSchema
from tests.factories.crossing import second_runs_into_first
from tests.factories.listings import (
    BUYER,
    BUYER_ID,
    SUPPLIER,
    SUPPLIER_ID,
    draft_version,
    load_draft,
    version_content,
)


def _amend(market, version, principal=SUPPLIER, **changes):
    with market.acting(principal) as uow:
        return services.amend_draft(
            uow,
            principal,
            market.cipher,
            product_id=version.product_id,
            version_number=version.version_number,
            form=AmendVersionSchema().load(changes),
        )


def _replace(market, version, form):
    with market.acting() as uow:
        return services.replace_draft(
            uow,
            SUPPLIER,
            market.cipher,
            product_id=version.product_id,
            version_number=version.version_number,
            form=load_draft(form),
        )


def _secret(market, version):
    with market.as_exchange() as uow:
        kept = uow.session.get(UpstreamCredential, version.id)
        return kept and market.cipher.decrypt(kept.ciphertext, context=kept.context)


def test_a_product_is_registered_without_being_public(market):
    product = market.product()
    assert product.listing_code is None
    assert [event.product_id for event in market.events(ProductRegistered)] == [product.id]


def test_a_draft_keeps_what_its_supplier_wrote(market):
    version = market.draft(market.product())
    with market.acting() as uow:
        stored = products.get_version(uow.session, version.product_id, 1, supplier_id=SUPPLIER_ID)
        offers = [
            (offer.name, [plan.terms["kind"] for plan in offer.plans]) for offer in stored.offers
        ]
    assert stored.content == version_content()
    assert offers == [("Standard", ["per_call", "package"])]
    assert (stored.state, stored.version_number, stored.dossier_hash) == ("DRAFT", 1, None)


def test_the_upstream_secret_is_stored_encrypted_and_nowhere_else(market):
    version = market.draft(market.product())
    assert _secret(market, version) == b"s3cret-of-the-upstream"
    with market.as_exchange() as uow:
        kept = uow.session.get(UpstreamCredential, version.id)
        assert b"s3cret" not in kept.ciphertext
    assert "s3cret" not in str(version.content)


def test_a_secret_cannot_be_read_in_the_place_of_another_version(market):
    version = market.draft(market.product())
    with market.as_exchange() as uow:
        kept = uow.session.get(UpstreamCredential, version.id)
    assert kept.context == f"upstream:{version.id}"


def test_a_product_has_one_open_version_at_a_time(market):
    product = market.product()
    market.draft(product)
    with pytest.raises(DraftOpen):
        market.draft(product)


def test_parts_of_a_draft_are_replaced_and_the_rest_stays(market):
    version = _amend(market, market.draft(market.product()), summary="另一个摘要。")
    assert version.content == {**version_content(), "summary": "另一个摘要。"}
    assert len(version.offers) == 1


def test_replacing_a_draft_leaves_nothing_of_the_old_one(market):
    version = _replace(market, market.draft(market.product()), {"name": "新名"})
    assert version.content == {"name": "新名"}
    assert version.offers == []
    assert _secret(market, version) is None


def test_new_offers_replace_the_old_ones(market):
    plan = {"kind": "per_call", "unit": "hit", "unit_price": "1"}
    version = _amend(
        market, market.draft(market.product()), offers=[{"name": "B", "plans": [plan]}]
    )
    with market.acting() as uow:
        stored = products.get_version(uow.session, version.product_id, 1, supplier_id=SUPPLIER_ID)
        assert [plan.terms["unit"] for plan in stored.plans] == ["hit"]


def test_a_contradicting_draft_is_refused_with_all_its_faults(market):
    product = market.product()
    with pytest.raises(VersionInvalid) as refusal:
        market.draft(
            product,
            allowed_purposes=["RISK"],
            forbidden_purposes=["RISK"],
            offers=[{"name": "A", "plans": [{"kind": "package", "unit": "call"}]}],
        )
    pointers = [error["pointer"] for error in refusal.value.facts["errors"]]
    assert pointers == [
        "#/forbidden_purposes",
        "#/offers/0/plans/0/package_units",
        "#/offers/0/plans/0/package_price",
        "#/offers/0/plans/0/valid_days",
    ]


def test_a_stored_secret_serves_on_while_address_and_header_stay(market):
    version = market.draft(market.product())
    same = {**version_content()["upstream"], "timeout_ms": 900}
    _amend(market, version, upstream=same)
    assert _secret(market, version) == b"s3cret-of-the-upstream"


@pytest.mark.parametrize(
    "change", [{"url": "https://elsewhere.example.org/"}, {"credential_header": "X-B"}]
)
def test_a_stored_secret_does_not_follow_an_edit_to_another_host(market, change):
    version = market.draft(market.product())
    with pytest.raises(VersionInvalid):
        _amend(market, version, upstream={**version_content()["upstream"], **change})


def test_a_new_secret_replaces_the_old_one(market):
    version = market.draft(market.product())
    upstream = {**version_content()["upstream"], "credential": "second"}
    _amend(market, version, upstream=upstream)
    assert _secret(market, version) == b"second"


def test_without_its_header_the_secret_is_forgotten(market):
    version = market.draft(market.product())
    _amend(market, version, upstream={"url": "https://upstream.example.org/"})
    assert _secret(market, version) is None


def test_a_secret_without_a_header_is_refused(market):
    upstream = {"url": "https://upstream.example.org/", "credential": "x"}
    with pytest.raises(VersionInvalid):
        market.draft(market.product(), upstream=upstream)


def test_a_submitted_version_is_not_edited(market):
    version = market.submit(market.draft(market.product()))
    with pytest.raises(VersionImmutable):
        _amend(market, version, summary="x")


def test_nobody_edits_another_supplier_s_draft(market):
    version = market.draft(market.product())
    with pytest.raises(VersionNotFound):
        _amend(market, version, BUYER, summary="x")
    with pytest.raises(ProductNotFound):
        market.draft(market.product(), principal=BUYER)


@pytest.mark.parametrize("table", [DataProduct, ProductVersion, Offer, Plan, UpstreamCredential])
def test_row_level_security_hides_drafts_even_without_the_filter(market, table):
    market.draft(market.product())
    with market.units.begin(Reach.organisation(SUPPLIER_ID)) as uow:
        assert uow.session.scalars(select(table)).first() is not None
    for reach in (Reach.organisation(BUYER_ID), Reach.PUBLIC):
        with market.units.begin(reach) as uow:
            assert uow.session.scalars(select(table)).all() == []


def test_a_page_of_products_shows_only_one_s_own(market):
    for name in "abc":
        market.product(name)
    with market.acting() as uow:
        page = products.list_products(uow.session, supplier_id=SUPPLIER_ID, cursor=None, limit=2)
        assert [product.name for product in page.items] == ["c", "b"]
        rest = products.list_products(
            uow.session, supplier_id=SUPPLIER_ID, cursor=page.next_cursor, limit=2
        )
        assert [product.name for product in rest.items] == ["a"]
        assert rest.next_cursor is None
    with market.acting(BUYER) as uow:
        page = products.list_products(uow.session, supplier_id=BUYER_ID, cursor=None, limit=2)
        assert page.items == []


def test_a_product_is_found_by_what_stands_in_its_name_capitals_aside(market):
    for name in ("Airports of China", "Harbours", "机场名录"):
        market.product(name)

    def found(**wanted):
        with market.acting() as uow:
            page = products.list_products(
                uow.session, supplier_id=SUPPLIER_ID, cursor=None, limit=9, **wanted
            )
            return [product.name for product in page.items]

    assert found(q=" airports ") == ["Airports of China"]
    assert found(q="机场") == ["机场名录"]
    assert found(q="%") == found(q="_") == []
    assert len(found(q=" ")) == 3
    assert found(listing_code="AIR-1") == []
    newest = market.units.clock.now() + timedelta(seconds=1)
    assert (found(from_at=newest), len(found(until_at=newest))) == ([], 3)


def test_the_factory_s_form_loads_to_the_factory_s_content():
    form = load_draft(draft_version())
    del form["offers"], form["upstream"]["credential"]
    assert form == version_content()


def test_a_version_that_is_reopened_while_the_next_is_begun_is_told_of_it(market):
    product = market.product()
    rejected = market.submit(market.draft(product))
    with market.as_exchange() as uow:
        services.reject_version(uow, version_id=rejected.id)

    def begin(uow):
        form = load_draft(draft_version())
        services.draft_version(uow, SUPPLIER, market.cipher, product_id=product.id, form=form)

    def reopen(uow):
        services.reopen_version(uow, version_id=rejected.id)

    with pytest.raises(DraftOpen):
        second_runs_into_first(market.units, begin, reopen)
