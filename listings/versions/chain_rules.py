"""Whether a chain of authorisations hangs together: one root, no gap, no link outliving another.

Whether it grants what is offered, and on which day, is for the rules of the review (P7, P8).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from listings.errors import Fault

Link = Mapping[str, Any]

POINTER = "#/authorisation_chain"
_ENDLESS = "9999-12-31"


def chain_faults(chain: Sequence[Link]) -> list[Fault]:
    """Everything that breaks the chain, from its root to its last link."""
    if not chain:
        return []
    faults = _root_faults(chain)
    for at, (above, below) in enumerate(pairwise(chain), start=1):
        faults += _joint_faults(above, below, f"{POINTER}/{at}")
    return faults


def _root_faults(chain: Sequence[Link]) -> list[Fault]:
    faults = []
    if not _is_root(chain[0]):
        faults.append(
            Fault(
                f"{POINTER}/0",
                "The chain starts at an original right (is_original) or at the persons' consent"
                " (is_consent).",
            )
        )
    faults += [
        Fault(f"{POINTER}/{at}", "Only the first link is a root.")
        for at, link in enumerate(chain[1:], start=1)
        if _is_root(link)
    ]
    return faults


def _is_root(link: Link) -> bool:
    return bool(link.get("is_original") or link.get("is_consent"))


def _joint_faults(above: Link, below: Link, pointer: str) -> list[Fault]:
    faults = []
    if below["grantor"] != above["grantee"]:
        faults.append(
            Fault(f"{pointer}/grantor", f"The link above grants to {above['grantee']!r}.")
        )
    if below["from"] < above["from"]:
        faults.append(Fault(f"{pointer}/from", "The link begins before the one above it."))
    if below.get("to", _ENDLESS) > above.get("to", _ENDLESS):
        faults.append(Fault(f"{pointer}/to", "The link outlasts the one above it."))
    return faults
