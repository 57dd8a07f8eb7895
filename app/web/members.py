"""What the members of requests and answers mean, for the API's document.

A `members.toml` says it beside the shapes of its folder and of those below. A name at its top means
the same in all of them; a table that is called like a shape says what differs there. What every
room shows alike (an id, an instant, a page's cursor) is in the one of this folder.
"""

import inspect
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from marshmallow import Schema

FILE = "members.toml"
SHARED = Path(__file__).parent
_ROOT = SHARED.parents[1]


def meaning(schema: type[Schema], member: str) -> str | None:
    """What a member of the schema's shape means, if anything says so."""
    place = place_of(schema, member)
    if place is None:
        return None
    folder, shape = place
    words = _words_of(folder)
    return str(words[member] if shape is None else words[shape][member])


def place_of(schema: type[Schema], member: str) -> tuple[Path, str | None] | None:
    """The folder that says it and under which shape, or None for all of them."""
    for shape in schema.__mro__[:-1]:
        for folder in _folders_of(shape):
            if member in _words_of(folder).get(name_of(shape), {}):
                return folder, name_of(shape)
    for folder in _folders_of(schema):
        if isinstance(_words_of(folder).get(member), str):
            return folder, None
    return None


def name_of(schema: type) -> str:
    """What a schema's shape is called in the document."""
    return schema.__name__.removesuffix("Schema")


def summary_of(schema: type) -> str:
    """What a shape is: the first paragraph of its schema's docstring."""
    first = inspect.cleandoc(schema.__dict__["__doc__"] or "").partition("\n\n")[0]
    return " ".join(first.split()).replace("``", "`")


def _folders_of(schema: type) -> Iterator[Path]:
    parts = schema.__module__.split(".")[:-1]
    for length in range(len(parts), 0, -1):
        yield _ROOT.joinpath(*parts[:length])
    yield SHARED


@cache
def _words_of(folder: Path) -> dict[str, Any]:
    file = folder / FILE
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
