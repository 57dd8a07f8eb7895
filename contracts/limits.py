"""What a node may say and ask: beyond it the node is not believed, and nothing is signed for it."""

from dataclasses import dataclass

from contracts.errors import ChainUnavailable

ANSWER_BYTES_MAX = 16 * 1024 * 1024
ANSWER_SECONDS_MAX = 30.0
NUMBER_MAX = 2**63 - 1
"""Of a nonce or a block; what is stored of both is a bigint."""
GWEI = 10**9


@dataclass(frozen=True)
class ChainLimits:
    """The chain that is meant (None: whichever the node is of), and the most that gas may cost.

    ``gas_price_max`` is in wei a unit. Without it a lying node could have a balance spent at once.
    """

    chain_id: int | None = None
    gas_price_max: int = 500 * GWEI


def counted(value: object, name: str) -> int:
    """A number that a node counted; raises `ChainUnavailable` for one that nobody can count to."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= NUMBER_MAX:
        reason = f"{name} is not a number from 0 to 2^63 - 1"
        raise ChainUnavailable(reason)
    return value
