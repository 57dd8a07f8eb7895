"""The unified social credit code."""

import pytest

from app.accounts.errors import InvalidUscc
from app.accounts.uscc import check_character, parse_uscc

# The code that texts about the standard use, and codes of organisations that publish theirs.
KNOWN = (
    "91350100M000100Y43",
    "914403001922038216",  # Huawei Technologies
    "9144030071526726XG",  # Tencent Computer Systems
    "91330106673959654P",  # Alibaba Cloud Computing
)


@pytest.mark.parametrize("code", KNOWN)
def test_a_published_code_is_accepted(code):
    assert parse_uscc(code) == code


def test_lower_case_and_blanks_around_are_forgiven():
    assert parse_uscc(" 91350100m000100y43 ") == "91350100M000100Y43"


def test_a_wrong_check_character_is_named():
    with pytest.raises(InvalidUscc) as refused:
        parse_uscc("91350100M000100Y44")
    assert refused.value.facts == {"rule": "check character"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "91350100M000100Y4",
        "91350100M000100Y433",
        "9135010OM000100Y43",
        "9135A100M000100Y43",
        "91350100M000100Y4é",
        "９１350100M000100Y43",
    ],
)
def test_another_shape_is_refused(text):
    with pytest.raises(InvalidUscc):
        parse_uscc(text)


def test_a_body_of_another_length_has_no_check_character():
    with pytest.raises(InvalidUscc):
        check_character("91350100M000100Y")
