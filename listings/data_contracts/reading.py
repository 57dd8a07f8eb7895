"""Turns a data contract (ODCS 3) into the form of a draft, and says what could not be carried."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from listings.data_contracts import members
from listings.data_contracts.field_reading import read_field
from listings.data_contracts.form import ReadContract, entries

FORM_MEMBERS_BY_ITSELF = frozenset({"name", "fields_in", "fields_out", "upstream"})
"""What the standard has its own words for; a custom property cannot say it a second time."""

_PLACES_MAX = 18
_NOT_A_NUMBER = f"A number that is not negative, of at most {_PLACES_MAX} places."


def read_contract(document: Mapping[str, Any]) -> ReadContract:
    """The form of a draft; members that we have no place for stand in ``ignored``."""
    read = ReadContract()
    _read_header(read, document)
    for pointer, entry in entries(read, document, "customProperties"):
        _read_custom(read, entry, pointer)
    _read_description(read, document.get("description"))
    for pointer, entry in entries(read, document, "schema"):
        _read_object(read, entry, pointer)
    for pointer, entry in entries(read, document, "slaProperties"):
        _read_service_level(read, entry, pointer)
    for pointer, entry in entries(read, document, "servers"):
        _read_server(read, entry, pointer)
    _read_price(read, document.get("price"))
    return read


def _read_header(read: ReadContract, document: Mapping[str, Any]) -> None:
    if document.get("kind") != members.KIND:
        read.fault("#/kind", f"A contract is of kind {members.KIND}.")
    if document.get("apiVersion") not in members.API_VERSIONS:
        known = ", ".join(members.API_VERSIONS)
        read.fault("#/apiVersion", f"Versions that are read: {known}.")
    for name in document.keys() - members.EXPECTED:
        why = members.UNSUPPORTED.get(name)
        if why:
            read.ignore(f"#/{name}", why)
        else:
            read.fault(f"#/{name}", "No member of the standard.")
    if "name" in document:
        read.put("name", document["name"], "#/name")
    if document.get("tags"):
        read.put("keywords", document["tags"], "#/tags")


def _read_custom(read: ReadContract, entry: Mapping[str, Any], pointer: str) -> None:
    name = entry.get("property")
    if not isinstance(name, str) or "value" not in entry:
        read.fault(pointer, "A property and its value.")
    elif name in FORM_MEMBERS_BY_ITSELF:
        read.fault(f"{pointer}/property", "The standard has its own member for this.")
    elif name in read.form:
        read.fault(f"{pointer}/property", "Said before.")
    else:
        read.put(name, entry["value"], f"{pointer}/value")


def _read_description(read: ReadContract, description: Any) -> None:
    if description is None:
        return
    if not isinstance(description, Mapping):
        read.fault("#/description", "An object with purpose, usage, limitations.")
        return
    for name, value in description.items():
        place = {"purpose": "description", "usage": "use_cases"}.get(name)
        if place:
            read.put(place, value, f"#/description/{name}")
        else:
            read.ignore(
                f"#/description/{name}",
                "Limits of use are the custom properties allowed_purposes, forbidden_purposes,"
                " retention and transfer_rule.",
            )


def _read_object(read: ReadContract, entry: Mapping[str, Any], pointer: str) -> None:
    name = "fields_in" if entry.get("name") == members.REQUEST else "fields_out"
    if name in read.form:
        read.fault(pointer, "A product has one object of output fields, and one named request.")
        return
    for unread in entry.keys() - {"name", "logicalType", "properties", "description"}:
        read.ignore(f"{pointer}/{unread}", "Not carried by a listing.")
    fields: list[dict[str, Any]] = []
    for at, declared in entries(read, entry, "properties", pointer):
        place = f"#/{name}/{len(fields)}"
        read.places[place] = at
        read.places |= {
            f"{place}/{ours}": f"{at}/{theirs}" for ours, theirs in members.FIELD_PLACES.items()
        }
        fields.append(read_field(read, declared, at, is_input=name == "fields_in"))
    read.put(name, fields, f"{pointer}/properties")


def _read_service_level(read: ReadContract, entry: Mapping[str, Any], pointer: str) -> None:
    name, unit = entry.get("property"), str(entry.get("unit", ""))
    number = _number(entry.get("value"))
    if number is None:
        read.fault(f"{pointer}/value", _NOT_A_NUMBER)
    elif name == "latency" and unit in members.SECONDS:
        read.put("freshness_seconds", int(number * members.SECONDS[unit]), f"{pointer}/value")
    elif name == "frequency" and (format(number, "f"), unit) in members.FREQUENCIES:
        frequency = members.FREQUENCIES[format(number, "f"), unit]
        read.put("update_frequency", frequency, f"{pointer}/value")
    elif name == "retention" and unit in {"d", "day", "days"} and number == int(number):
        read.put("retention", f"FIXED:{int(number)}", f"{pointer}/value")
    elif isinstance(name, str) and name in members.PROMISES:
        _promise(read, name, number, f"{pointer}/value")
    else:
        read.ignore(pointer, "Not a service level that a listing promises, or not in this unit.")


def _promise(read: ReadContract, name: str, number: Decimal, pointer: str) -> None:
    member, scale = members.PROMISES[name]
    promised = read.form.setdefault("service_level", {})
    # A custom property may have said it before; what is no object there is refused by its shape.
    if isinstance(promised, dict):
        promised[member] = int(number * scale)
        read.places[f"#/service_level/{member}"] = pointer


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    if not number.is_finite() or not 0 <= number < 10**12:
        return None
    # Written out, 1e-999999999 is a gigabyte of zeros.
    return number if int(number.as_tuple().exponent) >= -_PLACES_MAX else None


def _read_server(read: ReadContract, entry: Mapping[str, Any], pointer: str) -> None:
    if entry.get("type") != "api":
        read.ignore(pointer, "The exchange calls servers of type api only.")
        return
    if "upstream" in read.form:
        read.fault(pointer, "A product has one upstream.")
        return
    upstream = {"url": entry.get("location")}
    for at, custom in entries(read, entry, "customProperties", pointer):
        if custom.get("property") in members.SERVER_EXTRAS:
            upstream[custom["property"]] = custom.get("value")
        else:
            read.ignore(at, "A credential is set in the draft itself, never in a contract.")
    read.put("upstream", upstream, pointer)
    read.places["#/upstream/url"] = f"{pointer}/location"


def _read_price(read: ReadContract, price: Any) -> None:
    if price is None:
        return
    if not isinstance(price, Mapping):
        read.fault("#/price", "An object with priceAmount, priceCurrency, priceUnit.")
        return
    if members.OFFERS in read.form:
        read.ignore("#/price", "The custom property offers says it in full.")
        return
    amount = _number(price.get("priceAmount"))
    if amount is None:
        read.fault("#/price/priceAmount", _NOT_A_NUMBER)
        return
    plan = {
        "kind": "per_call",
        "unit": price.get("priceUnit", "call"),
        "unit_price": format(amount, "f"),
        "currency": price.get("priceCurrency", "CNY"),
    }
    read.put(members.OFFERS, [{"name": "Standard", "plans": [plan]}], "#/price")
    read.places["#/offers/0/plans/0/unit"] = "#/price/priceUnit"
    read.places["#/offers/0/plans/0/unit_price"] = "#/price/priceAmount"
    read.places["#/offers/0/plans/0/currency"] = "#/price/priceCurrency"
