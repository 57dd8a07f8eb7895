"""What this room needs of the world outside; satisfied by shape."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from app.core.cipher import Cipher
from app.notices.receiver_urls import ReceiverPolicy
from app.notices.retry_rules import Attempt


class Receivers(Protocol):
    """Sends messages to organisations' own systems."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Send one message and say how it ended, within bounded time; it never raises."""
        ...


@dataclass(frozen=True)
class WebhookKit:
    """What makes and keeps secrets, and what an address may be; built once, by the factory."""

    cipher: Cipher
    entropy: Callable[[int], bytes]
    policy: ReceiverPolicy
