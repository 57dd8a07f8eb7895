"""A whole key rotation against chain nodes: what the commands wait for is really on chain."""

import dataclasses

import pytest

from app.wiring.log import log_keys
from app.worker.chain import Chain
from app.worker.effects import effect_lines
from app.worker.steps import drain_outbox
from contracts.accounts import AccountKeys
from contracts.record_services import chain_origin
from contracts.registries import AnnouncedKey, KeyRole
from ledger.log.tree.notes import parse_vkey
from tests.adapters.chain_nodes import anvil, rpc
from tests.functional.test_key_rotation import Installation
from tests.unit.log.log_factory import append_facts

pytestmark = pytest.mark.chain


class Anchored(Installation):
    """An installation whose outbox goes to a real node."""

    def work(self):
        self._sequencer.step()

    def current_line(self, role):
        """The vkey line of a role's present key."""
        return log_keys(self.parts).vkeys[role]

    def deliver_to_chain(self):
        """Perform what the outbox holds until nothing is due."""
        chain = Chain(self.parts)
        while drain_outbox(self.units, effect_lines(self.parts, chain)["effects-chain"]):
            pass
        return chain.access()


@pytest.fixture
def installation(settings, clock):
    with anvil() as url:
        made = Anchored(dataclasses.replace(settings, chain_url=url), clock)
        for address in AccountKeys.derive(made.parts.keyring.chain_account).addresses:
            rpc(url, "anvil_setBalance", address, hex(10**24))
        made.work()
        yield made
        made.close()


def on_chain(access, installation, line):
    return access.keys.key(chain_origin(installation.parts.origin), parse_vkey(line).public_key)


@pytest.mark.parametrize("role", ["checkpoint", "receipts", "statements"])
def test_a_key_is_switched_to_when_the_chain_has_it_and_ends_there_too(installation, role):
    first = installation.deliver_to_chain()
    old = installation.current_line(role)
    told = installation.command("rotate-log-key", role).split()[1]
    installation.restart()
    append_facts(installation.units, 3)
    installation.work()
    assert on_chain(first, installation, told) is None
    refusal = installation.refused("switch-log-key", role)
    assert "chain has not been told" in refusal
    access = installation.deliver_to_chain()
    announced = on_chain(access, installation, told)
    assert announced.role is KeyRole[role.upper()]
    assert announced.until_size is None
    installation.command("switch-log-key", role)
    installation.restart()
    append_facts(installation.units, 3)
    installation.work()
    installation.command("retire-log-key", role)
    installation.work()
    access = installation.deliver_to_chain()
    ended = on_chain(access, installation, old)
    assert isinstance(ended, AnnouncedKey)
    assert ended.until_size > 0
    assert on_chain(access, installation, told).until_size is None
