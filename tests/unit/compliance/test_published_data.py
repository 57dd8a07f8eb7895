"""What decided once is never edited: each published file of rules and policies keeps its digest."""

import json
from pathlib import Path

import pytest

import compliance
from app.core.canonical import digest_hex
from compliance.rules import rule_set

ROOT = Path(compliance.__file__).parent
NOT_PUBLISHED = {
    "rules/moved_code.json": "where code went that rules name; decides nothing",
    "review/policy.json": "what the policy is where nobody set one; each change is in the log",
}
PUBLISHED = {
    "review/change_classes_1.json": (
        "cce2dafe5220e40ad6e57658059b450ca40a8c7581db6c8321ba51a559840648"
    ),
    "review/price_grounds_1.json": (
        "c04a7ed7c5e1b3353f6a4fc6a941a65545f52da99873fa53510546c0b3d47f57"
    ),
    "review/price_grounds_2.json": (
        "c3b70a9f52bf7a62ad2dbc15f5fd0cf961a1aefb9247b0bf05d544b85bbae554"
    ),
    "review/specialities_1.json": (
        "63a09dee9e307bfac535d7204e5853f9031c2756e10a40d4ffec8a62267c99da"
    ),
    "rules/expiry_policy_1.json": (
        "f0e6f1c4ab6653f206ec662a964c74cc9132aeb2d2f599d33b2681c5c71a9e69"
    ),
    "rules/expiry_policy_2.json": (
        "14e4374179491a40d071fda5c26f69877b709e0d31158fd8d854d0fb3ded75a3"
    ),
    "rules/person_thresholds_1.json": (
        "8e4ba20aac4805e3a545724be1c583c1a1c4c45f259d18356f1436b326abb234"
    ),
    "rules/rule_set_1.json": "f6d6f960f83e4c11197cac7fa4d0207c2ff77c8f2dbde33933d22cb126672888",
    "rules/rule_set_2.json": "a8e605c18bbe991de76302d8f4b05cabffe91b6c5ca39bdec17e1c9c1d664120",
    "rules/rule_set_3.json": "b07d68eebd37649c5680df1638ac942174c9eeea280dd98f0ecb79864ce6d000",
    "rules/scenario_risk_1.json": (
        "6aa927c22e166a892223f7185e2127eb58cef2986e7eaea1b8af5bcafe2bebc4"
    ),
    "rules/scenario_risk_2.json": (
        "79f4d059890b46c0dbc974269d6d049f34073ac8f2ff93965bb5d5e16b521d59"
    ),
    "rules/scenario_templates_1.json": (
        "89470577e4a1ae101e211450266727f70cde9b9a4dfe3bf3189a24b3fa08229f"
    ),
}
"""A file's digest over its canonical JSON. A change is the next file, with a line of its own."""


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_published_file_was_never_edited(name):
    document = json.loads((ROOT / name).read_text(encoding="utf-8"))
    assert digest_hex(document) == PUBLISHED[name]


def test_every_data_file_is_pinned_or_says_why_not():
    found = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*.json")}
    assert found == PUBLISHED.keys() | NOT_PUBLISHED.keys()


def test_the_rule_sets_follow_each_other_without_a_gap():
    published = rule_set.published()
    assert [each.version for each in published] == list(range(1, len(published) + 1))
    assert [each.hash for each in published] == [
        PUBLISHED[f"rules/rule_set_{each.version}.json"] for each in published
    ]
