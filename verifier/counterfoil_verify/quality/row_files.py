"""Rows of a file as entries of their tree: CSV, a JSON list of objects, or one object a line."""

import csv
from collections.abc import Iterator, Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from counterfoil_verify import canonical
from counterfoil_verify.canonical import Json
from counterfoil_verify.errors import NotChecked, Rejected, require
from counterfoil_verify.log.sources import read_file

STEP = "rows"
JSON_BYTES_MAX = 256 * 2**20
LINE_MAX = 16 * 2**20
ROW_CHARACTERS_MAX = 16 * 2**20
ROWS_MAX = 10**9
_BOM = b"\xef\xbb\xbf"

Row = Mapping[str, str | None]


def row_entry(row: Row) -> bytes:
    """A row's bytes in the tree: canonical JSON, every value text or null."""
    return canonical.encode(dict(row))


def as_row(value: Json, name: str) -> Row:
    """A JSON object as a row; a whole number is taken as its digits, anything else is Rejected."""
    if not isinstance(value, dict):
        raise Rejected(STEP, f"{name} is not an object")
    require(value, STEP, f"{name} is empty")
    return {key: _cell(each, name) for key, each in value.items()}


def _cell(value: Json, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    raise Rejected(STEP, f"{name} has a value that is neither text nor null")


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file in their order, by what its name ends in; read line by line but for .json.

    In a CSV the first line names the columns, and an empty cell is null. Rejected where a row has
    another form, NotChecked where the file cannot be read.
    """
    try:
        if path.suffix == ".json":
            yield from _of_list(read_file(path, JSON_BYTES_MAX))
            return
        with path.open("rb") as file:
            yield from _of_lines(file) if path.suffix == ".jsonl" else _of_csv(file)
    except (OSError, ValueError) as error:
        raise NotChecked(STEP, f"{path}: {error}") from error


def _of_list(data: bytes) -> Iterator[Row]:
    value = _parsed(data.removeprefix(_BOM), "the file")
    if not isinstance(value, list):
        raise Rejected(STEP, "the file is not a list of objects")
    for number, each in enumerate(value):
        yield as_row(each, f"row {number}")


def _of_lines(file: BinaryIO) -> Iterator[Row]:
    number = 0
    while line := file.readline(LINE_MAX + 1):
        require(len(line) <= LINE_MAX, STEP, f"row {number} is longer than {LINE_MAX} bytes")
        line = line.removeprefix(_BOM) if number == 0 else line
        if line.strip():
            yield as_row(_parsed(line, f"row {number}"), f"row {number}")
            number += 1


def _parsed(data: bytes, name: str) -> Json:
    try:
        return canonical.parse_json(data)
    except Rejected as error:
        raise error.within(STEP, name) from error


def _of_csv(file: BinaryIO) -> Iterator[Row]:
    # Quotes may hold a row open over any number of lines: what is read for one row has a bound.
    left = ROW_CHARACTERS_MAX

    def lines() -> Iterator[str]:
        nonlocal left
        text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
        while line := text.readline(left + 1):
            left -= len(line)
            require(left >= 0, STEP, f"a row is longer than {ROW_CHARACTERS_MAX} characters")
            yield line

    names: list[str] = []
    try:
        for number, cells in enumerate(csv.reader(lines(), strict=True)):
            left = ROW_CHARACTERS_MAX
            if not names:
                names = cells
                require(names and len(set(names)) == len(names), STEP, "no columns, or one twice")
            elif cells:
                fits = len(cells) == len(names)
                require(fits, STEP, f"line {number + 1} has {len(cells)} of {len(names)} cells")
                yield {name: cell or None for name, cell in zip(names, cells, strict=True)}
    except (csv.Error, UnicodeDecodeError) as error:
        raise Rejected(STEP, f"not a CSV in UTF-8: {error}"[:200]) from error
