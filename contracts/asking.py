"""Questions to a node, with every way in which web3 fails told in this room's own errors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import requests
from web3.exceptions import BadResponseFormat, BlockNotFound, TransactionNotFound, Web3Exception

from contracts.errors import ChainRefused, ChainUnavailable

Answer = TypeVar("Answer")
_OUT_OF_SHAPE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


class Missing(ChainUnavailable):
    """The node has no such block or transaction; an outage where one must be there."""


def ask(question: Callable[[], Answer]) -> Answer:
    """The node's answer; raises `Missing`, `ChainUnavailable`, `ChainRefused` and nothing else."""
    with _translated():
        return question()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (BlockNotFound, TransactionNotFound) as absence:
        raise Missing(str(absence)) from absence
    except (requests.RequestException, BadResponseFormat, *_OUT_OF_SHAPE) as lack:
        # web3 lets a body that is not JSON, or not the expected shape, through as any of these.
        reason = f"{type(lack).__name__}: {lack}"
        raise ChainUnavailable(reason) from lack
    except Web3Exception as refusal:
        raise ChainRefused(_reason(refusal)) from refusal


def _reason(refusal: Web3Exception) -> str:
    return str(refusal.args[0]) if refusal.args else type(refusal).__name__
