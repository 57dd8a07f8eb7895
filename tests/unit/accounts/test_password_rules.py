"""Which passwords are taken."""

import pytest

from app.accounts.errors import WeakPassword
from app.accounts.password_rules import check_password, normalise_password


def check(password):
    check_password(password, email="zhang.wei@example.cn", organisation_name="Haibei Data")


@pytest.mark.parametrize(
    "password", ["correct horse battery", "海北的冬天很冷但是很美丽啊", "x7" * 6 + "ABCd"]
)
def test_a_long_and_varied_password_is_taken(password):
    check(password)


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("short-one-1", "12 to 128 characters"),
        ("x1Y2z3" * 22, "12 to 128 characters"),
        ("aaaaaaaaaaaab", "at least 6 different characters"),
        ("my-ZHANG.WEI-2026", "not containing the e-mail address or the organisation's name"),
        ("haibei data forever", "not containing the e-mail address or the organisation's name"),
        ("Password123456", "not a variation of what is guessed first"),
    ],
)
def test_a_weak_password_is_refused_by_its_rule(password, rule):
    with pytest.raises(WeakPassword) as refused:
        check(password)
    assert refused.value.facts == {"rule": rule}


def test_the_refusal_does_not_repeat_the_password():
    with pytest.raises(WeakPassword) as refused:
        check("Password987654")
    assert "987654" not in f"{refused.value.detail} {refused.value.facts}"


def test_two_spellings_of_one_text_are_one_password():
    assert normalise_password("cafe\u0301") == normalise_password("caf\u00e9")
