"""Enters registered versions in the public registry, and ends entries."""

from typing import Any

from app.core.clock import iso_instant
from app.core.ids import OrganisationId, ProductId, RegistrationId, VersionId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from listings.catalogue.entry import search_words
from listings.errors import DossierChanged, Fault
from listings.events import RegistryEntryEnded, RegistryEntryMade
from listings.models import Listing, ProductVersion, RegistryEntry, RegistryInput, RegistryWords
from listings.queries.catalogue import find_live_listing
from listings.queries.products import lock_version_by_id
from listings.queries.registry import (
    find_successor_id,
    is_among_origins,
    list_entries,
    lock_entries_of_product,
    lock_entry,
    lock_own_entry,
)
from listings.registry.errors import RegistrationInUse
from listings.registry.record import input_ids, last_day, record_hash, registry_record
from listings.registry.states import CANCELLED, FINAL, REGISTERED
from listings.services.parties import demand_supplier
from listings.services.transfers import (
    complete_transfer,
    demand_no_transfer,
    forget_successor,
    note_successor,
    void_transfer,
)

OWN_WISH = "HOLDER"
"""The reason code of a holder that gives its registration up."""
VOID = "TRANSFER_VOID"
"""The reason code of a successor whose former registration was cancelled before the transfer."""


def enter_registration(
    uow: UnitOfWork, *, registration_id: str, version_id: str, dossier_hash: str
) -> RegistryEntry:
    """Tell the public what was registered.

    Raises `DossierChanged` when the stored version is not the one with the approved hash, and
    `PartyNotVerified`.
    """
    version = lock_version_by_id(uow.session, version_id)
    if version.dossier_hash != dossier_hash:
        raise DossierChanged(version.id, dossier_hash, version.dossier_hash or "")
    version.demand_unchanged(dossier_hash)
    entry = _make_entry(uow, registration_id, version)
    uow.session.add(entry)
    uow.session.flush()
    uow.session.add_all(
        RegistryInput(registration_id=registration_id, input_id=input_id)
        for input_id in input_ids(version.content)
    )
    uow.session.flush()
    note_successor(uow, entry)
    uow.record(_made(uow, entry))
    return entry


def _make_entry(uow: UnitOfWork, registration_id: str, version: ProductVersion) -> RegistryEntry:
    content, holder = version.content, _holder(uow, version.supplier_id)
    record = registry_record(content, identity=_identity(registration_id, version), holder=holder)
    words = search_words(content, supplier_name=holder["name"])
    return RegistryEntry(
        registration_id=registration_id,
        product_id=version.product_id,
        version_id=version.id,
        version_number=version.version_number,
        holder_id=version.supplier_id,
        holder_name=holder["name"],
        state=REGISTERED,
        record=record,
        record_hash=record_hash(record),
        product_kind=content["product_kind"],
        sectors=content["sectors"],
        rights=sorted({right["right"] for right in content["rights"]}),
        valid_to=last_day(content),
        registered_at=uow.now,
        changed_at=uow.now,
        words=RegistryWords(registration_id=registration_id, search=words),
    )


def _holder(uow: UnitOfWork, organisation_id: str) -> dict[str, str]:
    """The organisation as it is verified at this instant; companies' codes are public."""
    party = demand_supplier(uow, organisation_id)
    return {
        "organisation_id": party.organisation_id,
        "name": party.name,
        "uscc": party.uscc,
        "verified_until": iso_instant(party.valid_until),
    }


def _identity(registration_id: str, version: ProductVersion) -> dict[str, Any]:
    return {
        "registration_id": registration_id,
        "product_id": version.product_id,
        "version_id": version.id,
        "version_number": version.version_number,
        "dossier_hash": version.dossier_hash,
    }


def _made(uow: UnitOfWork, entry: RegistryEntry) -> RegistryEntryMade:
    record = entry.record
    return RegistryEntryMade(
        occurred_at=uow.now,
        registration_id=RegistrationId(entry.registration_id),
        product_id=ProductId(entry.product_id),
        version_id=VersionId(entry.version_id),
        holder_id=OrganisationId(entry.holder_id),
        record_hash=entry.record_hash,
        rights=[f"{right['right']}:{right['basis']}" for right in record["rights"]],
        chain_hash=record.get("chain_hash"),
        valid_to=record.get("valid_to"),
    )


