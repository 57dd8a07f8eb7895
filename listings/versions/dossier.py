"""The dossier: one canonical document of everything that is reviewed, and its hash."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.canonical import digest_hex

FORMAT = "counterfoil-dossier/1"


def build_dossier(
    *,
    identity: Mapping[str, Any],
    content: Mapping[str, Any],
    offers: Sequence[Mapping[str, Any]],
    plans: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Everything a reviewer decides on, the upstream without its secret included.

    ``identity`` names product, version, supplier and listing code, so that an approval cannot be
    carried over to another version with the same words.
    """
    return {**content, **identity, "format": FORMAT, "offers": list(offers), "plans": list(plans)}


def dossier_hash(dossier: Mapping[str, Any]) -> str:
    """SHA-256 over the dossier's canonical bytes, in hexadecimal."""
    return digest_hex(dict(dossier))
