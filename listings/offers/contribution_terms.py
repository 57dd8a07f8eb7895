"""What a contributor agrees to, and how its share enters an agreement's split."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.core.canonical import digest_hex
from app.core.money import split_units
from listings.errors import Fault

FORMAT = "counterfoil-contribution/1"
ASKED = "ASKED"
AGREED = "AGREED"
DECLINED = "DECLINED"
STATES = (ASKED, AGREED, DECLINED)
BASIS_POINTS = 10_000
CONTRIBUTORS_MAX = 20
SUPPLIER = "supplier"

Contributor = Mapping[str, Any]


def contributor_faults(contributors: Sequence[Contributor], *, supplier_id: str) -> list[Fault]:
    """Shares that leave the supplier nothing, an organisation named twice, the supplier itself."""
    faults, seen = [], {supplier_id}
    for at, contributor in enumerate(contributors):
        if contributor["organisation_id"] in seen:
            pointer = f"#/contributors/{at}/organisation_id"
            faults.append(Fault(pointer, "It has its share already; each is named once."))
        seen.add(contributor["organisation_id"])
    if sum(contributor["share_bp"] for contributor in contributors) >= BASIS_POINTS:
        faults.append(Fault("#/contributors", "The shares leave the supplier nothing."))
    return faults


def contribution_terms(
    *,
    identity: Mapping[str, Any],
    content: Mapping[str, Any],
    plans: Iterable[Mapping[str, Any]],
    contributor_id: str,
) -> dict[str, Any]:
    """Everything that a contributor agrees to: who shares how much of what, at which prices.

    ``identity`` names product, version and supplier. A changed word elsewhere in the draft does
    not ask anew; a changed name, share, basis or plan does.
    """
    return {
        "format": FORMAT,
        **identity,
        "contributor_id": contributor_id,
        "name": content["name"],
        "contributors": list(content["contributors"]),
        "plans": list(plans),
    }


def contribution_hash(terms: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical terms."""
    return digest_hex(dict(terms))


def shared_split(split: Mapping[str, int], contributors: Sequence[Contributor]) -> dict[str, int]:
    """The split with the supplier's part divided by contribution, in basis points of the whole.

    Largest remainder, ties in the order of the result: the supplier, then the contributors by
    their ids. The sum stays what it was, 10,000.
    """
    if not contributors:
        return dict(split)
    shares = {
        contributor["organisation_id"]: contributor["share_bp"] for contributor in contributors
    }
    weights = {SUPPLIER: BASIS_POINTS - sum(shares.values())}
    weights |= {share_key(each): shares[each] for each in sorted(shares)}
    rest = {part: weight for part, weight in split.items() if part != SUPPLIER}
    return split_units(split[SUPPLIER], weights) | rest


def share_key(organisation_id: str) -> str:
    """A contributor's name among the parts of a split."""
    return f"{SUPPLIER}:{organisation_id}"


def contributor_shares(split: Mapping[str, int]) -> dict[str, int]:
    """The contributors of a split with their basis points of the whole."""
    prefix = share_key("")
    return {
        part.removeprefix(prefix): weight
        for part, weight in split.items()
        if part.startswith(prefix)
    }