def finish_publicity(uow: UnitOfWork, *, registration_id: str) -> RegistryEntry:
    """Nothing stands against the registration any more; it takes the place of the former one.

    Raises `RegistryEntryNotFound`, `IllegalTransition`.
    """
    entry = lock_entry(uow.session, registration_id)
    for former in lock_entries_of_product(uow.session, entry.product_id):
        if former.state == FINAL:
            former.advance("supersede", at=uow.now)
    # One final entry a product: the index would see both if they were written together.
    uow.session.flush()
    entry.advance("finish publicity", at=uow.now)
    complete_transfer(uow, entry)
    return entry


def cancel_registration(uow: UnitOfWork, *, registration_id: str, reason_code: str) -> None:
    """An objection was upheld; raises `RegistryEntryNotFound`, `IllegalTransition`."""
    entry = lock_entry(uow.session, registration_id)
    _cancel(uow, entry, reason=reason_code, reason_code=reason_code)


def cancel_for_cause(uow: UnitOfWork, *, listing_code: str, reason_code: str) -> None:
    """A listing was revoked: the registry vouches for no version of its product any more."""
    listing = uow.session.get_one(Listing, listing_code)
    for entry in lock_entries_of_product(uow.session, listing.product_id):
        if entry.state != CANCELLED:
            _cancel(uow, entry, reason=reason_code, reason_code=reason_code)


def give_registration_up(
    uow: UnitOfWork, principal: Principal, *, registration_id: str, reason: str
) -> RegistryEntry:
    """The holder gives its registration up; whoever hears of it closes what waits to be listed.

    Raises `RegistryEntryNotFound`, `IllegalTransition`, `TransferOpen`, and `RegistrationInUse`
    while the product is on sale or suspended.
    """
    entry = lock_own_entry(uow.session, registration_id, holder_id=principal.organisation_id)
    listing_code = find_live_listing(uow.session, entry.product_id)
    if listing_code is not None:
        raise RegistrationInUse(registration_id, listing_code)
    demand_no_transfer(uow, entry.product_id)
    _cancel(uow, entry, reason=reason, reason_code=OWN_WISH)
    return entry


def _cancel(uow: UnitOfWork, entry: RegistryEntry, *, reason: str, reason_code: str) -> None:
    was_final = entry.state == FINAL
    entry.advance("cancel", at=uow.now)
    entry.cancel_reason = reason
    forget_successor(uow, entry)
    successor_id = void_transfer(uow, entry.product_id) if was_final else None
    if successor_id is not None:
        _cancel(uow, lock_entry(uow.session, successor_id), reason=reason, reason_code=VOID)
    uow.record(
        RegistryEntryEnded(
            occurred_at=uow.now,
            registration_id=RegistrationId(entry.registration_id),
            holder_id=OrganisationId(entry.holder_id),
            reason_code=reason_code,
            is_own_wish=reason_code == OWN_WISH,
        )
    )


def origin_faults(uow: UnitOfWork, version: ProductVersion) -> list[Fault]:
    """Inputs of a derivation that the registry does not know or does not vouch for today."""
    inputs = input_ids(version.content)
    if not inputs:
        return []
    known = {found.registration_id: found for found in list_entries(uow.session, inputs)}
    faults = []
    for at, registration_id in enumerate(inputs):
        found = known.get(registration_id)
        state = found.state_at(uow.now) if found else "UNKNOWN"
        if state != FINAL:
            successor_id = find_successor_id(uow.session, registration_id)
            detail = f"Not a final registration in force: {state}."
            if successor_id is not None:
                detail = f"It was transferred and goes on as {successor_id}."
            faults.append(Fault(f"#/derivation/inputs/{at}", detail))
    if is_among_origins(uow.session, version.product_id, inputs):
        faults.append(Fault("#/derivation/inputs", "The product would be made from itself."))
    return faults
