"""Counts by size in buckets that grow with it: small, quick to fill, and added up by anybody.

A bucket is eight to the octave, so that what is read off is at most an eighth too large, whatever
the unit. The database adds such counts up by bucket; nobody has to keep a single value.
"""

from collections.abc import Mapping

_STEPS = 8
_BITS = 4
"""Of a number this many leading bits decide its bucket: the first is always one."""
VALUE_MAX = 2**40
BUCKET_MAX = (VALUE_MAX.bit_length() - _BITS) * _STEPS + 2 * _STEPS - 1


def bucket_of(value: int) -> int:
    """The bucket of a whole number; below nought counts as nought, beyond `VALUE_MAX` as that."""
    if value < _STEPS:
        return max(value, 0)
    value = min(value, VALUE_MAX)
    shift = value.bit_length() - _BITS
    return shift * _STEPS + (value >> shift)


def lower_of(bucket: int) -> int:
    """The least number of a bucket."""
    if bucket < 2 * _STEPS:
        return bucket
    return (bucket % _STEPS + _STEPS) << bucket // _STEPS - 1


def upper_of(bucket: int) -> int:
    """The greatest number of a bucket."""
    return lower_of(bucket + 1) - 1


def total(counts: Mapping[int, int]) -> int:
    """How many values were counted."""
    return sum(counts.values())


def quantile(counts: Mapping[int, int], per_cent: int) -> int | None:
    """At most so many as this is at least ``per_cent`` of the values; None of none.

    The upper end of the bucket in which it falls: never too small, at most an eighth too large.
    """
    rank = -(-total(counts) * per_cent // 100)
    for bucket in sorted(counts):
        rank -= counts[bucket]
        if counts[bucket] and rank <= 0:
            return upper_of(bucket)
    return None


def surely_above(counts: Mapping[int, int], limit: int) -> int:
    """How many values are above the limit for sure; those that share its bucket are not."""
    return sum(count for bucket, count in counts.items() if lower_of(bucket) > limit)
