"""The commands about a quality report: the root over rows, and the rows revealed of them."""

import argparse
from pathlib import Path

from counterfoil_verify import canonical
from counterfoil_verify.commands.inputs import kept, trusted_keys
from counterfoil_verify.commands.receipts import check_inclusion, read_leaf
from counterfoil_verify.errors import NotChecked, require
from counterfoil_verify.leaves import LEAF_BYTES_MAX, Leaf
from counterfoil_verify.log.paths import TilePaths
from counterfoil_verify.log.sources import open_source, read_file
from counterfoil_verify.log.tiles import Source
from counterfoil_verify.log.turns import of_shard
from counterfoil_verify.merkle import check_consistency
from counterfoil_verify.notes import Checkpoint
from counterfoil_verify.quality import reports
from counterfoil_verify.quality.draws import Commitment
from counterfoil_verify.quality.row_files import ROWS_MAX, Row, read_rows, row_entry
from counterfoil_verify.quality.row_trees import Grown, RowTree
from counterfoil_verify.report import Report

SEED = "seed"


def compute_root(options: argparse.Namespace, report: Report) -> None:
    """The root over a file's rows, against a commitment; and the drawn rows to reveal, if asked."""
    committed = None if options.of is None else _committed(options, report)
    wanted = _wanted(options, committed)
    with report.step("rows") as detail:
        grown, shown = _grow(options.file, wanted)
        report.facts |= {"rows_root": grown.root.hex(), "row_total": grown.size}
        detail.append(f"{grown.size:,} rows, root {grown.root.hex()}")
    if committed is not None:
        with report.step(reports.COMMITMENT_STEP) as detail:
            same = (grown.root, grown.size) == (committed.rows_root, committed.row_total)
            due = f"committed were {committed.row_total:,} of root {committed.rows_root.hex()}"
            require(same, reports.COMMITMENT_STEP, f"other rows: {due}")
            detail.append(f"attempt {committed.attempt} of {committed.version}")
    if options.reveal is not None:
        with report.step("reveal") as detail:
            _write_revealed(options.reveal, grown, shown)
            detail.append(f"{len(shown)} drawn rows")


def _committed(options: argparse.Namespace, report: Report) -> Commitment:
    with report.step(reports.FORMAT_STEP) as detail:
        found = reports.parse_committed(read_file(options.of, reports.DOCUMENT_BYTES_MAX))
        detail.append(found.sample)
    return found


def _wanted(options: argparse.Namespace, committed: Commitment | None) -> list[int]:
    if options.reveal is None:
        return []
    if committed is None or committed.head is None:
        raise NotChecked("reveal", "no row is drawn yet: give --of with a sample that is DRAWN")
    return committed.drawn


def _grow(path: Path, wanted: list[int]) -> tuple[Grown, dict[int, Row]]:
    tree, shown = RowTree(wanted), dict[int, Row]()
    drawn = frozenset(wanted)
    for row in read_rows(path):
        require(tree.size < ROWS_MAX, "rows", f"more than {ROWS_MAX:,} rows")
        if tree.size in drawn:
            shown[tree.size] = row
        tree.add(row_entry(row))
    require(tree.size, "rows", "there is no row")
    return tree.finish(), shown


def _write_revealed(path: Path, grown: Grown, shown: dict[int, Row]) -> None:
    rows: list[canonical.Json] = [
        {"index": index, "row": dict(row), "path": [node.hex() for node in grown.paths[index]]}
        for index, row in shown.items()
    ]
    try:
        path.write_bytes(canonical.encode({"rows": rows}) + b"\n")
    except OSError as error:
        raise NotChecked("reveal", f"{path}: {error}") from error


def check_revealed(options: argparse.Namespace, report: Report) -> None:
    """Revealed rows against a quality report, and the report against the log."""
    source = kept(options, open_source(options.log))
    keyring = trusted_keys(options, report)
    with report.step(reports.FORMAT_STEP) as detail:
        measured = reports.parse_report(read_file(options.report, reports.DOCUMENT_BYTES_MAX))
        rows = reports.parse_revealed(read_file(options.file, reports.REVEALED_BYTES_MAX))
        committed = measured.commitment
        detail.append(f"{len(rows):,} of {committed.row_total:,} rows of {committed.version}")
    with report.step(reports.REPORT_STEP) as detail:
        detail.append(reports.check_document(measured))
    with report.step(reports.DRAW_STEP):
        reports.check_drawn(committed, rows)
    with report.step(reports.ROWS_STEP) as detail:
        reports.check_rows(committed, rows)
        detail.append(f"root {committed.rows_root.hex()}")
    with report.step(reports.ENTRY_STEP) as detail:
        entry = _leaf(options.entry)
        reports.check_entry(entry, measured)
        detail.append(entry.hash.hex())
    reported, reported_at = check_inclusion(report, options.proof, entry, keyring)
    with report.step(reports.COMMITMENT_STEP) as detail:
        entry = _leaf(options.committed)
        reports.check_committed(entry, committed)
        detail.append(entry.hash.hex())
    checkpoint, committed_at = check_inclusion(report, options.committed_proof, entry, keyring)
    with report.step(SEED) as detail:
        _check_seed(committed, checkpoint, committed_at, source)
        is_later = reported.origin != committed.origin or reported_at >= _size(committed)
        require(is_later, SEED, "the report was in the log before its rows were drawn")
        detail.append(f"{committed.origin}, size {_size(committed):,}")


def _leaf(path: Path) -> Leaf:
    return read_leaf(read_file(path, 4 * LEAF_BYTES_MAX))


def _size(committed: Commitment) -> int:
    assert committed.head is not None, "a report that was read names one"
    return committed.head.tree_size


def _check_seed(committed: Commitment, newer: Checkpoint, index: int, source: Source) -> None:
    """The head that drew is one of this log's, and came after the commitment."""
    assert committed.head is not None, "a report that was read names one"
    size = committed.head.tree_size
    same = committed.origin == newer.origin
    require(same, SEED, f"drawn from {committed.origin}, committed in {newer.origin}")
    require(index < size, SEED, "the rows were drawn before they were committed to")
    if size > newer.head.tree_size:
        raise NotChecked(SEED, "the commitment's proof is older than the draw: get a newer one")
    path = TilePaths(of_shard(source, newer), newer.head.tree_size).consistency(size)
    check_consistency(committed.head, newer.head, path)
