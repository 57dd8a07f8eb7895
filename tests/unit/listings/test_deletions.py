"""What nobody else relied on can be deleted; everything else stays, and says why."""

import pytest
from sqlalchemy import func, select

from listings import services
from listings.errors import KeptOnRecord, ProductNotFound, VersionChanged, VersionNotFound
from listings.events import DraftDeleted, ProductDeleted
from listings.models import (
    Contribution,
    DataProduct,
    Offer,
    Plan,
    ProductVersion,
    UpstreamCredential,
)
from tests.factories.listings import BUYER, SUPPLIER, SUPPLIER_ID
from tests.unit.listings.test_contributions import FIRST_ID, SHARES

CHILDREN = (ProductVersion, Offer, Plan, UpstreamCredential, Contribution)


def delete_draft(market, version, principal=SUPPLIER, **asked):
    with market.acting(principal) as uow:
        services.delete_draft(
            uow,
            principal,
            product_id=version.product_id,
            version_number=version.version_number,
            **asked,
        )


def delete_product(market, product_id, principal=SUPPLIER):
    with market.acting(principal) as uow:
        services.delete_product(uow, principal, product_id=product_id)


def left(market):
    with market.as_exchange() as uow:
        counts = {
            kind.__tablename__: uow.session.scalar(select(func.count()).select_from(kind))
            for kind in (DataProduct, *CHILDREN)
        }
    return {name: count for name, count in counts.items() if count}


def reason(refused):
    return refused.value.facts["reason"]


def test_a_draft_goes_with_its_offers_credential_and_questions_and_its_number_is_free(market):
    market.verify(FIRST_ID, "First Ltd", is_supplier=True)
    product = market.product()
    version = market.draft(product, contributors=SHARES[:1])
    assert left(market).keys() == {"data_products", *(each.__tablename__ for each in CHILDREN)}
    delete_draft(market, version)
    assert left(market) == {"data_products": 1}
    (told,) = market.events(DraftDeleted)
    assert (told.version_id, told.product_id, told.supplier_id) == (
        version.id,
        product.id,
        SUPPLIER_ID,
    )
    assert market.draft(product).version_number == 1
    assert market.events(ProductDeleted) == []


def test_a_product_goes_with_its_draft_and_no_other_with_it(market):
    kept, product = market.product(), market.product()
    market.draft(product)
    delete_product(market, product.id)
    assert left(market) == {"data_products": 1}
    assert [each.product_id for each in market.events(ProductDeleted)] == [product.id]
    with pytest.raises(ProductNotFound):
        delete_product(market, product.id)
    delete_product(market, kept.id)
    assert left(market) == {}


def test_what_was_handed_in_once_stays_even_when_it_came_back(market):
    product = market.product()
    version = market.draft(product)
    market.submit(version)
    for returned in (False, True):
        if returned:
            with market.as_exchange() as uow:
                services.return_version(uow, version_id=version.id)
        before = left(market)
        with pytest.raises(KeptOnRecord) as refused:
            delete_draft(market, version)
        assert reason(refused) == "HANDED_IN"
        with pytest.raises(KeptOnRecord) as refused:
            delete_product(market, product.id)
        assert reason(refused) == "HANDED_IN"
        assert left(market) == before


def test_the_draft_of_a_listed_product_s_next_version_goes_and_the_listed_one_stays(market):
    product = market.product()
    market.listed(product)
    following = market.draft(product)
    delete_draft(market, following)
    with market.as_exchange() as uow:
        states = uow.session.scalars(select(ProductVersion.state)).all()
    assert states == ["LISTED"]
    with pytest.raises(KeptOnRecord):
        delete_product(market, product.id)


def test_nobody_deletes_another_s_product_or_draft(market):
    version = market.draft(market.product())
    stranger = SUPPLIER.__class__("psn_x", BUYER.organisation_id, SUPPLIER.roles)
    before = left(market)
    with pytest.raises(ProductNotFound):
        delete_draft(market, version, stranger)
    with pytest.raises(ProductNotFound):
        delete_product(market, version.product_id, stranger)
    with market.acting() as uow, pytest.raises(VersionNotFound):
        services.delete_draft(uow, SUPPLIER, product_id=version.product_id, version_number=2)
    assert left(market) == before


def test_what_a_colleague_saved_meanwhile_is_not_deleted_unseen(market):
    version = market.draft(market.product())
    with pytest.raises(VersionChanged):
        delete_draft(market, version, tags=frozenset({"another"}))
    delete_draft(market, version, tags=frozenset({version.tag}))
    assert left(market) == {"data_products": 1}
