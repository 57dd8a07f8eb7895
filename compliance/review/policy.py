"""The review's policy: limits and deadlines as dated data, each with owner, source and flag."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

from app.core.canonical import digest_hex
from app.core.exchange_calendar import day_of, day_start
from compliance.review.errors import PolicyInvalid

_SATURDAY = 5


@dataclass(frozen=True)
class Policy:
    """The values in force; days are calendar days unless they are called working days."""

    publicity_working_days: int
    supplement_rounds_max: int
    supplement_days: int
    intake_working_days: int
    review_working_days: int
    second_working_days: int
    panel_working_days: int
    listing_working_days: int
    panel_size: int
    panel_quorum: int
    rotation_cases: int
    medium_risk_points: int
    high_risk_points: int
    ratification_hours: int
    delisting_notice_days: int
    appeal_days: int
    appeal_decision_days: int
    holidays: frozenset[date]

    def after_working_days(self, instant: datetime, count: int) -> datetime:
        """The end of the ``count``-th working day after an instant's day; itself for none.

        Days are Asia/Shanghai's; Saturdays, Sundays and the policy's holidays do not count.
        """
        if count == 0:
            return instant
        day, left = day_of(instant), count
        while left:
            day += timedelta(days=1)
            left -= day.weekday() < _SATURDAY and day not in self.holidays
        return day_start(day + timedelta(days=1))


NUMBERS = tuple(each.name for each in fields(Policy) if each.name != "holidays")


def read(document: Mapping[str, Any]) -> Policy:
    """The policy of a document; raises `PolicyInvalid` with every fault."""
    parameters, faults = document["parameters"], []
    for name in NUMBERS:
        given = parameters[name]
        if not given["low"] <= given["value"] <= given["high"]:
            faults.append(_fault(name, f"From {given['low']} to {given['high']}."))
    values = {name: int(parameters[name]["value"]) for name in NUMBERS}
    faults += _faults_between(values)
    if faults:
        raise PolicyInvalid(faults)
    holidays = frozenset(date.fromisoformat(day) for day in document["holidays"])
    return Policy(**values, holidays=holidays)


def _faults_between(values: Mapping[str, int]) -> list[dict[str, str]]:
    faults = [
        _fault(name, "A panel is odd, so that it cannot be tied.")
        for name in ("panel_size", "panel_quorum")
        if values[name] % 2 == 0
    ]
    if values["panel_quorum"] > values["panel_size"]:
        faults.append(_fault("panel_quorum", "No more than there are seats."))
    if values["medium_risk_points"] >= values["high_risk_points"]:
        faults.append(_fault("high_risk_points", "More than for medium risk."))
    return faults


def _fault(name: str, detail: str) -> dict[str, str]:
    return {"pointer": f"/values/{name}", "detail": detail}


def amended(
    document: Mapping[str, Any],
    *,
    values: Mapping[str, int],
    holidays: list[date] | None,
    reference: str,
) -> dict[str, Any]:
    """The document with some values changed, each under the reference that decided so.

    Raises `PolicyInvalid`.
    """
    unknown = sorted(set(values) - set(NUMBERS))
    if unknown:
        raise PolicyInvalid([_fault(name, "There is no such parameter.") for name in unknown])
    changed = {
        name: {**document["parameters"][name], "value": value, "reference": reference}
        for name, value in values.items()
    }
    days = document["holidays"] if holidays is None else sorted(d.isoformat() for d in holidays)
    made = {
        **document,
        "parameters": {**document["parameters"], **changed},
        "holidays": days,
    }
    read(made)
    return made


@cache
def shipped() -> dict[str, Any]:
    """The document that an exchange begins with."""
    text = resources.files("compliance.review").joinpath("policy.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def hash_of(document: Mapping[str, Any]) -> str:
    """What the log says of a policy."""
    return digest_hex(dict(document))
