"""Transfers a registration: the holder proposes, the transferee accepts, the exchange registers.

A registration names its holder, so another holder is another registration. The transferee gets a
product of its own with the former record as a draft; its way through the review is the exchange's
approval. When its registration is final the former one ends, in the same transaction.
"""

from copy import deepcopy
from typing import Any

from app.core.ids import OrganisationId, RegistrationId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from listings.events import (
    RegistrationTransferred,
    RegistryEntryEnded,
    TransferAccepted,
    TransferEnded,
    TransferProposed,
)
from listings.models import (
    DataProduct,
    ListingParty,
    ProductVersion,
    RegistrationTransfer,
    RegistryEntry,
    RegistrySuccession,
)
from listings.queries.catalogue import find_live_listing
from listings.queries.registry import get_entry, lock_entries_of_product, lock_own_entry
from listings.queries.transfers import find_open_transfer, find_transfer_to, lock_transfer
from listings.registry.errors import RegistrationInUse
from listings.registry.states import FINAL, REGISTERED
from listings.registry.transfer_errors import (
    RegistrationNotInForce,
    SuccessorRegistered,
    TransferDeedDiffers,
    TransfereeUnknown,
    TransferOpen,
)
from listings.registry.transfer_states import LEFT_BEHIND, PROPOSED
from listings.services.drafts import begin_version, register_product
from listings.services.parties import demand_supplier

TRANSFER = "TRANSFERRED"
"""The reason code of a registration that goes on under another holder."""
VOID = "VOID"
"""The outcome of a transfer whose registration was cancelled meanwhile."""


def propose_transfer(
    uow: UnitOfWork,
    principal: Principal,
    *,
    registration_id: str,
    transferee_id: str,
    grounds: str,
    deed_hash: str,
) -> RegistrationTransfer:
    """The holder offers its registration to another supplier; the product must be off sale.

    Raises `PartyNotVerified`, `RegistryEntryNotFound`, `RegistrationNotInForce`,
    `RegistrationInUse`, `TransferOpen`, `TransfereeUnknown`.
    """
    holder = demand_supplier(uow, principal.organisation_id)
    entry = lock_own_entry(uow.session, registration_id, holder_id=holder.organisation_id)
    _demand_transferable(uow, entry)
    demand_no_transfer(uow, entry.product_id)
    _demand_transferee(uow, transferee_id, holder_id=holder.organisation_id)
    transfer = RegistrationTransfer(
        id=uow.ids.new("trf"),
        registration_id=registration_id,
        product_id=entry.product_id,
        supplier_id=holder.organisation_id,
        transferee_id=transferee_id,
        state=PROPOSED,
        grounds=grounds,
        deed_hash=deed_hash,
        proposed_by=principal.id,
        proposed_at=uow.now,
        changed_at=uow.now,
    )
    uow.session.add(transfer)
    uow.session.flush()
    uow.record(TransferProposed(**_facts(uow, transfer), deed_hash=deed_hash))
    return transfer


def _demand_transferable(uow: UnitOfWork, entry: RegistryEntry) -> None:
    state = entry.state_at(uow.now)
    if state != FINAL:
        raise RegistrationNotInForce(entry.registration_id, state)
    listing_code = find_live_listing(uow.session, entry.product_id)
    if listing_code is not None:
        raise RegistrationInUse(entry.registration_id, listing_code)


def demand_no_transfer(uow: UnitOfWork, product_id: str) -> None:
    """Raises `TransferOpen` while the product's registration is on its way to another supplier."""
    transfer = find_open_transfer(uow.session, product_id)
    if transfer is not None:
        raise TransferOpen(transfer.id)


def _demand_transferee(uow: UnitOfWork, transferee_id: str, *, holder_id: str) -> None:
    party = uow.session.get(ListingParty, transferee_id)
    is_fit = party is not None and party.is_supplier and party.is_verified_at(uow.now)
    if not is_fit or transferee_id == holder_id:
        raise TransfereeUnknown(transferee_id)


def accept_transfer(
    uow: UnitOfWork, principal: Principal, *, transfer_id: str, deed_hash: str
) -> RegistrationTransfer:
    """The transferee takes over what the deed of this hash says; its draft is begun with it.

    Raises `PartyNotVerified`, `TransferNotFound`, `TransferDeedDiffers`, `RegistrationNotInForce`,
    `RegistrationInUse`, `IllegalTransition`.
    """
    transferee = demand_supplier(uow, principal.organisation_id)
    transfer = lock_transfer(
        uow.session, transfer_id, organisation_id=transferee.organisation_id, side="transferee"
    )
    transfer.advance("accept", at=uow.now)
    transfer.accepted_by, transfer.accepted_at = principal.id, uow.now
    if transfer.deed_hash != deed_hash:
        raise TransferDeedDiffers(transfer.id, transfer.deed_hash)
    _demand_transferable(uow, get_entry(uow.session, transfer.registration_id))
    product = register_product(
        uow,
        principal,
        name=_name(uow, transfer),
        origin={"transfer_id": transfer.id, "registration_id": transfer.registration_id},
    )
    uow.session.flush()
    transfer.successor_product_id = product.id
    uow.record(TransferAccepted(**_facts(uow, transfer), deed_hash=transfer.deed_hash))
    return transfer


