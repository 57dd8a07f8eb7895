"""Listings that hide personal data, and honest ones that only look as if they did."""

import csv
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from compliance.scanner.column_names import has_cue
from compliance.scanner.detectors import DIRECT_IDENTIFIERS, Confidence, Kind
from compliance.scanner.scan import contradictions, hints, scan
from tests.factories import personal_data as made

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "listings"


@pytest.fixture
def chance():
    return Random(5)  # noqa: S311 - a corpus, no secret


def kinds(rows, on=None):
    return {(found.column, found.kind) for found in scan(rows, on)}


def test_an_undeclared_identity_column_among_harmless_ones_contradicts(chance):
    rows = [{"day": f"2026-11-{n:02d}", "ref": made.identity(chance), "n": n} for n in range(1, 25)]
    (found,) = contradictions(scan(rows))
    assert (found.column, found.kind, found.matched_count) == ("ref", Kind.IDENTITY_NUMBER, 24)


def test_one_identity_number_among_two_hundred_other_numbers_is_found(chance):
    rows = [{"ref": made.digits(chance, 18)} for _ in range(199)] + [{"ref": made.identity(chance)}]
    assert ("ref", Kind.IDENTITY_NUMBER) in kinds(rows)


@pytest.mark.parametrize("cuts", [(6,), (10,), (14,), (6, 14)])
def test_an_identity_number_cut_at_its_seams_is_found(chance, cuts):
    def pieces(number):
        edges = (0, *cuts, 18)
        return [number[a:b] for a, b in pairwise(edges)]

    rows = [
        {f"p{at}": piece for at, piece in enumerate(pieces(made.identity(chance)))}
        for _ in range(12)
    ]
    (found,) = scan(rows)
    assert found.kind is Kind.IDENTITY_NUMBER
    assert found.column == "+".join(rows[0])


def test_the_parts_may_stand_apart_in_any_order(chance):
    numbers = [made.identity(chance) for _ in range(12)]
    rows = [{"tail": n[10:], "note": "x", "head": n[:10]} for n in numbers]
    assert kinds(rows) == {("head+tail", Kind.IDENTITY_NUMBER)}


def test_a_tail_that_lost_its_zeros_to_a_whole_number_is_found(chance):
    numbers = [n for n in (made.identity(chance) for _ in range(40)) if n[-1] != "X"][:12]
    rows = [{"head": n[:14], "tail": int(n[14:])} for n in numbers]
    assert kinds(rows) == {("head+tail", Kind.IDENTITY_NUMBER)}


def test_a_mobile_number_cut_in_two_is_found_by_the_columns_name(chance):
    numbers = [made.mobile(chance) for _ in range(12)]
    rows = [{"phone_head": n[:3], "phone_tail": n[3:]} for n in numbers]
    assert kinds(rows) == {("phone_head+phone_tail", Kind.MOBILE)}


def test_mobile_numbers_in_a_column_named_as_a_size_are_left_to_a_person(chance):
    rows = [{"size_bytes": made.mobile(chance)} for _ in range(30)]
    (found,) = scan(rows)
    assert found.confidence is Confidence.LOW
    assert contradictions([found]) == []
    assert hints([found]) == [found]


def test_zero_width_characters_hide_nothing(chance):
    rows = [{"v": "\u200b".join(made.identity(chance))} for _ in range(3)]
    assert kinds(rows) == {("v", Kind.IDENTITY_NUMBER)}


def test_a_number_inside_nested_json_is_found(chance):
    rows = [{"v": {"person": [{"sfz": made.identity(chance)}]}}]
    assert kinds(rows) == {("v", Kind.IDENTITY_NUMBER)}


def test_positions_with_times_of_a_device_are_a_track(chance):
    rows = [
        {
            "device_id": f"d{n % 3}",
            "lat": f"{31 + chance.random():.6f}",
            "lng": f"{121 + chance.random():.6f}",
            "gps_time": "2026-11-20T08:00:00Z",
        }
        for n in range(8)
    ]
    (found,) = scan(rows)
    assert (found.kind, found.column) == (Kind.TRACK, "lat+lng")
    assert hints([found]) == [found]


