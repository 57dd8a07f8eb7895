"""Words of the command line that have a form: one without it is wrong use, and no verdict."""

import argparse
from collections.abc import Callable
from typing import TypeVar

from counterfoil_verify.chain import parse_address
from counterfoil_verify.errors import Rejected, require

Read = TypeVar("Read")


def word(read: Callable[[str], Read]) -> Callable[[str], Read]:
    """The reader of a word, for `argparse`: what it refuses ends the command in exit code 2."""

    def convert(text: str) -> Read:
        try:
            return read(text)
        except Rejected as error:
            raise argparse.ArgumentTypeError(error.reason) from error
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return convert


def address(text: str) -> str:
    """A contract's address."""
    return parse_address(text, "contract")


def named(suffix: str) -> Callable[[str], str]:
    """A key's name that ends in its role."""

    def read(text: str) -> str:
        fits = text.endswith(suffix) and not set(text) & set(" +\t\n")
        require(fits, "name", f"a key's name ends in {suffix}, and has no blank and no +")
        return text

    return read
