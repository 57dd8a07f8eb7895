"""Refused calls of both pairs' buyers, and of a key that nobody knows."""

from datetime import UTC, datetime

import psycopg

from metering.calls.denials import DenialCounts
from metering.connections import Connections

PROBLEM = "consent-subject-unknown"
"""What no other test is refused with: the exchange is shared by many."""


def fill_denials(exchange, worlds):
    """As the data plane counts them."""
    connections = Connections(lambda: psycopg.connect(exchange.parts.database_url), size=1)
    denials = DenialCounts(connections, lambda: exchange.parts.ids.new("dnl"))
    for world in worlds.values():
        buyer_id = world.organisations["buyer"]
        denials.count(world.airports.licence_id, PROBLEM, buyer_id)
    denials.count("", "call-key-unknown", "")
    denials.write(datetime.now(UTC))
    connections.close()
