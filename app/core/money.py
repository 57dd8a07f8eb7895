"""Money as 64-bit integers at scale 10⁻⁸ of the currency unit; floats never enter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SCALE = 10**8
MINOR = 10**6
"""Units in one minor unit (a fen): 10⁻² of the currency unit at scale 10⁻⁸."""
UNITS_MAX = 2**63 - 1

CURRENCIES = ("CNY", "USD", "EUR", "HKD")
"""Currencies with two decimal places, as every rounding assumes (ISO 4217)."""
HOME_CURRENCY = "CNY"

_AMOUNT = re.compile(r"(-?)(\d{1,11})(?:\.(\d{1,8}))?", re.ASCII)


class NotAnAmount(ValueError):
    """The text is not a decimal amount with at most eight places inside 64 bits."""


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum."""


def parse_amount(text: str) -> int:
    """Units at scale 10⁻⁸ from a decimal string such as ``"0.40"``.

    Raises `NotAnAmount` for anything else: exponents, signs other than ``-``, more than eight
    places, amounts beyond 64 bits.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise NotAnAmount
    sign, whole, fraction = match.groups()
    units = int(whole) * SCALE + int((fraction or "").ljust(8, "0"))
    if units > UNITS_MAX:
        raise NotAnAmount
    return -units if sign else units


def format_amount(units: int) -> str:
    """The decimal string with exactly eight places: ``40000000`` -> ``"0.40000000"``."""
    whole, fraction = divmod(abs(units), SCALE)
    return f"{'-' if units < 0 else ''}{whole}.{fraction:08d}"


def round_half_up_to_minor(units: int) -> int:
    """Units rounded half-up (away from zero at the half) to whole minor units (10⁻²)."""
    rounded = (abs(units) + MINOR // 2) // MINOR * MINOR
    return rounded if units >= 0 else -rounded


def split_units(units: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Non-negative units shared by weight with largest remainder; the parts sum to the whole.

    Ties go to the earlier key, so the same input always gives the same parts.
    """
    total = sum(weights.values())
    if units < 0 or total <= 0 or min(weights.values()) < 0:
        msg = "a split needs a non-negative amount and non-negative weights, not all zero"
        raise ValueError(msg)
    shares = {name: units * weight // total for name, weight in weights.items()}
    left = units - sum(shares.values())
    if left:  # seldom: a share in basis points of a price with four decimals comes out even
        by_remainder = sorted(weights, key=lambda name: -(units * weights[name] % total))
        for name in by_remainder[:left]:
            shares[name] += 1
    return shares


@dataclass(frozen=True, order=False)
class Money:
    """An amount of one currency; ``units`` counts 10⁻⁸ of the currency unit."""

    units: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.units) is not int or abs(self.units) > UNITS_MAX:
            msg = "money is a 64-bit integer of 10⁻⁸ units"
            raise ValueError(msg)

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Money from a decimal string; raises `NotAnAmount`."""
        return cls(parse_amount(text), currency)

    @property
    def text(self) -> str:
        """The decimal string with eight places."""
        return format_amount(self.units)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch
        return other.units

    def __add__(self, other: "Money") -> "Money":
        return Money(self.units + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.units - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.units, self.currency)

    def __mul__(self, count: int) -> "Money":
        if type(count) is not int:
            msg = "money is multiplied by whole counts only"
            raise TypeError(msg)
        return Money(self.units * count, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.units < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.units <= self._same(other)

    def split(self, weights: Mapping[str, int]) -> dict[str, "Money"]:
        """Shares by weight with largest remainder; they sum to the whole."""
        return {
            name: Money(units, self.currency)
            for name, units in split_units(self.units, weights).items()
        }
