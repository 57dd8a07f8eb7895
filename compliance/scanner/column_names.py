"""What a column's name hints at: cues in Chinese, English and pinyin, matched by whole words."""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[a-z]+", re.ASCII)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])", re.ASCII)
_LONG_ENOUGH = 5
"""A Latin cue this long may stand inside a longer word (`phone` in `userphone`, not `tel`)."""

QUANTITIES = (
    "size", "byte", "bytes", "time", "timestamp", "ts", "ms", "at", "date", "amount", "count",
    "total", "sum", "volume", "length", "duration", "epoch", "price", "revenue", "sales", "offset",
    "大小", "字节", "时间", "金额", "数量", "总量", "销量", "体积", "容量", "耗时", "时戳",
)  # fmt: skip
"""Names of columns that count or time something."""


def has_cue(name: str, cues: Iterable[str]) -> bool:
    """Whether a column's name contains a cue; `hotel` is no `tel`, `userPhone` is a `phone`."""
    folded = _HUMP.sub("_", unicodedata.normalize("NFKC", name))
    lowered = folded.lower()
    words = _WORD.findall(lowered)
    joined = "".join(words)
    return any(_holds(cue, lowered, words, joined) for cue in cues)


def _holds(cue: str, lowered: str, words: list[str], joined: str) -> bool:
    if not cue.isascii():
        return cue in lowered
    if "_" in cue:
        return bool(re.search(rf"(?<![a-z]){cue}(?![a-z])", lowered))
    return cue in words or (len(cue) >= _LONG_ENOUGH and cue in joined)
