"""Turns a data contract (ODCS 3) into the form of a draft, and says what could not be carried."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from listings.data_contracts import members
from listings.errors import Fault

FORM_MEMBERS_BY_ITSELF = frozenset({"name", "fields_in", "fields_out", "upstream"})
"""What the standard has its own words for; a custom property cannot say it a second time."""


@dataclass
class ReadContract:
    """A contract taken apart; ``places`` say where a member of the form stands in the contract."""

    form: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    ignored: list[Fault] = field(default_factory=list)

    def put(self, name: str, value: Any, pointer: str) -> None:
        """Set a member of the form and remember where it came from."""
        self.form[name], self.places[f"#/{name}"] = value, pointer

    def fault(self, pointer: str, detail: str) -> None:
        """Note what is wrong."""
        self.faults.append(Fault(pointer, detail))

    def ignore(self, pointer: str, detail: str) -> None:
        """Note what was read past."""
        self.ignored.append(Fault(pointer, detail))

    def in_contract(self, pointer: str) -> str:
        """Where a pointer into the form leads in the contract."""
        head, rest = pointer, ""
        while head not in self.places:
            head, slash, last = head.rpartition("/")
            if not slash:
                return pointer
            rest = f"/{last}{rest}"
        return self.places[head] + rest


def read_contract(document: Mapping[str, Any]) -> ReadContract:
    """The form of a draft; members that we have no place for stand in ``ignored``."""
    read = ReadContract()
    _read_header(read, document)
    for pointer, entry in _entries(read, document, "customProperties"):
        _read_custom(read, entry, pointer)
    _read_description(read, document.get("description"))
    for pointer, entry in _entries(read, document, "schema"):
        _read_object(read, entry, pointer)
    for pointer, entry in _entries(read, document, "slaProperties"):
        _read_service_level(read, entry, pointer)
    for pointer, entry in _entries(read, document, "servers"):
        _read_server(read, entry, pointer)
    _read_price(read, document.get("price"))
    return read


def _entries(
    read: ReadContract, owner: Mapping[str, Any], name: str, pointer: str = "#"
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The objects of a list with their pointers; whatever is no object is a fault."""
    found = owner.get(name)
    if found is not None and not isinstance(found, list):
        read.fault(f"{pointer}/{name}", "A list of objects.")
        return
    for at, entry in enumerate(found or ()):
        if isinstance(entry, Mapping):
            yield f"{pointer}/{name}/{at}", entry
        else:
            read.fault(f"{pointer}/{name}/{at}", "An object.")


def _read_header(read: ReadContract, document: Mapping[str, Any]) -> None:
    if document.get("kind") != members.KIND:
        read.fault("#/kind", f"A contract is of kind {members.KIND}.")
    if document.get("apiVersion") not in members.API_VERSIONS:
        known = ", ".join(sorted(members.API_VERSIONS))
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
    for at, declared in _entries(read, entry, "properties", pointer):
        place = f"#/{name}/{len(fields)}"
        read.places[place] = at
        read.places |= {
            f"{place}/{ours}": f"{at}/{theirs}" for ours, theirs in members.FIELD_PLACES.items()
        }
        fields.append(_field(read, declared, at, is_input=name == "fields_in"))
    read.put(name, fields, f"{pointer}/properties")


_FIELD_MEMBERS = frozenset(
    {
        "name",
        "logicalType",
        "physicalType",
        "logicalTypeOptions",
        "required",
        "primaryKey",
        "description",
        "examples",
        "classification",
        "customProperties",
        "quality",
        "primaryKeyPosition",
    }
)


