"""The registry: what is registered, to whom, made from what, and what became of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.canonical import digest_hex
from app.core.states import IllegalTransition
from listings import services
from listings.errors import DossierChanged, VersionInvalid
from listings.events import RegistryEntryEnded, RegistryEntryMade
from listings.models import ProductVersion, RegistryEntry
from listings.queries import registry
from listings.queries.registry import RegistryQuery
from listings.registry.errors import RegistrationInUse, RegistryEntryNotFound
from listings.registry.record import last_day, registry_record
from listings.registry.states import state_on
from tests.factories.listings import SUPPLIER, SUPPLIER_ID, record_content, record_members
from tests.unit.listings.listings_app import PARTNER, listings_app


@pytest.fixture
def partner(market):
    market.verify(PARTNER.organisation_id, "Partner Ltd", is_supplier=True)
    return PARTNER


def _made_from(*inputs):
    return {"kind": "SUBSTANTIAL", "text": "Joined and counted anew.", "inputs": list(inputs)}


def _cancel(market, registration, principal=SUPPLIER, reason="no longer offered"):
    with market.acting(principal) as uow:
        return services.give_registration_up(
            uow, principal, registration_id=registration.registration_id, reason=reason
        )


def _search(market, **asked):
    with market.as_exchange() as uow:
        page = registry.search_registry(uow.session, RegistryQuery(**asked), today=uow.now.date())
        return [found.registration_id for found in page.items]


def _origins(market, registration):
    with market.as_exchange() as uow:
        found = registry.list_origins(uow.session, registration.registration_id)
        return [(each.entry.registration_id, each.generations) for each in found]


def _descendants(market, registration):
    with market.as_exchange() as uow:
        found = registry.list_descendants(uow.session, registration.registration_id)
        return [(each.entry.registration_id, each.generations) for each in found]


def test_a_registration_keeps_the_record_under_its_hash(market):
    registration = market.registered(**record_members(), evidence=record_content()["evidence"])
    record = registration.record
    assert registration.record_hash == digest_hex(record)
    assert record["library"] == "REGISTERED"
    assert record["holder"]["name"] == "Supplier Ltd"
    assert record["chain_length"] == 2
    assert record["chain_hash"] == digest_hex(record_content()["authorisation_chain"])
    assert record["valid_to"] == "2030-01-01"
    assert registration.rights == ["OPERATE"]


def test_the_record_names_no_document_and_nobody_of_the_chain():
    content = record_content()
    record = registry_record(content, identity={}, holder={})
    assert "ab" * 32 not in str(record)
    assert "Holder Ltd" not in str(record)
    assert "evidence" not in str(record)


def test_entering_is_told_with_rights_and_validity(market):
    registration = market.registered()
    (event,) = market.events(RegistryEntryMade)
    assert event.registration_id == registration.registration_id
    assert event.rights == ["OPERATE:original"]
    assert (event.chain_hash, event.valid_to) == (None, "2030-01-01")
    assert event.record_hash == registration.record_hash


def test_the_next_version_s_registration_takes_the_place_of_the_former(market):
    product = market.product()
    first = market.submit(market.draft(product))
    former = market.finish(market.register(first))
    market.publish(first)
    entry = market.register(market.submit(market.draft(product, summary="现在也有面积。")))
    assert _search(market, state="FINAL") == [former.registration_id]
    market.finish(entry)
    assert _search(market, state="FINAL") == [entry.registration_id]
    assert _search(market, state="SUPERSEDED") == [former.registration_id]


def test_an_upheld_objection_cancels(market):
    entry = market.register(market.submit(market.draft(market.product())))
    with market.as_exchange() as uow:
        services.cancel_registration(
            uow, registration_id=entry.registration_id, reason_code="OBJECTION_UPHELD"
        )
    with pytest.raises(IllegalTransition):
        market.finish(entry)


def _close(market, registration):
    """What follows once compliance has ended the registration."""
    with market.as_exchange() as uow:
        services.close_version(uow, version_id=registration.version_id)


def test_what_waits_to_be_listed_is_closed_after_its_registration(market):
    registration = market.registered()
    _close(market, _cancel(market, registration))
    with market.as_exchange() as uow:
        assert uow.session.get(ProductVersion, registration.version_id).state == "REJECTED"


def test_only_the_approved_dossier_is_registered(market):
    version = market.submit(market.draft(market.product()))
    with pytest.raises(DossierChanged), market.as_exchange() as uow:
        services.enter_registration(
            uow, registration_id="reg_x", version_id=version.id, dossier_hash="0" * 64
        )
    with market.as_exchange() as uow:
        uow.session.execute(
            text('UPDATE product_versions SET content = content || \'{"name": "other"}\'')
        )
    with pytest.raises(DossierChanged):
        market.register(version)


def test_the_holder_gives_a_registration_up_for_good(market):
    registration = _cancel(market, market.registered())
    assert (registration.state, registration.cancel_reason) == ("CANCELLED", "no longer offered")
    (event,) = market.events(RegistryEntryEnded)
    assert event.reason_code == "HOLDER"
    with pytest.raises(IllegalTransition):
        _cancel(market, registration)


def test_nobody_gives_up_another_s_registration(market, partner):
    with pytest.raises(RegistryEntryNotFound):
        _cancel(market, market.registered(), principal=partner)


def test_what_is_on_sale_stays_registered(market):
    version = market.submit(market.draft(market.product()))
    registration = market.finish(market.register(version))
    market.publish(version)
    with pytest.raises(RegistrationInUse):
        _cancel(market, registration)


def test_a_revoked_listing_ends_the_registration(market):
    version = market.submit(market.draft(market.product()))
    registration = market.finish(market.register(version))
    listing = market.publish(version)
    with market.as_exchange() as uow:
        services.revoke_listing(uow, listing_code=listing.listing_code)
        services.cancel_for_cause(
            uow, listing_code=listing.listing_code, reason_code="UNLAWFUL_SOURCE"
        )
    with market.as_exchange() as uow:
        found = uow.session.get(RegistryEntry, registration.registration_id)
        assert (found.state, found.cancel_reason) == ("CANCELLED", "UNLAWFUL_SOURCE")


def test_a_product_is_registered_anew_after_a_cancellation(market):
    product = market.product()
    registration = _cancel(market, market.registered(product))
    _close(market, registration)
    again = market.registered(product)
    assert again.registration_id != registration.registration_id
    assert (again.state, again.version_number) == ("FINAL", 2)


def test_lineage_is_shown_both_ways(market, partner):
    raw = market.registered(name="原始数据")
    middle = market.registered(
        name="中间产品", principal=partner, derivation=_made_from(raw.registration_id)
    )
    final = market.registered(
        name="最终产品", derivation=_made_from(middle.registration_id, raw.registration_id)
    )
    assert _origins(market, final) == [(raw.registration_id, 1), (middle.registration_id, 1)]
    assert _descendants(market, raw) == [(middle.registration_id, 1), (final.registration_id, 1)]
    assert _origins(market, raw) == _descendants(market, final) == []


def test_a_far_origin_is_counted_in_generations(market):
    first = market.registered(name="一")
    second = market.registered(name="二", derivation=_made_from(first.registration_id))
    third = market.registered(name="三", derivation=_made_from(second.registration_id))
    assert _origins(market, third) == [(second.registration_id, 1), (first.registration_id, 2)]
    assert _descendants(market, first) == [(second.registration_id, 1), (third.registration_id, 2)]


def test_nothing_is_made_from_what_the_registry_does_not_vouch_for(market):
    gone = _cancel(market, market.registered(name="已注销"))
    draft = market.draft(
        market.product(), derivation=_made_from(gone.registration_id, "reg_" + "0" * 26)
    )
    with pytest.raises(VersionInvalid) as refusal:
        market.submit(draft)
    pointers = [error["pointer"] for error in refusal.value.facts["errors"]]
    assert pointers == ["#/derivation/inputs/0", "#/derivation/inputs/1"]


def test_nothing_is_made_from_itself(market):
    product = market.product()
    version = market.submit(market.draft(product))
    first = market.finish(market.register(version))
    market.publish(version)
    other = market.registered(name="衍生", derivation=_made_from(first.registration_id))
    draft = market.draft(product, derivation=_made_from(first.registration_id))
    _refused_as_made_from_itself(market, draft)
    with market.acting() as uow:
        services.amend_draft(
            uow,
            SUPPLIER,
            market.cipher,
            product_id=product.id,
            version_number=draft.version_number,
            form={"derivation": _made_from(other.registration_id)},
        )
    _refused_as_made_from_itself(market, draft)


def test_nothing_is_made_from_itself_however_many_generations_lie_between(market):
    product = market.product()
    version = market.submit(market.draft(product))
    nearest = market.finish(market.register(version))
    market.publish(version)
    for _ in range(registry.GENERATIONS_MAX + 1):
        nearest = market.registered(derivation=_made_from(nearest.registration_id))
    draft = market.draft(product, derivation=_made_from(nearest.registration_id))
    _refused_as_made_from_itself(market, draft)


def _refused_as_made_from_itself(market, draft):
    with pytest.raises(VersionInvalid) as refusal:
        market.submit(draft)
    pointers = [error["pointer"] for error in refusal.value.facts["errors"]]
    assert pointers == ["#/derivation/inputs"]


def test_a_registration_runs_out_with_its_first_right(market, clock):
    registration = market.registered()
    assert _search(market, state="FINAL") == [registration.registration_id]
    clock.advance(seconds=timedelta(days=365 * 5).total_seconds())
    assert _search(market, state="FINAL") == []
    assert _search(market, state="EXPIRED") == [registration.registration_id]


def test_the_last_day_ends_at_midnight_where_the_exchange_is(market, clock):
    registration = market.registered()
    client = listings_app(market.units, clock).test_client()
    midnight = datetime(2030, 1, 1, 16, tzinfo=UTC)
    for instant, state in ((midnight - timedelta(seconds=1), "FINAL"), (midnight, "EXPIRED")):
        clock.advance(seconds=(instant - clock.now()).total_seconds())
        assert registration.state_at(instant) == state
        (found,) = client.get(f"/v1/registry?state={state}").json["items"]
        assert (found["id"], found["state"]["code"]) == (registration.registration_id, state)


def test_the_last_day_is_still_in_force():
    last = date(2030, 1, 1)
    assert state_on("FINAL", valid_to=last, today=last) == "FINAL"
    assert state_on("FINAL", valid_to=last, today=date(2030, 1, 2)) == "EXPIRED"
    assert state_on("CANCELLED", valid_to=last, today=date(2030, 1, 2)) == "CANCELLED"


def test_the_shortest_right_or_link_is_the_validity():
    assert last_day({"rights": [{"to": "2031-01-01"}, {}]}) == date(2031, 1, 1)
    chain = {"authorisation_chain": [{"to": "2029-01-01"}], "rights": [{"to": "2031-01-01"}]}
    assert last_day(chain) == date(2029, 1, 1)
    assert last_day({"rights": [{}]}) is None


def test_the_registry_is_searched_by_words_and_facts(market, partner):
    mine = market.registered(name="城市信息查询")
    other = market.registered(
        name="车辆轨迹", principal=partner, product_kind="DATASET", summary="车辆轨迹。",
        description="Tracks of cars.", keywords=["车辆"], sectors=["TRANSPORT"], name_en="Cars",
        series="车辆",
    )  # fmt: skip
    assert _search(market) == [other.registration_id, mine.registration_id]
    assert _search(market, words="城市") == [mine.registration_id]
    assert _search(market, words="，。") == []
    assert _search(market, holder_id=SUPPLIER_ID) == [mine.registration_id]
    assert _search(market, product_kind="DATASET") == [other.registration_id]
    assert _search(market, sector="CITY") == [mine.registration_id]
    assert _search(market, right="OPERATE") == [other.registration_id, mine.registration_id]
    assert _search(market, right="HOLD") == []


def test_the_database_lets_nobody_rewrite_the_registry(market):
    registration = market.registered()
    for statement in (
        "UPDATE registry_entries SET holder_id = 'org_x'",
        'UPDATE registry_entries SET record = record || \'{"name": "x"}\'',
        "DELETE FROM registry_entries",
    ):
        with pytest.raises(IntegrityError), market.as_exchange() as uow:
            uow.session.execute(text(statement))
    _cancel(market, registration)
    with pytest.raises(IntegrityError), market.as_exchange() as uow:
        uow.session.execute(
            text("UPDATE registry_entries SET state = 'FINAL', cancel_reason = NULL")
        )
