"""From an approved scenario over the order to a licence that the data plane enforces."""

from collections.abc import Iterable

from app.accounts import services as accounts
from app.accounts.events import ApiKeyIssued, ApiKeyRevoked
from app.core.agreed_terms import agreed_terms
from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from compliance import services as compliance
from compliance.events import (
    LicenceEnded,
    LicenceIssued,
    LicenceNarrowed,
    LicenceRevoked,
    ScenarioApproved,
    ScenarioNarrowed,
    ScenarioWithdrawn,
)
from compliance.review.registration_events import ListingApproved
from compliance.terms import purposes
from ledger.journal.deferrals import services as deferral_services
from ledger.journal.trading import services as trading_services
from ledger.log import services as log
from listings import services as listings
from listings.events import OrderPlaced
from metering import services as metering

YEARLY = "yearly"
"""The kind of plan that is paid at once and earned day by day."""


def note_scenario(uow: UnitOfWork, event: ScenarioApproved) -> None:
    """No trade without a scenario: listings may now accept an order for it."""
    listings.note_scenario_approved(
        uow,
        scenario_id=event.scenario_id,
        buyer_id=event.buyer_id,
        listing_code=event.listing_code,
        terms=event.terms,
        valid_from=event.valid_from,
        valid_until=event.valid_until,
    )


def end_scenario(uow: UnitOfWork, event: ScenarioWithdrawn) -> None:
    """No further order for it."""
    listings.note_scenario_ended(uow, scenario_id=event.scenario_id)


def demand_log(uow: UnitOfWork, _event: OrderPlaced | ListingApproved) -> None:
    """No order and no listing while the log that would prove it signs nothing (rule Z2)."""
    log.demand_signing(uow)


def charge_order(uow: UnitOfWork, event: OrderPlaced) -> None:
    """A package is paid in the transaction that grants it, or nothing is granted."""
    if event.plan_terms["kind"] == YEARLY:
        deferral_services.defer_order(
            uow,
            order_id=event.order_id,
            buyer_id=event.buyer_id,
            supplier_id=event.supplier_id,
            amount=event.due_amount,
            currency=event.currency,
            split=event.split,
            starts_at=event.starts_at,
            ends_at=event.ends_at,
        )
        return
    trading_services.charge_order(
        uow,
        order_id=event.order_id,
        buyer_id=event.buyer_id,
        supplier_id=event.supplier_id,
        amount=event.due_amount,
        currency=event.currency,
        split=event.split,
    )


def issue_licence(uow: UnitOfWork, event: OrderPlaced) -> None:
    """The licence is the meet of everything that the order rests on."""
    compliance.issue_licence(
        uow,
        agreement_hash=event.agreement_hash,
        product_id=event.product_id,
        dossier_hash=event.dossier_hash,
        due_amount=event.due_amount,
        product_terms=event.product_terms,
        **agreed_terms(event),
    )


def grant_entitlement(uow: UnitOfWork, event: LicenceIssued) -> None:
    """The data plane may admit calls."""
    metering.grant_entitlement(
        uow,
        licence_id=event.licence_id,
        terms=event.terms,
        terms_hash=event.terms_hash,
        # Resolved here, once: the data plane knows no tree, and a later one changes no licence.
        permitted_purposes=_permitted(event.terms.get("purposes")),
        **agreed_terms(event),
    )


def _permitted(granted: Iterable[str] | None) -> list[str] | None:
    """Every purpose that a licence covers, descendants included; None is any."""
    return None if granted is None else sorted(purposes.closure(granted))


def note_licence(uow: UnitOfWork, event: LicenceIssued) -> None:
    """Keys can be issued for it, the order is complete, both parties may read its evidence."""
    accounts.note_licence(
        uow, licence_id=event.licence_id, buyer_id=event.buyer_id, ends_at=event.ends_at
    )
    listings.activate_order(uow, order_id=event.order_id, licence_id=event.licence_id)
    log.note_licence_parties(
        uow,
        licence_id=event.licence_id,
        buyer_id=event.buyer_id,
        supplier_id=event.supplier_id,
    )
    trading_services.note_licence(
        uow,
        licence_id=event.licence_id,
        order_id=event.order_id,
        buyer_id=event.buyer_id,
        supplier_id=event.supplier_id,
        currency=event.currency,
        plan_hash=event.plan_hash,
        listing_code=event.listing_code,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        split=event.split,
    )


def grant_on_chain(uow: UnitOfWork, event: LicenceIssued) -> None:
    """After the commit; no client waits for the chain."""
    payload = {
        "licence_id": event.licence_id,
        "terms_hash": event.terms_hash,
        "starts_at": iso_instant(event.starts_at),
        "ends_at": iso_instant(event.ends_at),
    }
    uow.enqueue("chain.grant_licence", payload, key=f"chain.grant_licence:{event.licence_id}")


def narrow_licence(uow: UnitOfWork, event: LicenceNarrowed) -> None:
    """The next call is held to the new terms, and no key outlives them."""
    metering.narrow_entitlement(
        uow,
        licence_id=event.licence_id,
        terms=event.terms,
        terms_hash=event.terms_hash,
        permitted_purposes=_permitted(event.terms.get("purposes")),
        starts_at=event.starts_at,
        ends_at=event.ends_at,
    )
    accounts.note_licence(
        uow, licence_id=event.licence_id, buyer_id=event.buyer_id, ends_at=event.ends_at
    )


def narrow_scenario(uow: UnitOfWork, event: ScenarioNarrowed) -> None:
    """An order to come is held to what is left of the scenario."""
    listings.note_scenario_narrowed(
        uow,
        scenario_id=event.scenario_id,
        terms=event.terms,
        valid_from=event.valid_from,
        valid_until=event.valid_until,
    )


def end_licence(uow: UnitOfWork, event: LicenceRevoked) -> None:
    """The next call is refused, no new key is issued, and the chain is told of it after the commit.

    Of its entry, too: the log's head goes on chain without waiting for its turn.
    """
    metering.revoke_entitlement(uow, licence_id=event.licence_id)
    accounts.note_licence_ended(uow, licence_id=event.licence_id)
    uow.enqueue(
        "chain.revoke_licence",
        {"licence_id": event.licence_id},
        key=f"chain.revoke_licence:{event.licence_id}",
    )
    uow.enqueue(
        "log.request_anchor",
        {"reason": "revocation", "about": event.licence_id},
        key=f"log.request_anchor:{event.licence_id}",
    )


def note_licence_ended(uow: UnitOfWork, event: LicenceEnded) -> None:
    """No new key for it; the data plane reads the term itself."""
    accounts.note_licence_ended(uow, licence_id=event.licence_id)


def admit_key(uow: UnitOfWork, event: ApiKeyIssued) -> None:
    """The data plane knows keys by their hash only."""
    metering.admit_key(
        uow,
        key_id=event.key_id,
        licence_id=event.licence_id,
        organisation_id=event.organisation_id,
        secret_hash=event.secret_hash,
        networks=event.networks,
        expires_at=event.expires_at,
        calls_per_second=event.calls_per_second,
    )


def withdraw_key(uow: UnitOfWork, event: ApiKeyRevoked) -> None:
    """The key's next call is refused."""
    metering.withdraw_key(uow, key_id=event.key_id)
