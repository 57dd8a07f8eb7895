"""What is said of the chain fits what the document promises of it."""

import pytest

from ledger.log.anchors.queries import EMBEDDED, INDEPENDENT, NO_CHAIN
from ledger.log.anchors.schemas import ChainStatusSchema


@pytest.mark.parametrize("said", [EMBEDDED, INDEPENDENT, NO_CHAIN])
def test_what_an_anchor_is_worth_fits_its_field(said):
    assert ChainStatusSchema(only=["trust"]).validate({"trust": said}) == {}
