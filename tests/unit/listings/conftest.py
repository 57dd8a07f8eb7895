"""A supplier and a buyer whom the exchange verified, and a listing between them."""

import pytest

from tests.factories.listings import Market


@pytest.fixture
def market(units, clock):
    return Market(units, clock)
