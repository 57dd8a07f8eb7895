"""May this call be made: default deny, the answer a value that names rule, law and input."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import NamedTuple

from metering.calls.refusals import (
    CallRefused,
    FieldNotLicensed,
    FilesUndivided,
    LicenceNotActive,
    ListingNotDelivering,
    ListingNotLicensed,
    NetworkNotAllowed,
    PurposeMissing,
    PurposeNotLicensed,
)
from metering.views import KeyView


class CallFacts(NamedTuple):
    """What a call brings that its licence can stand against."""

    at: datetime
    listing_code: str
    client_address: str
    """Of the socket; what a header claims about it is nobody's business here."""
    purpose: str | None = None
    """What it says that it is for, else the only thing that its licence permits."""
    fields: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Permitted:
    """No rule stands against the call."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The rule that decided, its legal reference and the input it saw."""

    rule: str
    law: str
    detail: str
    refusal: type[CallRefused]
    inputs: dict[str, str] = field(default_factory=dict)

    def as_error(self) -> CallRefused:
        """The refusal to raise."""
        return self.refusal(self.detail, rule=self.rule, law=self.law, inputs=self.inputs)


Decision = Permitted | Refused
PERMITTED = Permitted()
_PURPOSES = "PIPL 6, 23"
_Rule = Callable[[KeyView, CallFacts], Refused | None]


def _licence_state(key: KeyView, _facts: CallFacts) -> Refused | None:
    state = key.licence.state
    if state == "active":
        return None
    detail = "The licence was revoked."
    law = "DSL 33; agreement: revocation"
    return Refused("METER-LICENCE", law, detail, LicenceNotActive, {"state": state})


def _licence_period(key: KeyView, facts: CallFacts) -> Refused | None:
    licence = key.licence
    if licence.starts_at <= facts.at < licence.ends_at:
        return None
    inputs = {
        "at": facts.at.isoformat(),
        "starts_at": licence.starts_at.isoformat(),
        "ends_at": licence.ends_at.isoformat(),
    }
    detail = "The call is outside the licence's period."
    return Refused("METER-PERIOD", "agreement: period", detail, LicenceNotActive, inputs)


def _listing(key: KeyView, facts: CallFacts) -> Refused | None:
    if facts.listing_code == key.licence.listing_code:
        return None
    detail = "The key's licence is for another listing."
    inputs = {"asked": facts.listing_code[:64], "licensed": key.licence.listing_code}
    return Refused("METER-LISTING", "agreement: subject", detail, ListingNotLicensed, inputs)


def _route_state(key: KeyView, _facts: CallFacts) -> Refused | None:
    state = key.licence.route.state
    if state == "open":
        return None
    detail = f"The listing is {state}."
    law = "Shanghai Data Reg. 55; exchange rules: suspension"
    return Refused("METER-ROUTE", law, detail, ListingNotDelivering, {"state": state})


def _network(key: KeyView, facts: CallFacts) -> Refused | None:
    if not key.networks:
        return None
    try:
        address = ip_address(facts.client_address)
    except ValueError:
        address = None
    if address is not None and any(address in network for network in key.networks):
        return None
    inputs = {"address": facts.client_address[:64]}
    detail = "The client's address is outside the key's networks."
    return Refused("METER-NETWORK", "agreement: networks", detail, NetworkNotAllowed, inputs)


def _purpose(key: KeyView, facts: CallFacts) -> Refused | None:
    licensed = key.licence.purposes
    if facts.purpose is None:
        return _unsaid(licensed) if key.licence.is_about_persons else None
    if licensed is None or facts.purpose in licensed:
        return None
    inputs = {"asserted": facts.purpose[:64], "licensed": ",".join(sorted(licensed))}
    detail = "The asserted purpose is not one of the licence's."
    return Refused("METER-PURPOSE", _PURPOSES, detail, PurposeNotLicensed, inputs)


def _unsaid(licensed: frozenset[str] | None) -> Refused:
    inputs = {"licensed": ",".join(sorted(licensed or ()))}
    detail = "The data is about persons: say in Purpose what this call is for."
    return Refused("METER-PURPOSE", _PURPOSES, detail, PurposeMissing, inputs)


def _fields(key: KeyView, facts: CallFacts) -> Refused | None:
    licensed = key.licence.fields
    if facts.fields is None or licensed is None or facts.fields <= licensed:
        return None
    inputs = {"not_licensed": ",".join(sorted(facts.fields - licensed))[:256]}
    detail = "The call asks for fields that the licence does not have."
    return Refused("METER-FIELDS", "PIPL 6; scenario: fields", detail, FieldNotLicensed, inputs)


def _files(key: KeyView, facts: CallFacts) -> Refused | None:
    """Nobody narrows a file to some of its fields."""
    licence = key.licence
    allowed = licence.fields if facts.fields is None else facts.fields
    if licence.route.files is None or allowed is None:
        return None
    left_out = licence.route.answer_schema.names - allowed
    if not left_out:
        return None
    inputs = {"left_out": ",".join(sorted(left_out))[:256]}
    detail = "The files hold fields that the licence, or the call, leaves out."
    return Refused("METER-FILES", "PIPL 6; scenario: fields", detail, FilesUndivided, inputs)


RULES: tuple[_Rule, ...] = (
    _listing,
    _licence_state,
    _licence_period,
    _route_state,
    _network,
    _purpose,
    _fields,
    _files,
)


def decide(key: KeyView, facts: CallFacts) -> Decision:
    """The first rule that stands against the call, or `PERMITTED`."""
    for rule in RULES:
        refused = rule(key, facts)
        if refused is not None:
            return refused
    return PERMITTED
