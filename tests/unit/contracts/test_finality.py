"""Finality is configuration, and malformed configuration is refused."""

import pytest

from contracts.errors import FinalityUnknown
from contracts.finality import Finality


def test_instant_finality_needs_nothing_but_the_block():
    assert Finality.parse("instant").final_number(newest=9, tagged=None) == 9


def test_a_block_is_its_own_first_confirmation():
    finality = Finality.parse("confirmations:3")
    assert finality.final_number(newest=11, tagged=None) == 9
    assert finality.final_number(newest=2, tagged=None) == 0
    assert finality.final_number(newest=1, tagged=None) is None, "not even the first block"


def test_a_tag_decides_alone():
    finality = Finality.parse("tag:finalized")
    assert finality.final_number(newest=99, tagged=8) == 8
    assert finality.final_number(newest=99, tagged=None) is None


@pytest.mark.parametrize(
    "text",
    ["", "soon", "confirmations:0", "confirmations:-1", "confirmations:10001", "tag:latest",
     "finalized", "instant ", "confirmations:3x"],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(FinalityUnknown):
        Finality.parse(text)
