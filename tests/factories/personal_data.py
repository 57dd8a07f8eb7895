"""A labelled synthetic corpus of columns: what is in them is known, and nobody real is.

Identity numbers carry a valid check character in sequence 000, which is never assigned. Mobile
numbers lie in 1740 0–5, which no carrier gives to subscribers; card numbers begin with 622202 0000,
credit codes name an organisation of zeros. Everything follows from the seed.
"""

import base64
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from compliance.scanner.detectors import Kind
from compliance.scanner.patterns import identity_number, luhn, uscc, vehicle

Cell = str | int | float | None
DIVISIONS = ("110105", "310115", "320102", "330106", "440305", "510104", "610113", "650102")
WIDE = {ord(c): ord(c) + 0xFEE0 for c in string.digits + "X"}


@dataclass(frozen=True)
class Labelled:
    """A column, and the kinds that are truly in it."""

    name: str
    cells: tuple[Cell, ...]
    kind: Kind | None
    way: str

    @property
    def rows(self):
        return [{self.name: cell} for cell in self.cells]


def digits(chance: Random, count: int) -> str:
    return "".join(chance.choices(string.digits, k=count))


def identity(chance: Random) -> str:
    born = date(1945, 1, 1) + timedelta(days=chance.randrange(25_000))
    body = f"{chance.choice(DIVISIONS)}{born:%Y%m%d}000"
    return body + identity_number.check_character(body)


def old_identity(chance: Random) -> str:
    born = date(1945, 1, 1) + timedelta(days=chance.randrange(15_000))
    return f"{chance.choice(DIVISIONS)}{born:%y%m%d}000"


def mobile(chance: Random) -> str:
    return f"1740{chance.randrange(6)}{digits(chance, 6)}"


def land_line(chance: Random) -> str:
    return f"{chance.choice(['010', '021', '0755'])}-{chance.choice('56')}555{digits(chance, 4)}"


def with_luhn(body: str) -> str:
    return next(body + last for last in string.digits if luhn.passes_luhn(body + last))


def card(chance: Random) -> str:
    return with_luhn(f"6222020000{digits(chance, chance.choice([5, 8]))}")


def credit_code(chance: Random) -> str:
    tail = "".join(chance.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=3))
    body = f"91{chance.choice(DIVISIONS)}MA0000{tail}"
    return body + uscc.check_character(body)


def plate(chance: Random) -> str:
    green = chance.random() < 0.3
    letter = chance.choice("ABCDEFGH")
    return f"沪{letter}{'D0' if green else '0'}{digits(chance, 4)}"


def vin(chance: Random) -> str:
    body = "".join(chance.choices("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", k=4))
    number = f"LZZ{body}00XA{digits(chance, 6)}"
    return number[:8] + vehicle.vin_check(number) + number[9:]


def imei(chance: Random) -> str:
    return with_luhn(f"3500000{digits(chance, 7)}")


def mac(chance: Random) -> str:
    return ":".join(["02", *(f"{chance.randrange(256):02x}" for _ in range(5))])


def address_v4(chance: Random) -> str:
    return f"203.0.113.{chance.randrange(256)}"  # RFC 5737


def passport(chance: Random) -> str:
    return f"E{digits(chance, 8)}"


def email(chance: Random) -> str:
    return f"user{digits(chance, 5)}@example.com"


Make = Callable[[Random], str]


def sentence(make: Make, word: str) -> Callable[[Random], Cell]:
    return lambda chance: f"客户{digits(chance, 2)}来电，{word}{make(chance)}，已登记。"


def hidden(make: Make) -> Callable[[Random], Cell]:
    return lambda chance: base64.b64encode(f"v={make(chance)};".encode()).decode()


def wide(make: Make) -> Callable[[Random], Cell]:
    return lambda chance: make(chance).translate(WIDE)


def grouped(chance: Random) -> Cell:
    number = card(chance)
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def dashed(chance: Random) -> Cell:
    number = mobile(chance)
    return f"+86 {number[:3]}-{number[3:7]}-{number[7:]}"


