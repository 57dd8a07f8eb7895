"""Statement evidence: what a supplier is owed, whole, or one licence's row of it with its path.

The rows stand under a tree of sums whose root is in the log and on chain. Whoever is shown a row
knows that it counts in the totals that the supplier is shown, and learns nothing of other rows.
"""

import hashlib
from dataclasses import dataclass

from counterfoil_verify import canonical
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import Record
from counterfoil_verify.keys import Key, Keyring
from counterfoil_verify.log.succession import MEMBER, NO_HEADS, Heads, Link, read_links
from counterfoil_verify.merkle import Head
from counterfoil_verify.money import sum_tree
from counterfoil_verify.money.evidence import (
    FORMAT_STEP,
    MINOR_UNIT,
    PlacedLeaf,
    check_statement_key,
    parse_evidence,
    read_checkpoint,
    read_placed,
)
from counterfoil_verify.proofs import PATH_MAX

STATEMENT_STEP = "statement"
ROWS_STEP = "rows"
PATH_STEP = "path"
SUMS_STEP = "sums"

FORMAT = "counterfoil-statement-evidence/1"
ROW_FORMAT = "counterfoil-statement-row-evidence/1"
STATEMENT_FORMAT = "counterfoil-supplier-statement/1"
SHOWN_ROW_FORMAT = "counterfoil-statement-row/1"
DOMAIN = b"counterfoil/supplier-statement/v1\x00"
ROW_DOMAIN = b"counterfoil/statement-row/v1\x00"
STATEMENT = "statement"
EVIDENCE_BYTES_MAX = 67_108_864
ROWS_SHOWN_MAX = 200_000
_CATEGORIES = ("usage", "package", "period", "credit", "other")
_TREE_MEMBERS = ("root_hash", "row_count", "units", "charged_amount", "credited_amount")
_STATEMENT_MEMBERS = (
    "format", "settlement", "run", "supplier", "currency", "n", "period", "postings",
    "opening_amount", "rows", "returned_amount", "period_amount", "minimum_amount",
    "settled_amount", "carried_amount", "settled_at",
)  # fmt: skip
_ROW_MEMBERS = (
    "format", "settlement", "currency", "period", "row", "index", "siblings", "tree",
)  # fmt: skip
_LEAF_MEMBERS = (
    "v", "type", "at", "blind", "settlement", "run", "from_at", "until_at", "statement_hash",
)  # fmt: skip


@dataclass(frozen=True)
class TreeHead:
    """What the signed document says of the tree."""

    root_hash: bytes
    row_count: int
    sums: sum_tree.Sums


@dataclass(frozen=True)
class StatementLeaf(PlacedLeaf):
    """The statement's entry in the log."""

    @property
    def root_hash(self) -> bytes | None:
        """The tree's root; None for a statement without rows."""
        record = self.leaf.record
        return record.hexadecimal("root_hash", 32) if "root_hash" in record.members else None


@dataclass(frozen=True)
class StatementLine:
    """A line of the statement; its gross amount is with commission and tax, 10⁻⁸ units."""

    subject: str
    columns: int
    amount: int
    gross: int


@dataclass(frozen=True)
class ShownRow:
    """A row's place and the siblings up to the top."""

    index: int
    siblings: tuple[sum_tree.Node, ...]


@dataclass(frozen=True)
class StatementEvidence:
    """Statement evidence as read, whole or of one row; only the checks below make it evidence."""

    document: Record
    tree: TreeHead | None
    rows: tuple[sum_tree.Row, ...]
    lines: tuple[StatementLine, ...]
    shown: ShownRow | None
    """The one row's path; None for a whole statement."""
    key: str
    signature: bytes
    leaf: StatementLeaf
    checkpoint: bytes
    predecessors: tuple[Link, ...] = ()


def parse_statement(data: bytes, *, is_strict: bool = True) -> StatementEvidence:
    """Evidence from its canonical JSON, or not strictly from any spelling of it."""
    return parse_evidence(
        data,
        _read,
        name="the statement evidence",
        bytes_max=EVIDENCE_BYTES_MAX,
        is_strict=is_strict,
    )


