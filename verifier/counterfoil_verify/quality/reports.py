"""A sample or a quality report as the exchange shows it, against the rows and the log's entries."""

import hashlib
from dataclasses import dataclass

from counterfoil_verify import canonical
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import HASH_SIZE, Record
from counterfoil_verify.leaves import Leaf
from counterfoil_verify.merkle import root_from_path
from counterfoil_verify.proofs import PATH_MAX
from counterfoil_verify.quality.draws import MOST, Commitment, read_commitment
from counterfoil_verify.quality.row_files import Row, as_row, row_entry

FORMAT_STEP, REPORT_STEP, DRAW_STEP, ROWS_STEP = "format", "report", "draw", "rows"
ENTRY_STEP, COMMITMENT_STEP = "entry", "commitment"
QUALITY, COMMITTED = "quality", "quality_sample_committed"
DOCUMENT_BYTES_MAX = 16_777_216
REVEALED_BYTES_MAX = 1 << 30
NO_GRADE = "NONE"


@dataclass(frozen=True)
class RevealedRow:
    """A row with its place and its path, as the supplier reveals it."""

    index: int
    row: Row
    path: list[bytes]


@dataclass(frozen=True)
class QualityReport:
    """A report as read: what it says of itself, and the document under its hash."""

    id: str
    commitment: Commitment
    document: Record
    document_hash: bytes


def _parsed(data: bytes, bytes_max: int, name: str) -> Record:
    try:
        value = canonical.parse(data, bytes_max=bytes_max, is_strict=False)
    except Rejected as error:
        raise error.within(FORMAT_STEP) from error
    return Record(FORMAT_STEP, value, name)


def parse_report(data: bytes) -> QualityReport:
    """A report as `GET /v1/quality-reports/{id}` shows it; its members agree with its document."""
    record = _parsed(data, DOCUMENT_BYTES_MAX, "the quality report")
    document = record.record("document")
    same = all(record.text(f"{name}id") == document.text(f"{name or 'report_'}id")
               for name in ("", "version_"))  # fmt: skip
    committed = document.record("commitment")
    sample = committed.text("sample_id")
    same = same and record.text("sample_id") == sample
    require(same, FORMAT_STEP, "the report is of another sample or version than its document")
    commitment = read_commitment(committed, sample=sample, version=record.text("version_id"))
    require(commitment.head, FORMAT_STEP, "the report names no head that its rows were drawn from")
    return QualityReport(
        record.text("id"), commitment, document, record.hexadecimal("document_hash", HASH_SIZE)
    )


def parse_committed(data: bytes) -> Commitment:
    """The commitment of a sample (`GET /v1/quality-samples/{id}`) or of a report."""
    record = _parsed(data, DOCUMENT_BYTES_MAX, "the sample")
    if "document" in record.members:
        return parse_report(data).commitment
    return read_commitment(record, sample=record.text("id"), version=record.text("version_id"))


def parse_revealed(data: bytes) -> list[RevealedRow]:
    """The body that reveals rows: `{"rows": [{"index", "row", "path"}]}`."""
    record = _parsed(data, REVEALED_BYTES_MAX, "the file of rows")
    record.only("rows")
    return [_revealed(each) for each in record.records("rows", max(MOST.values()))]


def _revealed(record: Record) -> RevealedRow:
    record.only("index", "row", "path")
    hashes = [Record(FORMAT_STEP, {"path": each}) for each in record.items("path", PATH_MAX)]
    path = [each.hexadecimal("path", HASH_SIZE) for each in hashes]
    index, cells = record.whole("index"), record.record("row").members
    is_text = cells and all(cell is None or isinstance(cell, str) for cell in cells.values())
    require(is_text, FORMAT_STEP, f"row {index} has a value that is neither text nor null, or none")
    return RevealedRow(index, as_row(dict(cells), f"row {index}"), path)


def check_document(report: QualityReport) -> str:
    """The grade; Rejected unless the hash is that of the document."""
    digest = hashlib.sha256(canonical.encode(dict(report.document.members))).digest()
    same = digest == report.document_hash
    require(same, REPORT_STEP, "the document is another one than its hash says")
    grade = report.document.members.get("grade") or "not assessed"
    return f"{report.id}, grade {grade}"


def check_drawn(commitment: Commitment, rows: list[RevealedRow]) -> None:
    """Rejected unless the rows are those that the head draws, each once."""
    revealed = sorted(each.index for each in rows)
    drawn = commitment.drawn
    missing, other = set(drawn) - set(revealed), set(revealed) - set(drawn)
    told = f"{len(missing)} drawn rows are missing, {len(other)} were not drawn"
    require(not missing and not other, DRAW_STEP, told)
    require(revealed == drawn, DRAW_STEP, "a row stands twice")


def check_rows(commitment: Commitment, rows: list[RevealedRow]) -> None:
    """Rejected at the first row that its path does not lead from to the committed root."""
    for each in rows:
        leaf = hashlib.sha256(b"\x00" + row_entry(each.row)).digest()
        try:
            root = root_from_path(leaf, each.index, commitment.row_total, each.path)
        except Rejected as error:
            raise error.within(ROWS_STEP, f"row {each.index}") from error
        is_committed = root == commitment.rows_root
        require(is_committed, ROWS_STEP, f"row {each.index} is not the one that was committed")


def check_entry(leaf: Leaf, report: QualityReport) -> None:
    """Rejected unless the log's entry says of the report what the report says of itself."""
    require(leaf.type == QUALITY, ENTRY_STEP, f"an entry of type {leaf.type[:40]!r}")
    document, committed = report.document, report.commitment
    assert committed.head is not None, "a report that was read names one"
    measured = {
        each.text("code"): f"{each.text('value')}/{each.text('bound')}"
        for each in document.records("indicators", 1_000)
        if each.text("state") == "ASSESSED"
    }
    _compare(leaf, ENTRY_STEP, {
        "report": report.id,
        "sample": committed.sample,
        "version": committed.version,
        "rows_root": committed.rows_root.hex(),
        "sampled_count": document.whole("sampled_count"),
        "drawn_root_hash": committed.head.root_hash.hex(),
        "grade": document.members.get("grade") or NO_GRADE,
        "values": measured,
        "policy": document.text("policy"),
        "scanner_version": document.whole("scanner_version"),
        "report_hash": report.document_hash.hex(),
    })  # fmt: skip


def check_committed(leaf: Leaf, commitment: Commitment) -> None:
    """Rejected unless the entry is this commitment, to these rows, at this attempt."""
    is_one = leaf.type == COMMITTED
    require(is_one, COMMITMENT_STEP, f"an entry of type {leaf.type[:40]!r}")
    _compare(leaf, COMMITMENT_STEP, {
        "sample": commitment.sample,
        "version": commitment.version,
        "rows_root": commitment.rows_root.hex(),
        "row_total": commitment.row_total,
        "declaration_hash": commitment.declaration_hash.hex(),
        "attempt": commitment.attempt,
    })  # fmt: skip


def _compare(leaf: Leaf, step: str, due: dict[str, object]) -> None:
    members = leaf.record.members
    other = [name for name, value in due.items() if members.get(name) != value]
    require(not other, step, f"the log says otherwise of: {', '.join(other)}")