POSITIVES: tuple[tuple[Kind, str, str, Callable[[Random], Cell]], ...] = (
    (Kind.IDENTITY_NUMBER, "bare", "c1", identity),
    (Kind.IDENTITY_NUMBER, "cue", "身份证号", identity),
    (Kind.IDENTITY_NUMBER, "wide", "c2", wide(identity)),
    (Kind.IDENTITY_NUMBER, "text", "remark", sentence(identity, "证件号")),
    (Kind.IDENTITY_NUMBER, "base64", "blob", hidden(identity)),
    (Kind.IDENTITY_NUMBER, "old", "id_card", old_identity),
    (Kind.IDENTITY_NUMBER, "old bare", "c3", old_identity),
    (Kind.IDENTITY_NUMBER, "rounded", "sfz", lambda chance: float(identity(chance)[:17] + "0")),
    (Kind.USCC, "bare", "c4", credit_code),
    (Kind.USCC, "cue", "统一社会信用代码", credit_code),
    (Kind.USCC, "text", "note", sentence(credit_code, "代码")),
    (Kind.USCC, "wide", "c5", lambda c: credit_code(c).translate(WIDE)),
    (Kind.MOBILE, "cue", "手机号", mobile),
    (Kind.MOBILE, "pinyin", "lxdh", mobile),
    (Kind.MOBILE, "float", "mobile", lambda chance: float(mobile(chance))),
    (Kind.MOBILE, "number", "contact_phone", lambda chance: int(mobile(chance))),
    (Kind.MOBILE, "dashed", "tel", dashed),
    (Kind.MOBILE, "wide", "userPhone", wide(mobile)),
    (Kind.MOBILE, "text", "备注", sentence(mobile, "联系电话")),
    (Kind.BANK_CARD, "cue", "银行卡号", card),
    (Kind.BANK_CARD, "pinyin", "yhkh", card),
    (Kind.BANK_CARD, "grouped", "card_no", grouped),
    (Kind.BANK_CARD, "wide", "bankCard", wide(card)),
    (Kind.LAND_LINE, "cue", "固定电话", land_line),
    (Kind.PLATE, "bare", "c6", plate),
    (Kind.VIN, "cue", "vin", vin),
    (Kind.IMEI, "cue", "imei", imei),
    (Kind.MAC_ADDRESS, "bare", "c7", mac),
    (Kind.IP_ADDRESS, "cue", "client_ip", address_v4),
    (Kind.TRAVEL_DOCUMENT, "cue", "passport_no", passport),
    (Kind.EMAIL, "bare", "c8", email),
)


def _serial(chance: Random) -> Callable[[int], Cell]:
    start = chance.choice([10**8, 13_000_000_000, 15_512_340_000, 18 * 10**9])
    return lambda at: start + at


def _each(make: Callable[[Random], Cell]) -> Callable[[Random], Callable[[int], Cell]]:
    return lambda chance: lambda _at: make(chance)


NEGATIVES: tuple[tuple[str, Callable[[Random], Callable[[int], Cell]]], ...] = (
    ("created_at", _each(lambda c: 1_763_625_600_000 + c.randrange(10**10))),
    ("ts_us", _each(lambda c: 1_763_625_600_000_000 + c.randrange(10**13))),
    ("ts_ns", _each(lambda c: 1_763_625_600_000_000_000 + c.randrange(10**16))),
    ("epoch", _each(lambda c: 1_763_625_600 + c.randrange(10**7))),
    ("c1", _each(lambda c: 1_763_625_600_000 + c.randrange(10**10))),
    ("size_bytes", _each(lambda c: int(10 ** c.uniform(2, 12)))),
    ("文件大小", _each(lambda c: int(10 ** c.uniform(9, 11)))),
    ("c2", _each(lambda c: digits(c, 11))),
    ("c3", _each(lambda c: digits(c, 15))),
    ("order_id", _each(lambda c: digits(c, 16))),
    ("c4", _each(lambda c: digits(c, 18))),
    ("trade_no", _each(lambda c: digits(c, 19))),
    ("snowflake", _each(lambda c: 17 * 10**17 + c.randrange(10**17))),
    ("serial", _serial),
    ("amount", _each(lambda c: round(c.uniform(1, 10**7), 2))),
    ("price", _each(lambda c: f"{c.uniform(1, 100):.4f}")),
    ("hash", _each(lambda c: f"{c.getrandbits(256):064x}")),
    ("token_count", _each(lambda c: c.randrange(10**6))),
    ("uuid", _each(lambda c: f"{c.getrandbits(128):032x}")),
    ("版本", _each(lambda c: f"{c.randrange(9)}.{c.randrange(20)}.{c.randrange(40)}.1")),
    ("day", _each(lambda c: f"2026{c.randrange(1, 13):02d}{c.randrange(1, 29):02d}")),
    ("moment", _each(lambda c: f"2026112{c.randrange(10)}{digits(c, 6)}{digits(c, 3)}")),
    ("描述", _each(lambda c: f"本月成交{digits(c, 5)}笔，金额{digits(c, 11)}元")),
    ("phone_masked", _each(lambda c: f"138****{digits(c, 4)}")),
    ("身份证号", _each(lambda c: f"110105********{digits(c, 4)}")),
    ("卡号", _each(lambda c: f"6222 **** **** {digits(c, 4)}")),
    ("hotel", _each(lambda c: c.randrange(10**11, 10**12))),
    ("barcode", _each(lambda c: f"69{digits(c, 11)}")),
    ("lat", _each(lambda c: round(c.uniform(20, 50), 2))),
    ("product_name", _each(lambda c: c.choice(["湿地监测", "航空报告", "信用评分", "企业画像"]))),
)  # fmt: skip


def corpus(seed: int, tables: int, row_count: int) -> list[Labelled]:
    """`tables` columns of each way, a fifth of their cells empty."""
    chance = Random(seed)  # noqa: S311 - a corpus, no secret
    found = []
    for kind, way, name, make in POSITIVES:
        for _ in range(tables):
            cells = tuple(None if chance.random() < 0.2 else make(chance) for _ in range(row_count))
            found.append(Labelled(name, cells, kind, way))
    for name, start in NEGATIVES:
        for _ in range(tables):
            make_at = start(chance)
            found.append(Labelled(name, tuple(map(make_at, range(row_count))), None, "harmless"))
    return found