def _name(uow: UnitOfWork, transfer: RegistrationTransfer) -> str:
    name: str = get_entry(uow.session, transfer.registration_id).record["name"]
    return name


def begin_successor(uow: UnitOfWork, *, transfer_id: str) -> ProductVersion:
    """The transferee's first draft: the former record without what only its holder can say.

    Needs the exchange's reach: the former version is not the transferee's to read.
    """
    transfer = uow.session.get_one(RegistrationTransfer, transfer_id)
    former = uow.session.get_one(
        ProductVersion, get_entry(uow.session, transfer.registration_id).version_id
    )
    product = uow.session.get_one(DataProduct, transfer.successor_product_id)
    version = begin_version(uow, product, version_number=1)
    version.content = {
        name: deepcopy(value) for name, value in former.content.items() if name not in LEFT_BEHIND
    }
    uow.session.add(version)
    uow.session.flush()
    return version


def decline_transfer(
    uow: UnitOfWork, principal: Principal, *, transfer_id: str, reason: str
) -> RegistrationTransfer:
    """The transferee does not take it over, or no longer; raises as `withdraw_transfer`."""
    transfer = lock_transfer(
        uow.session, transfer_id, organisation_id=principal.organisation_id, side="transferee"
    )
    return _step_back(uow, transfer, "decline", reason)


def withdraw_transfer(
    uow: UnitOfWork, principal: Principal, *, transfer_id: str, reason: str
) -> RegistrationTransfer:
    """The holder keeps its registration.

    Raises `TransferNotFound`, `IllegalTransition`, `SuccessorRegistered`.
    """
    transfer = lock_transfer(
        uow.session, transfer_id, organisation_id=principal.organisation_id, side="supplier"
    )
    return _step_back(uow, transfer, "withdraw", reason)


def note_consents_left(uow: UnitOfWork, *, transfer_id: str, left: dict[str, Any]) -> None:
    """What both sides are shown of the consents that stay with the holder's product."""
    uow.session.get_one(RegistrationTransfer, transfer_id).consents_left = left


def _step_back(
    uow: UnitOfWork, transfer: RegistrationTransfer, event: str, reason: str
) -> RegistrationTransfer:
    transfer.advance(event, at=uow.now)
    if transfer.successor_id is not None:
        raise SuccessorRegistered(transfer.id, transfer.successor_id)
    transfer.reason = reason
    uow.record(TransferEnded(**_facts(uow, transfer), outcome=transfer.state))
    return transfer


def void_transfer(uow: UnitOfWork, product_id: str) -> str | None:
    """A registration that was cancelled is not transferred; the successor that falls with it."""
    transfer = find_open_transfer(uow.session, product_id)
    if transfer is None:
        return None
    transfer.advance("withdraw", at=uow.now)
    transfer.reason = VOID
    uow.record(TransferEnded(**_facts(uow, transfer), outcome=VOID))
    return transfer.successor_id


def note_successor(uow: UnitOfWork, entry: RegistryEntry) -> None:
    """The transferee's version was registered: from now on nobody steps back."""
    transfer = find_transfer_to(uow.session, entry.product_id)
    if transfer is not None:
        transfer.successor_id = entry.registration_id


def forget_successor(uow: UnitOfWork, entry: RegistryEntry) -> None:
    """An objection to the successor was upheld: both may step back, or try again."""
    transfer = find_transfer_to(uow.session, entry.product_id)
    if transfer is not None and transfer.successor_id == entry.registration_id:
        transfer.successor_id = None


def complete_transfer(uow: UnitOfWork, successor: RegistryEntry) -> None:
    """The successor's registration is final: whatever the former holder had of it ends."""
    transfer = find_transfer_to(uow.session, successor.product_id)
    if transfer is None:
        return
    for former in lock_entries_of_product(uow.session, transfer.product_id):
        if former.state == FINAL:
            former.advance("transfer", at=uow.now)
            _succeed(uow, former, successor)
        elif former.state == REGISTERED:
            former.advance("cancel", at=uow.now)
            former.cancel_reason = TRANSFER
        else:
            continue
        uow.record(_ended(uow, former))
    transfer.advance("complete", at=uow.now)
    facts: dict[str, Any] = {**_facts(uow, transfer), "deed_hash": transfer.deed_hash}
    uow.record(
        RegistrationTransferred(successor_id=RegistrationId(successor.registration_id), **facts)
    )


def _succeed(uow: UnitOfWork, former: RegistryEntry, successor: RegistryEntry) -> None:
    uow.session.add(
        RegistrySuccession(
            registration_id=former.registration_id,
            successor_id=successor.registration_id,
            transferred_at=uow.now,
        )
    )


def _ended(uow: UnitOfWork, former: RegistryEntry) -> RegistryEntryEnded:
    return RegistryEntryEnded(
        occurred_at=uow.now,
        registration_id=RegistrationId(former.registration_id),
        holder_id=OrganisationId(former.holder_id),
        reason_code=TRANSFER,
        is_transfer=former.state == TRANSFER,
    )


def _facts(uow: UnitOfWork, transfer: RegistrationTransfer) -> dict[str, Any]:
    return {
        "occurred_at": uow.now,
        "transfer_id": transfer.id,
        "registration_id": RegistrationId(transfer.registration_id),
        "supplier_id": OrganisationId(transfer.supplier_id),
        "transferee_id": OrganisationId(transfer.transferee_id),
    }
