"""Texts that say nearly the same: one-permutation MinHash over shingles, found by bands.

Broder 1997; one hash a shingle instead of one for each place: Li, Owen and Zhang 2012, with empty
places filled from the next one as Shrivastava and Li 2014 do.
"""

from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b

SHINGLE = 5
PLACES = 64
BANDS = 16
LENGTH_MIN = 60
"""Shorter texts differ in a cell that matters."""
SIMILARITY_MIN = 0.9
_PER_BAND = PLACES // BANDS
_TEXT_MAX = 2_000
_STEP = 1 << 64
"""Keeps a borrowed value apart from its owner's, by how far it was carried."""


def near_duplicates(texts: Sequence[str]) -> int:
    """How many long texts are at least `SIMILARITY_MIN` alike to an earlier one.

    The sketch only finds whom to compare; what counts is the share of common shingles (Jaccard).
    """
    kept = [_shingles(text[:_TEXT_MAX]) for text in texts if len(text) >= LENGTH_MIN]
    buckets: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
    found = 0
    for at, shingles in enumerate(kept):
        sketch = _sketch(shingles)
        keys = [(band, sketch[band * _PER_BAND : (band + 1) * _PER_BAND]) for band in range(BANDS)]
        earlier = {other for key in keys for other in buckets[key]}
        found += any(_alike(shingles, kept[other]) for other in sorted(earlier))
        for key in keys:
            buckets[key].append(at)
    return found


def _shingles(text: str) -> frozenset[int]:
    pieces = {text[at : at + SHINGLE] for at in range(len(text) - SHINGLE + 1)}
    return frozenset(
        int.from_bytes(blake2b(each.encode(), digest_size=8).digest()) for each in pieces
    )


def _sketch(shingles: frozenset[int]) -> tuple[int, ...]:
    least: dict[int, int] = {}
    for shingle in shingles:
        value, place = divmod(shingle, PLACES)
        if value < least.get(place, _STEP):
            least[place] = value
    return tuple(_borrowed(least, place) for place in range(PLACES))


def _borrowed(least: dict[int, int], place: int) -> int:
    """The place's value, or that of the next place around that has one."""
    far = next(step for step in range(PLACES) if (place + step) % PLACES in least)
    return least[(place + far) % PLACES] + far * _STEP


def _alike(left: frozenset[int], right: frozenset[int]) -> bool:
    common = len(left & right)
    return common >= SIMILARITY_MIN * (len(left) + len(right) - common)
