"""What only several columns, or a column and a date, show together."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise, permutations

from compliance.scanner.column_evidence import Column, Finding
from compliance.scanner.column_names import has_cue
from compliance.scanner.detectors import MOBILE_CUES, Confidence, Kind
from compliance.scanner.patterns import identity_number, mobile

_PART = re.compile(r"\d{1,17}[0-9Xx]?", re.ASCII)
_PARTS_MAX = 40
_TRIED_ROWS = 12
_HALF = 0.5
_IDENTITY_LENGTH = 18
_MOBILE_LENGTH = 11

LATITUDE_CUES = ("lat", "latitude", "纬度", "weidu")
LONGITUDE_CUES = ("lon", "lng", "longitude", "经度", "jingdu")
TIME_CUES = (
    "time",
    "timestamp",
    "ts",
    "at",
    "datetime",
    "gps_time",
    "时间",
    "时刻",
    "日期",
    "shijian",
)
SUBJECT_CUES = (
    "user", "uid", "user_id", "device", "device_id", "imei", "vin", "plate", "driver", "openid",
    "msisdn", "person", "member", "用户", "设备", "车牌", "车辆", "司机", "会员", "乘客", "手机",
)  # fmt: skip
_PRECISE = re.compile(r"-?\d{1,3}\.\d{4,15}", re.ASCII)
"""Four decimals are eleven metres (GB/T 35273 calls such a position precise)."""
_TRACK_ROWS_MIN = 20

_BIRTH_CUES = ("出生", "生日", "birth", "birthday", "birthdate", "dob", "chusheng", "csrq")
_AGE_CUES = ("年龄", "age", "nianling")
_AGE_DIGITS_MAX = 3
_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T].*)?", re.ASCII)
MINOR_BEFORE_AGE = 14
"""PIPL 28 and 31."""


def split_numbers(columns: Sequence[Column]) -> Iterable[Finding]:
    """Identity numbers cut over two or three columns, mobile numbers over two named as phones."""
    parts = [column for column in columns if _is_part(column)][:_PARTS_MAX]
    taken: set[str] = set()
    for group in [*zip(parts, parts[1:], parts[2:], strict=False), *permutations(parts, 2)]:
        names = [column.name for column in group]
        if taken.isdisjoint(names) and (finding := _joined(group)):
            taken.update(names)
            yield finding
    for pair in pairwise(columns):
        if taken.isdisjoint(column.name for column in pair):
            yield from _joined_mobile(pair)


def _is_part(column: Column) -> bool:
    tried = column.filled[:_TRIED_ROWS]
    return bool(tried) and all(_PART.fullmatch(cell) for cell in tried)


def _whole(group: Sequence[Column], row: int, length: int) -> str:
    """The cells of a row run together; a number that lost its leading zeros gets them back."""
    cells = [column.cells[row] for column in group]
    if not all(cells):
        return ""
    missing = length - sum(map(len, cells[:-1]))
    return "".join([*cells[:-1], cells[-1].zfill(missing)])


def _matches(group: Sequence[Column], rows: range) -> tuple[int, int]:
    wholes = [whole for row in rows if (whole := _whole(group, row, _IDENTITY_LENGTH))]
    return sum(identity_number.count(whole) for whole in wholes), len(wholes)


def _joined(group: Sequence[Column]) -> Finding | None:
    row_count = len(group[0].cells)
    matched, assessed = _matches(group, range(min(_TRIED_ROWS, row_count)))
    if matched < _HALF * assessed or not matched:
        return None
    matched, assessed = _matches(group, range(row_count))
    if matched < _HALF * assessed:
        return None
    name = "+".join(column.name for column in group)
    return Finding(name, Kind.IDENTITY_NUMBER, matched, assessed, has_cue=False)


def _joined_mobile(pair: tuple[Column, Column]) -> Iterable[Finding]:
    if not any(column.has_cue(MOBILE_CUES) for column in pair):
        return
    rows = range(len(pair[0].cells))
    wholes = [whole for row in rows if (whole := _whole(pair, row, _MOBILE_LENGTH))]
    matched = sum(mobile.spans(whole) == [(0, _MOBILE_LENGTH)] for whole in wholes)
    if matched and matched >= _HALF * len(wholes):
        name = "+".join(column.name for column in pair)
        yield Finding(name, Kind.MOBILE, matched, len(wholes), has_cue=True)


def tracks(columns: Sequence[Column], *, has_person: bool) -> Iterable[Finding]:
    """Precise positions with their times: of somebody named they are a track, of many a hint."""
    latitude = _first(columns, LATITUDE_CUES)
    longitude = _first(columns, LONGITUDE_CUES)
    if latitude is None or longitude is None or _first(columns, TIME_CUES) is None:
        return
    positions = [
        (y, x)
        for y, x in zip(latitude.cells, longitude.cells, strict=True)
        if _PRECISE.fullmatch(y) and _PRECISE.fullmatch(x)
    ]
    if not positions or len(positions) < _HALF * len(latitude.filled):
        return
    name = f"{latitude.name}+{longitude.name}"
    is_of_someone = has_person or _first(columns, SUBJECT_CUES) is not None
    is_moving = len(set(positions)) >= _HALF * len(positions)
    if is_of_someone or (is_moving and len(positions) >= _TRACK_ROWS_MIN):
        confidence = Confidence.MEDIUM if is_of_someone else Confidence.LOW
        yield Finding(
            name, Kind.TRACK, len(positions), len(latitude.filled), is_of_someone, confidence
        )


def _first(columns: Sequence[Column], cues: Iterable[str]) -> Column | None:
    return next((column for column in columns if has_cue(column.name, cues)), None)


def minors(columns: Sequence[Column], on: date) -> Iterable[Finding]:
    """Columns in which somebody is under fourteen on a day: birth dates, ages, identity numbers."""
    for column in columns:
        young = sum(_is_minor(column, cell, on) for cell in column.filled)
        if young:
            yield Finding(
                column.name,
                Kind.MINOR,
                young,
                len(column.filled),
                has_cue=True,
                confidence=Confidence.LOW,
            )


def _is_minor(column: Column, cell: str, on: date) -> bool:
    born: date | None = None
    if identity_number.spans(cell) == [(0, len(cell))]:
        born = identity_number.birth_date(cell)
    elif has_cue(column.name, _BIRTH_CUES):
        born = _day(cell)
    elif has_cue(column.name, _AGE_CUES):
        return cell.isdecimal() and len(cell) <= _AGE_DIGITS_MAX and int(cell) < MINOR_BEFORE_AGE
    return born is not None and born <= on and _age(born, on) < MINOR_BEFORE_AGE


def _day(cell: str) -> date | None:
    match = _DAY.fullmatch(cell)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
