"""The runnable blocks of a guide: a mark in an HTML comment, and the fenced block behind it."""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))

_FENCED = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>http|sh)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class MarkUnreadable(Exception):
    """A block has no mark, or one that says something else than the marks know."""


@dataclass(frozen=True)
class Block:
    """One request or shell command, and what the guide says about its answer."""

    place: str
    language: str
    text: str
    number: int
    expect: int
    after_seconds: int = 0
    slug: str = ""
    keep: dict[str, str] = field(default_factory=dict)
    save: dict[str, str] = field(default_factory=dict)


def blocks_of(path: Path) -> list[Block]:
    """Every block of a guide that is to be run; raises `MarkUnreadable`."""
    return read_blocks(path.read_text(encoding="utf-8"), path.name)


def read_blocks(text: str, name: str) -> list[Block]:
    """The blocks of a text, in its order; one marked `skip` and a reason is left out."""
    found = []
    for match in _FENCED.finditer(text):
        place = f"{name}:{text.count(chr(10), 0, match.start('text'))}"
        mark = match["mark"] or ""
        if re.fullmatch(r"skip: .+", mark):
            continue
        found.append(_block(place, match["language"], match["text"], mark))
    return found


def _block(place: str, language: str, text: str, mark: str) -> Block:
    """`run <number> expect <status> [after <n>s] [slug <slug>] [keep a=b …] [save a=b …]`."""
    words: dict[str, list[str]] = {}
    current: list[str] = []
    for word in shlex.split(mark):
        if word in {"run", "expect", "after", "slug", "keep", "save"}:
            current = words.setdefault(word, [])
        else:
            current.append(word)
    try:
        return Block(
            place=place,
            language=language,
            text=text,
            number=int(_only(words["run"])),
            expect=int(_only(words["expect"])),
            after_seconds=int(_only(words.get("after", ["0s"])).removesuffix("s")),
            slug=_only(words.get("slug", [""])),
            keep=_pairs(words.get("keep", [])),
            save=_pairs(words.get("save", [])),
        )
    except (KeyError, ValueError) as error:
        message = f"{place}: the mark {mark!r} cannot be read"
        raise MarkUnreadable(message) from error


def _only(words: list[str]) -> str:
    (word,) = words
    return word


def _pairs(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words)


@dataclass(frozen=True)
class Request:
    """What a block sends, as it stands there."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


def read_request(text: str) -> Request:
    """Request line, headers, an empty line, a body."""
    head, _, body = text.partition("\n\n")
    first, *lines = head.strip().splitlines()
    method, path = first.split(" ", 1)
    headers = dict(line.split(": ", 1) for line in lines)
    return Request(method, path.strip(), headers, body.strip())