def _read(record: Record) -> StatementEvidence:
    is_row = record.text("format") == ROW_FORMAT
    whole = () if is_row else ("rows",)
    members = ("format", "statement", "signature", "key", "leaf", "checkpoint", *whole)
    record.only(*members, optional=(MEMBER,))
    known = is_row or record.text("format") == FORMAT
    require(known, FORMAT_STEP, f"the format is neither {FORMAT} nor {ROW_FORMAT}")
    document = record.record("statement")
    rows = [document.record("row")] if is_row else record.records("rows", ROWS_SHOWN_MAX)
    return StatementEvidence(
        document=document,
        tree=_read_tree(document.record("tree")) if "tree" in document.members else None,
        rows=tuple(sum_tree.read_row(row) for row in rows),
        lines=() if is_row else _read_statement(document),
        shown=_read_shown(document) if is_row else None,
        key=record.text("key"),
        signature=record.base64("signature", 64),
        leaf=_read_leaf(record.record("leaf")),
        checkpoint=read_checkpoint(record),
        predecessors=read_links(record),
    )


def _read_statement(record: Record) -> tuple[StatementLine, ...]:
    record.only(*_STATEMENT_MEMBERS, optional=("tree",))
    is_known = record.text("format") == STATEMENT_FORMAT
    require(is_known, FORMAT_STEP, f"not a {STATEMENT_FORMAT}")
    record.instant("settled_at")
    _read_head(record)
    return tuple(_read_line(line) for line in record.records("rows", ROWS_SHOWN_MAX))


def _read_shown(record: Record) -> ShownRow:
    record.only(*_ROW_MEMBERS)
    is_known = record.text("format") == SHOWN_ROW_FORMAT
    require(is_known, FORMAT_STEP, f"not a {SHOWN_ROW_FORMAT}")
    _read_head(record)
    siblings = tuple(sum_tree.read_node(each) for each in record.records("siblings", PATH_MAX))
    return ShownRow(record.whole("index"), siblings)


def _read_head(record: Record) -> None:
    for name in ("settlement", "currency"):
        record.text(name)
    period = record.record("period")
    period.only("from", "until")
    require(period.instant("from") < period.instant("until"), FORMAT_STEP, "an empty period")


def _read_line(record: Record) -> StatementLine:
    amounts = [record.signed_amount(f"{name}_amount") for name in _CATEGORIES]
    beside = record.signed_amount("commission_amount") + record.signed_amount("tax_amount")
    amount = record.signed_amount("amount")
    return StatementLine(record.text("subject"), sum(amounts), amount, amount + beside)


def _read_tree(record: Record) -> TreeHead:
    record.only(*_TREE_MEMBERS)
    sums = sum_tree.read_sums(record, "_amount")
    return TreeHead(record.hexadecimal("root_hash", 32), record.whole("row_count"), sums)


def _read_leaf(record: Record) -> StatementLeaf:
    read = read_placed(StatementLeaf, record)
    leaf = read.leaf
    require(leaf.type == STATEMENT, FORMAT_STEP, f"a leaf of type {leaf.type[:40]!r}")
    leaf.record.only(*_LEAF_MEMBERS, optional=("root_hash",))
    return read


def check_signature(
    evidence: StatementEvidence, keyring: Keyring, origin: str, earlier: Heads = NO_HEADS
) -> Key:
    """Reject unless a trusted statement key of the log's operator signed the document."""
    domain = DOMAIN if evidence.shown is None else ROW_DOMAIN
    message = domain + canonical.encode(dict(evidence.document.members))
    return check_statement_key(evidence, message, keyring, origin=origin, earlier=earlier)


def check_leaf(evidence: StatementEvidence, head: Head, earlier: Heads = NO_HEADS) -> int:
    """The leaf's index; Rejected unless it is under the head, or its earlier shard's."""
    evidence.leaf.check(head, earlier)
    return evidence.leaf.index


