"""Finality is configuration, and malformed configuration is refused."""

import pytest

from contracts.errors import FinalityUnknown
from contracts.finality import Finality


def test_instant_finality_needs_nothing_but_the_block():
    assert Finality.parse("instant").is_final(9, newest=9, tagged=None)


def test_a_block_is_its_own_first_confirmation():
    finality = Finality.parse("confirmations:3")
    assert not finality.is_final(9, newest=10, tagged=None)
    assert finality.is_final(9, newest=11, tagged=None)


def test_a_tag_decides_alone():
    finality = Finality.parse("tag:finalized")
    assert not finality.is_final(9, newest=99, tagged=8)
    assert not finality.is_final(9, newest=99, tagged=None)
    assert finality.is_final(9, newest=99, tagged=9)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "confirmations:0", "confirmations:-1", "confirmations:10001", "tag:latest",
     "finalized", "instant ", "confirmations:3x"],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(FinalityUnknown):
        Finality.parse(text)