def test_weather_stations_are_no_track():
    rows = [
        {"station": f"s{n % 4}", "lat": 31.123456 + n % 4, "lon": 121.654321, "time": f"{n}:00"}
        for n in range(40)
    ]
    assert scan(rows) == []


def test_names_addresses_and_diagnoses_are_hints_under_their_columns():
    rows = [
        {"姓名": name, "住址": f"幸福路{n}号{n}幢301室", "诊断": "高血压"}
        for n, name in enumerate(["王小明", "欧阳静", "李四", "赵六"], 1)
    ]
    found = scan(rows)
    assert {each.kind for each in found} == {Kind.PERSON_NAME, Kind.ADDRESS, Kind.HEALTH}
    assert contradictions(found) == []


def test_children_are_found_by_birth_date_age_and_identity_number():
    born = "11010520200307000"
    number = born + made.identity_number.check_character(born)
    rows = [{"birthday": "2015-03-07", "age": 9, "ref": number}]
    on = date(2026, 11, 29)
    minors = {column for column, kind in kinds(rows, on) if kind is Kind.MINOR}
    assert minors == {"birthday", "age", "ref"}
    assert kinds(rows, date(2035, 1, 1)) & {("birthday", Kind.MINOR), ("ref", Kind.MINOR)} == set()


def test_a_password_column_is_a_hint_unless_it_is_masked():
    assert kinds([{"password": "correct horse"}]) == {("password", Kind.SECRET)}
    assert kinds([{"password": "******"}]) == set()


def test_a_password_beside_its_name_is_a_secret():
    assert kinds([{"note": 'config {"password": "hunter22x"}'}]) == {("note", Kind.SECRET)}
    assert kinds([{"note": "password: required"}]) == set()


@pytest.mark.parametrize(
    ("name", "cue", "holds"),
    [
        ("hotel", "tel", False),
        ("userPhone", "phone", True),
        ("USER_TEL_2", "tel", True),
        ("客户手机号码", "手机", True),
        ("japan", "pan", False),
        ("id_card_no", "id_card", True),
    ],
)
def test_a_cue_is_a_word_of_the_columns_name(name, cue, holds):
    assert has_cue(name, (cue,)) is holds


CATALOGUE = [
    {
        "title": "企业经营健康指数数据产品",
        "provider": "某某征信服务有限公司",
        "description": "覆盖3,000万家企业，日均调用1350000次，"
        "存量15728640000字节，支持18位统一社会信用代码查询。",
        "update_frequency": "real-time",
        "url": "https://exchange.example/ep-hall/spec?id=4720",
        "price": "0.0",
        "size": "13958643712",
        "dimension": "22.0",
    },
    {
        "title": "航空公司净推荐值研究分析报告",
        "provider": "某某科技有限公司",
        "description": "样本量20000，时间范围20200101-20231231，"
        "字段含姓名、手机号、身份证号核验结果。",
        "update_frequency": "yearly",
        "url": "https://exchange.example/tradingMarket/detail?id=1856",
        "price": "0.5",
        "size": "1279262.72",
        "dimension": "209.0",
    },
]


def test_a_catalogue_that_talks_of_identifiers_holds_none():
    assert scan(CATALOGUE) == []


@pytest.mark.parametrize("name", ["beijing", "guangzhou", "shanghai", "shanghai_raw"])
def test_the_real_listings_raise_no_false_identifier(name):
    path = REAL / f"{name}.csv"
    if not path.exists():
        pytest.skip("the folder ../shared/data/listings with the real listings is absent")
    csv.field_size_limit(10**7)
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) > 300
    for start in range(0, len(rows), 2000):
        found = scan(rows[start : start + 2000])
        assert [each for each in found if each.kind in DIRECT_IDENTIFIERS] == []
