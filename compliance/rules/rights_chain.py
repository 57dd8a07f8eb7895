"""What a chain of authorisations carries: whether it holds on a day, and which rights come of it.

Each link is judged by itself and against the one above it, so that a fault names its link.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from compliance.terms import purposes, regions

Link = Mapping[str, Any]
Fault = dict[str, Any]
ENDLESS = "9999-12-31"


def chain_faults(
    chain: Sequence[Link],
    *,
    day: str,
    offered_purposes: Iterable[str],
    offered_regions: Iterable[str],
    has_derivation: bool,
) -> list[Fault]:
    """Every reason why the chain does not carry the offer on that day (ISO 8601)."""
    offered, places = list(offered_purposes), list(offered_regions)
    faults = list(_root_faults(chain))
    for at, link in enumerate(chain):
        checks = {
            "not in force": link["from"] <= day <= (link.get("to") or ENDLESS),
            "may not be sublicensed": bool(link["may_sublicense"]),
            "may not be derived from": bool(link["may_derive"]) or not has_derivation,
            "does not cover the purposes offered": purposes.within(offered, link["purposes"]),
            "does not cover the regions offered": regions.within(places, link["regions"]),
        }
        faults += [{"link": at, "fault": fault} for fault, is_met in checks.items() if not is_met]
    return faults + list(_joint_faults(chain))


def _root_faults(chain: Sequence[Link]) -> Iterator[Fault]:
    if not (chain[0].get("is_original") or chain[0].get("is_consent")):
        yield {"link": 0, "fault": "is neither an original right nor the persons' consent"}


def _joint_faults(chain: Sequence[Link]) -> Iterator[Fault]:
    for at, (above, below) in enumerate(pairwise(chain), start=1):
        checks = {
            "is not granted by whoever the link above grants to": above["grantee"]
            == below["grantor"],
            "has wider purposes than the link above": purposes.within(
                below["purposes"], above["purposes"]
            ),
            "has wider regions than the link above": regions.within(
                below["regions"], above["regions"]
            ),
            "has rights that the link above lacks": set(below["rights"]) <= set(above["rights"]),
        }
        for fault, is_met in checks.items():
            if not is_met:
                yield {"link": at, "fault": fault}


def carried_rights(chain: Sequence[Link]) -> frozenset[str]:
    """The rights that every link passes on; none without a link."""
    if not chain:
        return frozenset()
    return frozenset.intersection(*(frozenset(link["rights"]) for link in chain))
