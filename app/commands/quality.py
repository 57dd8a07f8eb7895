"""The command that measures a file as a quality report would, for whoever has the file."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click

from app.parts import Parts
from compliance.quality.assessment import Sample, assess
from compliance.quality.draws import Beacon, draw_indexes, row_entry
from ledger.log.tree.hash_trees import HashTrees

FILE_ROWS_MAX = 100_000
FILE_BYTES_MAX = 256 * 2**20

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def quality_command(parts: Parts) -> click.Command:
    """Measure a CSV or JSON file."""

    @click.command("assess-file")
    @click.argument("file", type=_FILE)
    @click.option(
        "--content",
        type=_FILE,
        required=True,
        help="JSON with fields_out and whatever else a version says of itself.",
    )
    @click.option(
        "--declaration", type=_FILE, help="JSON with the rules that come with a commitment."
    )
    def assess_file(file: Path, content: Path, declaration: Path | None) -> None:
        """Print the quality report of FILE as JSON.

        FILE is a CSV with a header, a JSON array of objects, or one object a line (.jsonl).
        """
        try:
            rows = read_rows(file)
        except ValueError as unreadable:
            raise click.ClickException(str(unreadable)) from unreadable
        declared = _document(declaration) if declaration else {}
        report = measure_rows(rows, _document(content), declared, parts.clock.now())
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))

    return assess_file


def _document(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def measure_rows(
    rows: Sequence[Mapping[str, Any]],
    content: Mapping[str, Any],
    declaration: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """The report on rows that are there whole, and the root over them.

    Of many rows some are drawn by that root, so that the same rows give the same report; an
    exchange's report is drawn by a checkpoint instead.
    """
    root = HashTrees().root_of([row_entry(row) for row in rows]).hex()
    drawn = draw_indexes(root, len(rows), Beacon("file", len(rows), root))
    sample = Sample([rows[at] for at in drawn], row_total=len(rows))
    return {**assess(content, sample, now, declaration), "rows_root": root}


def read_rows(file: Path) -> list[dict[str, Any]]:
    """At most `FILE_ROWS_MAX` rows of a UTF-8 file; empty cells of a CSV are null.

    Raises `ValueError` where a file is too large or holds something else than rows.
    """
    if file.stat().st_size > FILE_BYTES_MAX:
        message = f"{file.name} is larger than {FILE_BYTES_MAX} bytes."
        raise ValueError(message)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        if file.suffix == ".json":
            return _objects(json.load(lines))
        if file.suffix == ".jsonl":
            return _objects(
                [json.loads(line) for line in islice(lines, FILE_ROWS_MAX) if line.strip()]
            )
        return [
            {str(name): cell or None for name, cell in row.items()}
            for row in islice(csv.DictReader(lines), FILE_ROWS_MAX)
        ]


def _objects(found: object) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        message = "Rows are a list of JSON objects."
        raise ValueError(message)
    return found[:FILE_ROWS_MAX]
