"""Which regular expressions a field may declare: only those that cannot be made to run away.

The data plane matches a caller's input against a supplier's pattern, and Python's matcher tries
every split of every repetition. The ways are counted here before the pattern is accepted.
"""

import re

LENGTH_MAX = 200
WAYS_MAX = 1_000_000
"""The most splits a pattern may have on the longest permitted text."""
TEXT_LENGTH_MAX = 4_096
"""What an unbounded repetition is taken to be repeated at most: the longest text of a call."""

_PART = re.compile(
    r"""
    (?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])
    | (?P<escape>\\[dwsDWS.\-+*?()\[\]{}|^$/\\])
    | (?P<bounds>\{\d{1,4}(?:,\d{0,4})?\})
    | (?P<repeat>[*+?])
    | (?P<group>\((?:\?:)?)
    | (?P<end>\))
    | (?P<other>[^\\\[\]{}*+?()])
    """,
    re.VERBOSE | re.ASCII,
)


class PatternRefused(ValueError):
    """The text is not a pattern that is safe to match against a stranger's input."""


def check_pattern(pattern: str) -> None:
    """Raises `PatternRefused` with the reason.

    Permitted: characters, classes, groups, alternatives and repetitions of single characters.
    Refused: repeated groups, look-around, references, and more than a million ways to match.
    """
    if not 0 < len(pattern) <= LENGTH_MAX:
        msg = f"a pattern has 1 to {LENGTH_MAX} characters"
        raise PatternRefused(msg)
    if _count_ways(pattern) > WAYS_MAX:
        msg = "the pattern has too many repetitions: it could be made to run for hours"
        raise PatternRefused(msg)
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        msg = "not a regular expression"
        raise PatternRefused(msg) from None


def _count_ways(pattern: str) -> int:
    ways, place, previous = 1, 0, ""
    while place < len(pattern):
        part = _PART.match(pattern, place)
        if part is None:
            msg = f"what stands at character {place + 1} is not permitted"
            raise PatternRefused(msg)
        kind = str(part.lastgroup)
        ways *= _ways_of(kind, part[0], previous)
        previous, place = kind, part.end()
    return ways


def _ways_of(kind: str, text: str, previous: str) -> int:
    if text == "|":
        return 2
    if kind not in {"bounds", "repeat"}:
        return 1
    if previous not in {"class", "escape", "other"}:
        msg = "only a single character or class may be repeated"
        raise PatternRefused(msg)
    return _span(text)


def _span(repetition: str) -> int:
    """How many different counts a repetition permits."""
    if repetition == "?":
        return 2
    if repetition in {"*", "+"}:
        return TEXT_LENGTH_MAX
    low, comma, high = repetition[1:-1].partition(",")
    if not comma:
        return 1
    return max(1, (int(high) if high else TEXT_LENGTH_MAX) - int(low) + 1)
