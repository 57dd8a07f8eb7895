"""Registers of consents: one a product, opened once, with the key of its pseudonyms."""

from dataclasses import dataclass

from app.core.principals import Principal
from app.core.pseudonyms import KEY_BYTES
from app.core.unit_of_work import UnitOfWork
from compliance.consent.errors import (
    ConsentRegisterClosed,
    ConsentRegisterInUse,
    ConsentRegisterNotFound,
    ConsentRegisterOpen,
)
from compliance.consent.events import PseudonymKeyMade
from compliance.consent.models import ConsentRegister
from compliance.consent.ports import ConsentKit


@dataclass(frozen=True)
class OpenedRegister:
    """A register and, this once, its pseudonym key in hexadecimal."""

    register: ConsentRegister
    pseudonym_key: str


def note_product(uow: UnitOfWork, *, product_id: str, supplier_id: str) -> None:
    """Know whose product it is; its register stays closed until the supplier opens it."""
    uow.session.add(
        ConsentRegister(product_id=product_id, supplier_id=supplier_id, noted_at=uow.now)
    )


def forget_product(uow: UnitOfWork, *, product_id: str) -> None:
    """The product is deleted; raises `ConsentRegisterInUse` once its register was opened."""
    register = uow.session.get(ConsentRegister, product_id, with_for_update=True)
    if register is None:
        return
    if register.opened_at is not None:
        raise ConsentRegisterInUse(product_id)
    uow.session.delete(register)


def name_listing(uow: UnitOfWork, *, product_id: str, listing_code: str) -> None:
    """Under which code the product is listed; the data plane is told its pseudonym key."""
    register = uow.session.get(ConsentRegister, product_id, with_for_update=True)
    if register is None or register.listing_code is not None:
        return
    register.listing_code = listing_code
    _tell_key(uow, register)


def open_register(
    uow: UnitOfWork, kit: ConsentKit, principal: Principal, *, product_id: str
) -> OpenedRegister:
    """Make the product's pseudonym key; it is shown this once.

    Raises `ConsentRegisterNotFound`, `ConsentRegisterOpen`.
    """
    register = lock_register(uow, principal, product_id)
    if register.key_ciphertext is not None:
        raise ConsentRegisterOpen(product_id)
    key = kit.entropy(KEY_BYTES)
    register.key_ciphertext = kit.cipher.encrypt(key, context=register.key_context)
    register.opened_at = uow.now
    _tell_key(uow, register)
    return OpenedRegister(register, key.hex())


def _tell_key(uow: UnitOfWork, register: ConsentRegister) -> None:
    if register.listing_code is None or register.key_ciphertext is None:
        return
    uow.record(
        PseudonymKeyMade(
            occurred_at=uow.now,
            product_id=register.product_id,
            listing_code=register.listing_code,
            supplier_id=register.supplier_id,
            key_ciphertext=register.key_ciphertext,
            key_context=register.key_context,
        )
    )


def lock_register(uow: UnitOfWork, principal: Principal, product_id: str) -> ConsentRegister:
    """The principal's own register, held to the end; raises `ConsentRegisterNotFound`."""
    # Its id never changes: a consent that is recorded just now refers to it and need not wait.
    held = {"key_share": True}
    register = uow.session.get(ConsentRegister, product_id, with_for_update=held)
    if register is None or register.supplier_id != principal.organisation_id:
        raise ConsentRegisterNotFound(product_id)
    return register


def get_open_register(
    uow: UnitOfWork, principal: Principal, product_id: str, *, is_test: bool
) -> ConsentRegister:
    """The principal's own register in which answers can be recorded; a test needs no listing.

    Raises `ConsentRegisterNotFound`, `ConsentRegisterClosed`.
    """
    register = uow.session.get(ConsentRegister, product_id)
    if register is None or register.supplier_id != principal.organisation_id:
        raise ConsentRegisterNotFound(product_id)
    if register.key_ciphertext is None:
        raise ConsentRegisterClosed(product_id, "pseudonym key")
    if register.listing_code is None and not is_test:
        raise ConsentRegisterClosed(product_id, "listing code: submit a version first")
    return register
