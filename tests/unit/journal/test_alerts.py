"""When an hour's spending is a spike."""

import pytest

from ledger.journal.spend_alerts.spikes import SpendLook, is_spike


@pytest.mark.parametrize(
    ("hour", "average", "least", "expected"),
    [
        (301, 100, 0, True),
        (300, 100, 0, False),
        (1, 0, 0, True),
        (1, 0, 1, False),
        (0, 0, 0, False),
        (500, 100, 500, False),
    ],
)
def test_more_than_the_factor_and_more_than_the_least(hour, average, least, expected):
    look = SpendLook(hour, average)
    assert is_spike(look, factor_percent=300, least_amount=least) is expected
