"""A plan's price in one line, in English and in Chinese."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from listings.offers.plan_terms import (
    CARRY,
    GRADUATED,
    PACKAGE,
    PER_CALL,
    SUBSCRIPTION,
    VOLUME,
    YEARLY,
    Terms,
)
from listings.vocabulary import Language, labelled

_CURRENCY_ZH = {"CNY": "元", "USD": "美元", "EUR": "欧元", "HKD": "港元"}
_PERIOD = {
    "month": ("month", "月"),
    "quarter": ("quarter", "季"),
    "year": ("year", "年"),
    "term": ("term", "期"),
}
_MINOR_PLACES = 2


def price_label(terms: Terms, language: Language) -> str:
    """What the plan costs, such as ``0.40 CNY a call; the first 10 are free``."""
    words = _Words(terms, language)
    parts = [_SAYINGS[terms["kind"]](words), *_extras(words)]
    return ("；" if language == "zh" else "; ").join(part for part in parts if part)


class _Words:
    """The terms with the words of one language."""

    def __init__(self, terms: Terms, language: Language) -> None:
        self.terms = terms
        self.is_chinese = language == "zh"
        self.unit = labelled("units", terms["unit"], language)["label"]

    def __getitem__(self, name: str) -> Any:
        return self.terms.get(name)

    def say(self, english: str, chinese: str) -> str:
        return chinese if self.is_chinese else english

    def money(self, amount: str) -> str:
        """The amount without needless zeros, at least to the minor unit."""
        value = Decimal(amount).normalize()
        exponent = value.as_tuple().exponent
        places = -exponent if isinstance(exponent, int) else 0
        text = f"{value:,.{max(places, _MINOR_PLACES)}f}"
        currency = self.terms["currency"]
        return f"{text} {currency}" if not self.is_chinese else f"{text} {_CURRENCY_ZH[currency]}"

    def period(self, period: str) -> str:
        english, chinese = _PERIOD[period]
        return chinese if self.is_chinese else english

    def count(self, units: int) -> str:
        """A number of units: ``1,000 calls``."""
        english = f"{units:,} {self.unit}{'' if units == 1 else 's'}"
        return f"{units:,} {self.unit}" if self.is_chinese else english


def _per_call(words: _Words) -> str:
    price = words.money(words["unit_price"])
    return words.say(f"{price} a {words.unit}", f"每{words.unit} {price}")


def _tiers(words: _Words) -> str:
    steps = words.say(", ", "，").join(_tier(words, tier) for tier in words["tiers"])
    period = words.period(words["period"])
    if words["kind"] == GRADUATED:
        return words.say(
            f"by steps within a {period}: {steps}", f"按{period}阶梯计价（各档分别计）：{steps}"
        )
    return words.say(
        f"by the whole volume of a {period}: {steps}",
        f"按{period}总量计价（全部按所达档）：{steps}",
    )


def _tier(words: _Words, tier: Mapping[str, Any]) -> str:
    price = words.money(tier["unit_price"])
    if tier["up_to"] is None:
        return words.say(f"beyond {price}", f"以上 {price}")
    return words.say(f"up to {tier['up_to']:,} {price}", f"至 {tier['up_to']:,} {price}")


def _package(words: _Words) -> str:
    price, units = words.money(words["package_price"]), words.count(words["package_units"])
    days = words["valid_days"]
    return words.say(f"{price} for {units} in {days} days", f"{price}含 {units}，{days} 天内有效")


def _subscription(words: _Words) -> str:
    fee, period = words.money(words["period_fee"]), words.period(words["period"])
    units = words.count(words["included_units"])
    told = words.say(f"{fee} a {period}, {units} included", f"每{period} {fee}，含 {units}")
    if words["overage_price"] is None:
        return told + words.say(", then a stop", "，用完即止")
    overage = words.money(words["overage_price"])
    return told + words.say(f", then {overage} a {words.unit}", f"，超出每{words.unit} {overage}")


def _yearly(words: _Words) -> str:
    price, days = words.money(words["package_price"]), words["valid_days"]
    if words["package_units"] is None:
        return words.say(f"{price} for {days} days, any number", f"{price}，{days} 天，不限量")
    units = words.count(words["package_units"])
    return words.say(f"{price} for {days} days, {units}", f"{price}，{days} 天，含 {units}")


_SAYINGS: Mapping[str, Callable[[_Words], str]] = {
    PER_CALL: _per_call,
    GRADUATED: _tiers,
    VOLUME: _tiers,
    PACKAGE: _package,
    SUBSCRIPTION: _subscription,
    YEARLY: _yearly,
}


def _extras(words: _Words) -> list[str]:
    parts = []
    if words["free_units"]:
        count = words.count(words["free_units"])
        parts.append(words.say(f"the first {count} free", f"前 {count}免费"))
    if words["trial_units"]:
        count, days = words.count(words["trial_units"]), words["trial_days"]
        parts.append(words.say(f"trial of {count} in {days} days", f"{days} 天内试用 {count}"))
    if words["minimum"]:
        amount = words.money(words["minimum"]["amount"])
        period = words.period(words["minimum"]["period"])
        parts.append(words.say(f"at least {amount} a {period}", f"每{period}最低消费 {amount}"))
    if words["roll_over"] == CARRY:
        parts.append(words.say("what is left carries over", "余量可结转"))
    return parts
