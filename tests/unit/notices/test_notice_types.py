"""Every kind of notice is described in both languages, with an example."""

import json
import re
from pathlib import Path

import pytest

from app.notices.errors import UnknownNoticeTypes
from app.notices.notice_types import PING, check_notice_types, notice_types
from app.reactions.noticing import NOTICED

ROOT = Path(__file__).resolve().parents[3]
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ID = re.compile(r"([a-z]+)_[0-9a-hjkmnp-tv-z]{26}")
_MADE = re.compile(r'\.(?:new|opaque)\(\s*"([a-z]{2,4})"')
_LISTING_CODE = re.compile(r"[0-9]{10}-[0-9A-Z]{10}")
_ROOMS = ("app", "compliance", "ledger", "listings", "metering")
DERIVED = {"col"}
"""Kinds of ids that are made from another's: a collecting system's, from its first key's."""


def test_a_kind_is_described_in_both_languages():
    for kind in notice_types().values():
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", kind.code)
        assert _CHINESE.search(kind.zh), kind.code
        assert _CHINESE.search(kind.about_zh), kind.code
        assert not _CHINESE.search(kind.en + kind.about_en), kind.code


def test_an_example_holds_only_what_json_readers_keep():
    """Amounts are texts; no number that a reader would round."""
    for kind in notice_types().values():
        for name, value in kind.example.items():
            assert not isinstance(value, float), (kind.code, name)
            if name.endswith("amount"):
                assert re.fullmatch(r"-?\d+\.\d{8}", value), (kind.code, name)
        assert json.loads(json.dumps(kind.example)) == kind.example


def _texts(value):
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]


def test_ids_and_listing_codes_of_examples_look_as_the_exchange_s_do():
    """Whoever writes a receiver after the examples tells ids by their prefixes."""
    modules = (path for room in _ROOMS for path in (ROOT / room).rglob("*.py"))
    kinds = {kind for path in modules for kind in _MADE.findall(path.read_text("utf-8"))}
    for notice_type in notice_types().values():
        for name, value in notice_type.example.items():
            for text in _texts(value):
                found = _ID.match(text)
                assert found is None or found[1] in kinds | DERIVED, (notice_type.code, name, text)
                if name == "listing_code":
                    assert _LISTING_CODE.fullmatch(text), (notice_type.code, text)


def test_every_kind_is_given_and_every_given_kind_is_described():
    assert {noticed.notice_type for noticed in NOTICED.values()} | {PING} == set(notice_types())


def test_chosen_kinds_are_kept_once_and_in_order():
    assert check_notice_types(["licence.issued", "key.issued", "licence.issued"]) == [
        "key.issued",
        "licence.issued",
    ]
    assert check_notice_types([]) == []


def test_an_unknown_kind_is_named():
    with pytest.raises(UnknownNoticeTypes) as refusal:
        check_notice_types(["licence.issued", "licence.lost", "a"])
    assert refusal.value.facts == {"unknown": ["a", "licence.lost"]}
