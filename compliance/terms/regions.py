"""Regions as a hierarchy: the world, a country, and Chinese divisions by GB/T 2260 prefix."""

import re
from collections.abc import Iterable

from compliance.terms import antichains

WORLD = "WORLD"
CHINA = "CN"
_CODE = re.compile(r"WORLD|[A-Z]{2}|[1-9]\d(?:\d{2}){0,2}", re.ASCII)


def is_region(code: str) -> bool:
    """Whether the text is WORLD, an ISO 3166-1 country or a GB/T 2260 code of 2, 4 or 6 digits."""
    return _CODE.fullmatch(code) is not None


def canonical(code: str) -> str:
    """The one spelling of a region: GB/T 2260 zeros that name nothing below are left out."""
    while len(code) > len("31") and code.endswith("00"):
        code = code.removesuffix("00")
    return code


def covers(wide: str, narrow: str) -> bool:
    """Whether a grant for the one region includes the other; both in canonical spelling."""
    if wide in {WORLD, narrow}:
        return True
    if not narrow[:1].isdigit():
        return False
    return wide == CHINA or (wide[:1].isdigit() and narrow.startswith(wide))


def within(wanted: Iterable[str], granted: Iterable[str]) -> bool:
    """Whether every wanted region lies inside the granted ones."""
    return antichains.within(map(canonical, wanted), map(canonical, granted), covers)