def _field(
    read: ReadContract, declared: Mapping[str, Any], pointer: str, *, is_input: bool
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    kind = declared.get("logicalType")
    if not isinstance(kind, str) or kind not in members.TYPES:
        read.fault(f"{pointer}/logicalType", f"One of {', '.join(sorted(members.TYPES))}.")
    else:
        made["type"] = members.TYPES[kind]
    made |= {name: declared[name] for name in ("name", "description") if name in declared}
    is_required = declared.get("required", False)
    if is_input:
        made["required"] = is_required
    else:
        made["nullable"] = not is_required if isinstance(is_required, bool) else is_required
        if "primaryKey" in declared:
            made["key"] = declared["primaryKey"]
    if "classification" in declared:
        made["classification"] = str(declared["classification"]).upper()
    _read_examples(read, made, declared, pointer)
    _read_options(read, made, declared.get("logicalTypeOptions"), pointer)
    for at, entry in _entries(read, declared, "customProperties", pointer):
        _read_field_extra(read, made, entry, at)
    for at, rule in _entries(read, declared, "quality", pointer):
        _read_rule(read, made, rule, at)
    for unread in sorted(declared.keys() - _FIELD_MEMBERS):
        read.ignore(f"{pointer}/{unread}", "Not carried by a field.")
    return made


def _read_examples(
    read: ReadContract, made: dict[str, Any], declared: Mapping[str, Any], pointer: str
) -> None:
    examples = declared.get("examples") or []
    if not isinstance(examples, list):
        read.fault(f"{pointer}/examples", "A list.")
    elif examples:
        first = examples[0]
        made["example"] = str(Decimal(repr(first))) if isinstance(first, float) else first
        if len(examples) > 1:
            read.ignore(f"{pointer}/examples/1", "A field has one example.")


def _read_options(read: ReadContract, made: dict[str, Any], options: Any, pointer: str) -> None:
    if options is None:
        return
    if not isinstance(options, Mapping):
        read.fault(f"{pointer}/logicalTypeOptions", "An object.")
        return
    for name, value in options.items():
        place = members.OPTIONS.get(name)
        if place is None:
            read.ignore(f"{pointer}/logicalTypeOptions/{name}", "Not enforced by the exchange.")
        elif place in {"minimum", "maximum"}:
            # A bound is text: floats do not enter a dossier.
            made[place] = value if isinstance(value, str) else format(Decimal(repr(value)), "f")
        else:
            made[place] = value


def _read_field_extra(
    read: ReadContract, made: dict[str, Any], entry: Mapping[str, Any], pointer: str
) -> None:
    if entry.get("property") in members.FIELD_EXTRAS:
        made[entry["property"]] = entry.get("value")
    else:
        read.ignore(pointer, f"A field carries {', '.join(members.FIELD_EXTRAS)}.")


def _read_rule(
    read: ReadContract, made: dict[str, Any], rule: Mapping[str, Any], pointer: str
) -> None:
    values = rule.get("validValues")
    if rule.get("rule") == "validValues" and isinstance(values, list):
        made.setdefault("coded_values", [{"code": str(v), "label": str(v)} for v in values])
    else:
        read.ignore(pointer, "Of quality rules, validValues is enforced on every answer.")


def _read_service_level(read: ReadContract, entry: Mapping[str, Any], pointer: str) -> None:
    name, unit = entry.get("property"), str(entry.get("unit", ""))
    number = _number(entry.get("value"))
    if number is None:
        read.fault(f"{pointer}/value", "A number that is not negative.")
    elif name == "latency" and unit in members.SECONDS:
        read.put("freshness_seconds", int(number * members.SECONDS[unit]), f"{pointer}/value")
    elif name == "frequency" and (format(number, "f"), unit) in members.FREQUENCIES:
        frequency = members.FREQUENCIES[format(number, "f"), unit]
        read.put("update_frequency", frequency, f"{pointer}/value")
    elif name == "retention" and unit in {"d", "day", "days"} and number == int(number):
        read.put("retention", f"FIXED:{int(number)}", f"{pointer}/value")
    elif name in _PROMISES:
        member, scale = _PROMISES[name]
        promised = read.form.setdefault("service_level", {})
        promised[member] = int(number * scale)
        read.places[f"#/service_level/{member}"] = f"{pointer}/value"
    else:
        read.ignore(pointer, "Not a service level that a listing promises, or not in this unit.")


_PROMISES = {
    "availability": ("availability_bp", 100),
    "throughput": ("qps", 1),
    "responseTimeP95": ("latency_p95_ms", 1),
}
"""Per cent, calls a second, milliseconds -> member and its scale."""


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number < 10**12 else None


def _read_server(read: ReadContract, entry: Mapping[str, Any], pointer: str) -> None:
    if entry.get("type") != "api":
        read.ignore(pointer, "The exchange calls servers of type api only.")
        return
    if "upstream" in read.form:
        read.fault(pointer, "A product has one upstream.")
        return
    upstream = {"url": entry.get("location")}
    for at, custom in _entries(read, entry, "customProperties", pointer):
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
        read.fault("#/price/priceAmount", "A number that is not negative.")
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
