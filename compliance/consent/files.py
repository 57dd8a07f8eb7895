"""Reads a file of answers, as CSV or as JSON lines: each row with its line, or why it is none."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.json_text import load_json
from compliance.consent.errors import ConsentFileUnreadable

CSV, JSON_LINES = "text/csv", "application/x-ndjson"
ROWS_MAX = 1_000
COLUMNS = (
    "recipient_id",
    "subject",
    "purpose",
    "answer",
    "expires_at",
    "evidence_hash",
    "notice_hash",
)
"""The members of an answer; an empty cell is an absent member."""


@dataclass(frozen=True)
class FileRow:
    """One row by the line it stands on, counted from 1; with ``faults`` it is no row."""

    line: int
    members: dict[str, Any] = field(default_factory=dict)
    faults: Sequence[str] = ()


def read_rows(data: bytes, media_type: str) -> list[FileRow]:
    """All rows of a file, at most `ROWS_MAX`; raises `ConsentFileUnreadable`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"It is not UTF-8: byte {error.start} begins no character."
        raise ConsentFileUnreadable(msg) from None
    reader = {CSV: _csv_rows, JSON_LINES: _json_rows}[media_type]
    rows: list[FileRow] = []
    for row in reader(text):
        if len(rows) == ROWS_MAX:
            msg = f"It has more than {ROWS_MAX} rows: send it in parts."
            raise ConsentFileUnreadable(msg)
        rows.append(row)
    if not rows:
        msg = "It has no rows."
        raise ConsentFileUnreadable(msg)
    return rows


def _csv_rows(text: str) -> Iterator[FileRow]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        _demand_columns(header)
        for cells in reader:
            if cells:
                yield _csv_row(reader.line_num, header, cells)
    except csv.Error as error:
        msg = f"Line {reader.line_num} is not well-formed: {error}."
        raise ConsentFileUnreadable(msg) from None


def _demand_columns(header: Sequence[str]) -> None:
    unknown = sorted(set(header) - set(COLUMNS))
    if unknown or len(set(header)) < len(header) or not header:
        msg = f"Its first line names columns, each once, of: {', '.join(COLUMNS)}."
        raise ConsentFileUnreadable(msg)


def _csv_row(line: int, header: Sequence[str], cells: Sequence[str]) -> FileRow:
    if len(cells) != len(header):
        return FileRow(line, faults=[f"{len(cells)} cells for {len(header)} columns."])
    pairs = zip(header, cells, strict=True)
    return FileRow(line, {name: cell for name, cell in pairs if cell})


def _json_rows(text: str) -> Iterator[FileRow]:
    for line, written in enumerate(text.split("\n"), start=1):
        if not written.strip():
            continue
        try:
            members = load_json(written.encode())
        except ValueError:
            yield FileRow(line, faults=["This line is no JSON."])
            continue
        if isinstance(members, dict):
            yield FileRow(line, members)
        else:
            yield FileRow(line, faults=["A row is an object."])
