"""What a demand must not say: a budget upside down, and whom to reach past the exchange."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from listings.errors import Fault

# Bounded by what is no digit or Latin letter: a number may stand between two Han characters.
_CONTACTS = re.compile(
    r"""
    [a-z0-9_.+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+                          # e-mail
    | (?<![a-z0-9.-])(86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![a-z0-9.])  # mobiles of China
    | (?<![a-z0-9.-])0\d{2,3}-\d{7,8}(?![a-z0-9])                    # fixed lines of China
    | (?<![a-z0-9])\+\d{1,3}[ -]?\d[\d -]{6,14}\d(?![a-z0-9])       # with a country's code
    | (微信|wechat|weixin|(?<![a-z])qq)(号|[ ]?id)?[\s:]{0,3}[a-z0-9_-]*\d[a-z0-9_-]{3,}
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def demand_faults(form: Mapping[str, Any]) -> list[Fault]:
    """Everything that is wrong with what a demand says, by its place."""
    return [*_budget_faults(form), *_contact_faults(form)]


def _budget_faults(form: Mapping[str, Any]) -> Iterator[Fault]:
    least, most = form["budget_min_amount"], form["budget_max_amount"]
    if least is not None and most is not None and least > most:
        yield Fault("#/budget_max_amount", "At least budget_min_amount.")


def _contact_faults(form: Mapping[str, Any]) -> Iterator[Fault]:
    for pointer, text in _texts(form):
        if _CONTACTS.search(unicodedata.normalize("NFKC", text)):
            yield Fault(pointer, "No telephone number, e-mail or chat address: everybody reads it.")


def _texts(form: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("title", "description", "intended_use"):
        yield f"#/{name}", form[name]
    for place, field in enumerate(form["fields"]):
        for name in ("name", "description"):
            yield f"#/fields/{place}/{name}", field.get(name, "")
