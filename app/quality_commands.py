"""The command that measures a file as a quality report would, for whoever has the file."""

import csv
import json
from pathlib import Path
from typing import Any

import click

from app.parts import Parts
from compliance.quality.assessment import Sample, assess
from compliance.quality.draws import Beacon, draw_indexes, row_entry
from ledger.log.hash_trees import HashTrees

FILE_ROWS_MAX = 100_000


def quality_command(parts: Parts) -> click.Command:
    """Measure a CSV file."""

    @click.command("assess-file")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option(
        "--content",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        required=True,
        help="JSON with fields_out and whatever else a version says of itself.",
    )
    @click.option(
        "--declaration",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="JSON with the rules that come with a commitment.",
    )
    def assess_file(file: Path, content: Path, declaration: Path | None) -> None:
        """Print the quality report of FILE, a CSV with a header, as JSON.

        Of a long file the rows are drawn by the root over its own rows, so that the same file gives
        the same report; an exchange's report is drawn by a checkpoint instead.
        """
        rows = read_rows(file)
        root = HashTrees().root_of([row_entry(row) for row in rows]).hex()
        drawn = draw_indexes(root, len(rows), Beacon("file", len(rows), root))
        declared = json.loads(declaration.read_text("utf-8")) if declaration else {}
        report = assess(
            json.loads(content.read_text("utf-8")),
            Sample([rows[at] for at in drawn], row_total=len(rows)),
            parts.clock.now(),
            declared,
        )
        click.echo(json.dumps({**report, "rows_root": root}, ensure_ascii=False, indent=2))

    return assess_file


def read_rows(file: Path) -> list[dict[str, Any]]:
    """At most `FILE_ROWS_MAX` rows of a UTF-8 CSV file; empty cells are null."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        return [
            {str(name): cell or None for name, cell in row.items()}
            for row, _ in zip(reader, range(FILE_ROWS_MAX), strict=False)
        ]
