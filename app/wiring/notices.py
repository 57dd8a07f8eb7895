"""Webhooks: where they may go, and who sends them."""

import secrets

from app.core.public_networks import read_networks
from app.notices.dispatcher import Dispatcher
from app.notices.http_receiver import HttpReceivers
from app.notices.receiver_urls import ReceiverPolicy
from app.parts import Parts


def receiver_policy(parts: Parts) -> ReceiverPolicy:
    """Where notices may be sent: https and public addresses, but for what the settings open."""
    return ReceiverPolicy(
        allows_http=not parts.settings.is_production,
        networks=read_networks(parts.settings.webhook_networks),
    )


def build_dispatcher(parts: Parts) -> Dispatcher:
    """The sending of webhooks of this process; it starts threads when there is something to do."""
    receivers = HttpReceivers(receiver_policy(parts))
    return Dispatcher(parts.units, parts.cipher, receivers, secrets.token_bytes)
