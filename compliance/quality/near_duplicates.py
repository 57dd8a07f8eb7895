"""Texts that say nearly the same: MinHash over shingles, found by bands (Broder 1997)."""

from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b

SHINGLE = 5
HASHES = 64
BANDS = 16
LENGTH_MIN = 60
"""Shorter texts differ in a cell that matters."""
SIMILARITY_MIN = 0.9
_PER_BAND = HASHES // BANDS
_TEXT_MAX = 2_000
_PRIME = (1 << 61) - 1
_FACTORS = tuple(
    (
        int.from_bytes(blake2b(bytes([n]), digest_size=7).digest()) | 1,
        int.from_bytes(blake2b(bytes([n, 1]), digest_size=7).digest()),
    )
    for n in range(HASHES)
)


def near_duplicates(texts: Sequence[str]) -> int:
    """How many long texts are at least `SIMILARITY_MIN` alike to an earlier one."""
    kept = [_signature(text[:_TEXT_MAX]) for text in texts if len(text) >= LENGTH_MIN]
    buckets: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
    found = 0
    for at, signature in enumerate(kept):
        keys = [
            (band, signature[band * _PER_BAND : (band + 1) * _PER_BAND]) for band in range(BANDS)
        ]
        earlier = {other for key in keys for other in buckets[key]}
        found += any(_alike(signature, kept[other]) for other in earlier)
        for key in keys:
            buckets[key].append(at)
    return found


def _signature(text: str) -> tuple[int, ...]:
    shingles = {text[at : at + SHINGLE] for at in range(len(text) - SHINGLE + 1)}
    hashes = [int.from_bytes(blake2b(each.encode(), digest_size=7).digest()) for each in shingles]
    return tuple(min((a * h + b) % _PRIME for h in hashes) for a, b in _FACTORS)


def _alike(left: tuple[int, ...], right: tuple[int, ...]) -> bool:
    equal = sum(a == b for a, b in zip(left, right, strict=True))
    return equal >= SIMILARITY_MIN * HASHES