def check_statement(evidence: StatementEvidence) -> None:
    """Reject unless the leaf is of this settlement, and names the same root (and statement)."""
    document, logged = evidence.document, evidence.leaf.leaf.record
    period = document.record("period")
    stated = (document.text("settlement"), period.text("from"), period.text("until"))
    found = (logged.text("settlement"), logged.text("from_at"), logged.text("until_at"))
    require(stated == found, STATEMENT_STEP, "the leaf is of another settlement or period")
    root = None if evidence.tree is None else evidence.tree.root_hash
    same = evidence.leaf.root_hash == root
    require(same, STATEMENT_STEP, "the leaf commits to other rows")
    if evidence.shown is None:
        digest = hashlib.sha256(canonical.encode(dict(document.members))).hexdigest()
        is_same = logged.text("statement_hash") == digest
        require(is_same, STATEMENT_STEP, "the leaf commits to another statement")


def check_rows(evidence: StatementEvidence) -> sum_tree.Node | None:
    """The top of the tree: over all rows, or where one row's path leads; Rejected otherwise."""
    shown, tree = evidence.shown, evidence.tree
    if shown is None:
        return _check_all_rows(evidence)
    if tree is None:
        raise Rejected(PATH_STEP, "the row is under no tree")
    top = sum_tree.top_of_path(
        evidence.rows[0],
        index=shown.index,
        row_count=tree.row_count,
        siblings=shown.siblings,
        step=PATH_STEP,
    )
    root = sum_tree.root_hash(top, tree.row_count)
    require(root == tree.root_hash, PATH_STEP, "the path does not lead to the root")
    return top


def _check_all_rows(evidence: StatementEvidence) -> sum_tree.Node | None:
    keys = {row.key for row in evidence.rows}
    require(len(keys) == len(evidence.rows), ROWS_STEP, "two rows have one key")
    subjects = [line.subject for line in evidence.lines]
    is_same = len(subjects) == len(keys) and set(subjects) == keys
    require(is_same, ROWS_STEP, "the rows are not the statement's lines")
    tree = evidence.tree
    if tree is None:
        require(not keys, ROWS_STEP, "the rows are under no tree")
        return None
    require(tree.row_count == len(keys), ROWS_STEP, "another number of rows than counted")
    top = sum_tree.top_of_rows(evidence.rows, ROWS_STEP)
    root = sum_tree.root_hash(top, tree.row_count)
    require(root == tree.root_hash, ROWS_STEP, "the rows do not give the root")
    return top


def check_sums(evidence: StatementEvidence, top: sum_tree.Node | None) -> sum_tree.Sums:
    """The totals; Rejected unless they are the tree's, and the statement's own sums hold."""
    if evidence.tree is not None and top is not None:
        same = evidence.tree.sums == top.sums
        require(same, SUMS_STEP, "the totals are not those of the tree")
    if evidence.shown is None:
        _check_statement_sums(evidence)
    return (0, 0, 0) if top is None else top.sums


def _check_statement_sums(evidence: StatementEvidence) -> None:
    are_sums = all(line.columns == line.amount for line in evidence.lines)
    require(are_sums, SUMS_STEP, "a line is not the sum of its columns")
    gross = {line.subject: line.gross for line in evidence.lines}
    for row in evidence.rows:
        _, charged, credited = row.sums
        is_net = charged - credited == gross[row.key]
        require(is_net, SUMS_STEP, "a line is not what was charged minus what was credited")
    record = evidence.document
    amount = {
        name: record.signed_amount(f"{name}_amount")
        for name in ("opening", "returned", "period", "settled", "carried")
    }
    brought = amount["returned"] + sum(line.amount for line in evidence.lines)
    require(amount["period"] == brought, SUMS_STEP, "the period is not the sum of its lines")
    held, parted = amount["opening"] + amount["period"], amount["settled"] + amount["carried"]
    require(held == parted, SUMS_STEP, "opening and period are not settled and carried")
    is_payable = amount["settled"] >= 0 and amount["settled"] % MINOR_UNIT == 0
    require(is_payable, SUMS_STEP, "the settled amount cannot be paid out")
