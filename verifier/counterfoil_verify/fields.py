"""Typed reading of JSON objects: a member that is missing or of another shape is Rejected."""

import base64
import binascii
import datetime as dt
import re
from typing import Self

from counterfoil_verify.canonical import Json
from counterfoil_verify.errors import Rejected, require

WHOLE_MAX = 2**53
AMOUNT_MAX = 2**63
HASH_SIZE = 32

_AMOUNT = re.compile(r"0|[1-9][0-9]{0,18}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z", re.ASCII)


def decode_base64(text: str, step: str, name: str) -> bytes:
    """Strict Base64 (RFC 4648, section 4): padding, alphabet and spare bits are checked."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise Rejected(step, f"{name} is not Base64") from error
    require(base64.b64encode(data).decode() == text, step, f"{name} is not strict Base64")
    return data


def parse_amount(text: str, step: str, name: str) -> int:
    """A money amount in units of 10⁻⁸, written without sign or leading zeroes."""
    require(_AMOUNT.fullmatch(text), step, f"{name} is not an amount")
    amount = int(text)
    require(amount < AMOUNT_MAX, step, f"{name} is too large")
    return amount


def parse_instant(text: str, step: str, name: str) -> int:
    """Microseconds since 1970 of an ISO 8601 UTC time ending in Z."""
    require(_INSTANT.fullmatch(text), step, f"{name} is not a UTC time")
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise Rejected(step, f"{name} is not a time") from error
    start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (at - start) // dt.timedelta(microseconds=1)


class Record:
    """A JSON object read member by member on behalf of a step."""

    def __init__(self, step: str, value: Json, name: str = "the value") -> None:
        if not isinstance(value, dict):
            raise Rejected(step, f"{name} is not an object")
        self.step = step
        self.members = value

    def only(self, *names: str, optional: tuple[str, ...] = ()) -> None:
        """Reject missing and unknown members, so that no byte of a signed file goes unread."""
        missing = set(names) - self.members.keys()
        unknown = self.members.keys() - set(names) - set(optional)
        require(not missing, self.step, f"members are missing: {', '.join(sorted(missing))}")
        require(not unknown, self.step, f"{len(unknown)} unknown members")

    def _get(self, name: str) -> Json:
        require(name in self.members, self.step, f"{name} is missing")
        return self.members[name]

    def text(self, name: str) -> str:
        """A text member."""
        value = self._get(name)
        if not isinstance(value, str):
            raise Rejected(self.step, f"{name} is not text")
        return value

    def whole(self, name: str) -> int:
        """A whole number from 0 up to 2⁵³ − 1."""
        value = self._get(name)
        if type(value) is not int or not 0 <= value < WHOLE_MAX:
            raise Rejected(self.step, f"{name} is not a whole number")
        return value

    def amount(self, name: str) -> int:
        """A money amount in units of 10⁻⁸."""
        return parse_amount(self.text(name), self.step, name)

    def signed_amount(self, name: str) -> int:
        """An amount that may be negative; minus zero is refused."""
        text = self.text(name)
        negative = text.startswith("-") and text != "-0"
        amount = parse_amount(text[1:] if negative else text, self.step, name)
        return -amount if negative else amount

    def instant(self, name: str) -> int:
        """A UTC time as microseconds since 1970."""
        return parse_instant(self.text(name), self.step, name)

    def hexadecimal(self, name: str, size: int, prefix: str = "") -> bytes:
        """Exactly `size` bytes in lower-case hexadecimal."""
        text = self.text(name)
        pattern = rf"{prefix}[0-9a-f]{{{2 * size}}}"
        require(re.fullmatch(pattern, text), self.step, f"{name} is not {size} bytes in hex")
        return bytes.fromhex(text.removeprefix(prefix))

    def base64(self, name: str, size: int | None = None) -> bytes:
        """Bytes in strict Base64, of a fixed size where one is given."""
        data = decode_base64(self.text(name), self.step, name)
        require(size in {None, len(data)}, self.step, f"{name} is not {size} bytes")
        return data

    def record(self, name: str) -> Self:
        """A member that is an object."""
        return type(self)(self.step, self._get(name), name)

    def items(self, name: str, count_max: int) -> list[Json]:
        """A list of at most `count_max` values."""
        value = self._get(name)
        if not isinstance(value, list):
            raise Rejected(self.step, f"{name} is not a list")
        require(len(value) <= count_max, self.step, f"{name} has more than {count_max} items")
        return value

    def records(self, name: str, count_max: int) -> list[Self]:
        """A list of at most `count_max` objects."""
        return [type(self)(self.step, value, name) for value in self.items(name, count_max)]

    def hashes(self, name: str, count_max: int) -> list[bytes]:
        """A list of SHA-256 hashes in Base64."""
        found = []
        for value in self.items(name, count_max):
            require(isinstance(value, str), self.step, f"{name} holds something else than hashes")
            data = decode_base64(str(value), self.step, name)
            require(len(data) == HASH_SIZE, self.step, f"{name} holds something else than hashes")
            found.append(data)
        return found
