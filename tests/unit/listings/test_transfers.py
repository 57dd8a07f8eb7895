"""A transfer under way: nobody steps back once it is registered, and it falls with its origin."""

import pytest

from app.core.states import IllegalTransition
from listings import services
from listings.errors import KeptOnRecord, VersionInvalid
from listings.events import RegistrationTransferred, RegistryEntryEnded, TransferEnded
from listings.models import RegistrationTransfer, RegistryEntry
from listings.queries.registry import find_successor_id
from listings.registry.transfer_errors import SuccessorRegistered
from listings.services.registry import VOID
from tests.factories.listings import SUPPLIER, SUPPLIER_ID, draft_version, load_draft
from tests.unit.listings.listings_app import PARTNER

DEED = "d" * 64
THEIRS = {"transferee_id": PARTNER.organisation_id, "grounds": "Sale.", "deed_hash": DEED}


@pytest.fixture
def former(market):
    market.verify(PARTNER.organisation_id, "Partner Ltd", is_supplier=True)
    return market.registered()


@pytest.fixture
def accepted(market, former):
    """An accepted transfer, its draft begun as the reaction does it."""
    with market.acting() as uow:
        proposed = services.propose_transfer(
            uow, SUPPLIER, registration_id=former.registration_id, **THEIRS
        )
    with market.acting(PARTNER) as uow:
        services.accept_transfer(uow, PARTNER, transfer_id=proposed.id, deed_hash=DEED)
    with market.as_exchange() as uow:
        services.begin_successor(uow, transfer_id=proposed.id)
    return proposed.id


@pytest.fixture
def successor(market, accepted):
    """The transferee's registration, still open to objections."""
    product_id = found(market, RegistrationTransfer, accepted).successor_product_id
    with market.acting(PARTNER) as uow:
        version = services.replace_draft(
            uow,
            PARTNER,
            market.cipher,
            product_id=product_id,
            version_number=1,
            form=load_draft(draft_version()),
        )
    return market.register(market.submit(version, PARTNER))


def found(market, model, key):
    with market.as_exchange() as uow:
        return uow.session.get_one(model, key)


def step_back(market, transfer_id, verb, principal):
    with market.acting(principal) as uow:
        return verb(uow, principal, transfer_id=transfer_id, reason="It fell through.")


def cancel(market, registration):
    with market.as_exchange() as uow:
        services.cancel_registration(
            uow, registration_id=registration.registration_id, reason_code="OBJECTION_UPHELD"
        )


def test_nobody_steps_back_once_the_successor_is_registered(market, accepted, successor):
    for verb, principal in (
        (services.withdraw_transfer, SUPPLIER),
        (services.decline_transfer, PARTNER),
    ):
        with pytest.raises(SuccessorRegistered) as refused:
            step_back(market, accepted, verb, principal)
        assert refused.value.facts["registration_id"] == successor.registration_id
    assert found(market, RegistrationTransfer, accepted).state == "ACCEPTED"


def test_an_upheld_objection_to_the_successor_lets_both_choose_again(market, accepted, successor):
    cancel(market, successor)
    assert found(market, RegistrationTransfer, accepted).successor_id is None
    ended = step_back(market, accepted, services.withdraw_transfer, SUPPLIER)
    assert ended.state == "WITHDRAWN"


def test_a_cancelled_origin_takes_the_registered_successor_with_it(
    market, former, accepted, successor
):
    cancel(market, former)
    transfer = found(market, RegistrationTransfer, accepted)
    assert (transfer.state, transfer.reason) == ("WITHDRAWN", "VOID")
    states = {
        each.registration_id: found(market, RegistryEntry, each.registration_id).state
        for each in (former, successor)
    }
    assert set(states.values()) == {"CANCELLED"}
    reasons = {event.reason_code for event in market.events(RegistryEntryEnded)}
    assert reasons == {"OBJECTION_UPHELD", VOID}
    (ended,) = market.events(TransferEnded)
    assert ended.outcome == "VOID"


def test_completion_ends_what_is_final_and_what_waits_and_leaves_the_past(
    market, former, accepted, successor
):
    market.finish(successor)
    assert found(market, RegistryEntry, former.registration_id).state == "TRANSFERRED"
    (told,) = market.events(RegistrationTransferred)
    assert (told.registration_id, told.successor_id) == (
        former.registration_id,
        successor.registration_id,
    )
    (ended,) = market.events(RegistryEntryEnded)
    assert (ended.reason_code, ended.is_transfer, ended.holder_id) == (
        "TRANSFERRED",
        True,
        SUPPLIER_ID,
    )
    with market.as_exchange() as uow:
        found_id = find_successor_id(uow.session, former.registration_id)
    assert found_id == successor.registration_id


def test_a_transferred_registration_is_neither_transferred_nor_made_of_again(
    market, former, accepted, successor
):
    market.finish(successor)
    derivation = {"kind": "SUBSTANTIAL", "text": "Joined.", "inputs": [former.registration_id]}
    product = market.product("合成数据")
    version = market.draft(product, name="合成数据", derivation=derivation)
    with pytest.raises(VersionInvalid) as refused:
        market.submit(version)
    assert successor.registration_id in str(refused.value.facts)
    with pytest.raises(IllegalTransition):
        step_back(market, accepted, services.withdraw_transfer, SUPPLIER)


def test_an_unlawful_source_is_cancelled_after_the_transfer_too(
    market, former, accepted, successor
):
    market.finish(successor)
    cancel(market, former)
    assert found(market, RegistryEntry, former.registration_id).state == "CANCELLED"
    assert found(market, RegistryEntry, successor.registration_id).state == "FINAL"


def test_what_was_begun_for_a_transfer_is_not_deleted(market, accepted):
    product_id = found(market, RegistrationTransfer, accepted).successor_product_id
    for delete, named in (
        (services.delete_draft, {"version_number": 1}),
        (services.delete_product, {}),
    ):
        with market.acting(PARTNER) as uow, pytest.raises(KeptOnRecord) as refused:
            delete(uow, PARTNER, product_id=product_id, **named)
        assert refused.value.facts["reason"] == "TRANSFERRED"
