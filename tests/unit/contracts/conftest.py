"""A chain for the tests of one module: contracts are deployed for each, blocks go on."""

import pytest

from tests.unit.contracts.embedded import begin_chain


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    made = begin_chain(tmp_path_factory.mktemp("chain"))
    yield made
    made.close()
