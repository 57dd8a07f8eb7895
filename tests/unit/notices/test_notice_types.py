"""Every kind of notice is described in both languages, with an example."""

import json
import re

import pytest

from app.notices.errors import UnknownNoticeTypes
from app.notices.notice_types import DISABLED, PING, check_notice_types, notice_types
from app.reactions.noticing import NOTICED

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


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


def test_every_kind_is_given_and_every_given_kind_is_described():
    assert {noticed.notice_type for noticed in NOTICED.values()} | {PING} == set(notice_types())
    assert DISABLED in notice_types()


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
