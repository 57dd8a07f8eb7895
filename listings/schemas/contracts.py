"""A draft that was read from a data contract, and what of the contract it does not carry."""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, fields

from app.web.schemas import Schema
from listings.data_contracts.errors import ContractInvalid
from listings.data_contracts.form import ReadContract
from listings.errors import Fault, VersionInvalid
from listings.schemas.content import DraftVersionSchema
from listings.schemas.products import VersionSchema


class IgnoredPartSchema(Schema):
    """A part of the contract that the draft does not carry."""

    pointer = fields.String()
    detail = fields.String()


class ContractVersionSchema(VersionSchema):
    """The draft, and every part of the contract that it does not carry."""

    ignored = fields.List(fields.Nested(IgnoredPartSchema))


def load_contract(read: ReadContract) -> dict[str, Any]:
    """The form as a draft's command; raises `ContractInvalid` with pointers into the contract."""
    faults = list(read.faults)
    form: dict[str, Any] = {}
    try:
        form = DraftVersionSchema().load(read.form)
    except ValidationError as error:
        messages = error.messages_dict
        faults += [
            Fault(read.in_contract(pointer), detail)
            for pointer, detail in _flattened(messages, "#")
        ]
    if faults:
        raise ContractInvalid(faults)
    return form


def in_contract(read: ReadContract, refusal: VersionInvalid) -> ContractInvalid:
    """A draft's contradictions by their place in the contract."""
    return ContractInvalid(
        [Fault(read.in_contract(fault.pointer), fault.detail) for fault in refusal.faults]
    )


def _flattened(messages: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            yield from _flattened(below, pointer if name == "_schema" else f"{pointer}/{name}")
    else:
        yield from ((pointer, str(message)) for message in messages)
