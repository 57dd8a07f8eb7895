"""The commands: each a sequence of numbered steps over evidence read from files."""

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol, TypeVar

from counterfoil_verify import bundle as bundles
from counterfoil_verify import (
    contradictions,
    credit_notes,
    invoices,
    receipts,
    statements,
    vault_commands,
)
from counterfoil_verify.chain import Chain, parse_address
from counterfoil_verify.container import Container
from counterfoil_verify.entry_types import is_known
from counterfoil_verify.errors import NotChecked, Rejected, require
from counterfoil_verify.fields import WHOLE_MAX
from counterfoil_verify.keys import (
    COMPARE,
    KEYS_BYTES_MAX,
    Keyring,
    keyring_of,
    parse_keyring,
    parse_vkey,
)
from counterfoil_verify.leaves import LEAF_BYTES_MAX, Leaf, parse_leaf
from counterfoil_verify.log import STEPS as AUDIT_STEPS
from counterfoil_verify.log import describe_strange, describe_types, read_checkpoint
from counterfoil_verify.merkle import Head, check_consistency
from counterfoil_verify.notes import NOTE_BYTES_MAX, Checkpoint, open_checkpoint
from counterfoil_verify.paths import TilePaths
from counterfoil_verify.proofs import check_proof as prove
from counterfoil_verify.proofs import parse_proof
from counterfoil_verify.report import Report
from counterfoil_verify.shards import (
    Shard,
    ShardedFacts,
    audit_shards,
    first_leaf,
    open_shards,
)
from counterfoil_verify.signed_reports import (
    REPORT_BYTES_MAX,
    SIGNATURE_BYTES_MAX,
    parse_report_signature,
)
from counterfoil_verify.signed_reports import check_report as check_signed_report
from counterfoil_verify.sources import open_source, read_file, read_keys, read_place
from counterfoil_verify.succession import (
    LINKS_BYTES_MAX,
    Link,
    check_links,
    check_opening,
)
from counterfoil_verify.succession import STEP as SUCCESSION
from counterfoil_verify.sum_tree import Sums
from counterfoil_verify.tiles import Source
from counterfoil_verify.vault import ReceiptVault

BODY_BYTES_MAX = 1 << 28
PROGRESS_SECONDS = 1.0


class _Closable(Protocol):
    def close(self) -> None: ...


Kept = TypeVar("Kept", bound=_Closable)


def _kept(options: argparse.Namespace, thing: Kept) -> Kept:
    """The thing itself, to be closed when the command ends."""
    stack: ExitStack = options.opened
    return stack.enter_context(closing(thing))


def _keyring(options: argparse.Namespace, report: Report) -> Keyring:
    """The trusted keys; without any there is nothing to check against."""
    keyring = _given_keys(options)
    if keyring is None:
        raise NotChecked("keys", "no trusted keys: give --keys or --key")
    report.show_keys(keyring)
    return keyring


def _given_keys(options: argparse.Namespace) -> Keyring | None:
    if options.keys is not None:
        return parse_keyring(read_place(options.keys, KEYS_BYTES_MAX), options.keys)
    return keyring_of(options.key) if options.key else None


def _log_keyring(options: argparse.Namespace, source: Source, report: Report) -> Keyring:
    """The trusted keys, or the log's own with a warning."""
    keyring = _given_keys(options)
    if keyring is None:
        keyring = parse_keyring(read_keys(source), f"the log itself: {COMPARE}")
    report.show_keys(keyring)
    return keyring


def check_receipt(options: argparse.Namespace, report: Report) -> None:
    """A usage receipt: format, signature, commitments, then body and proof where given."""
    keyring = _keyring(options, report)
    with report.step("format") as detail:
        data = read_file(options.file, 2 * receipts.RECEIPT_BYTES_MAX)
        receipt = receipts.parse_receipt(data, is_strict=False)
        point = receipt.call.point
        detail.append(f"call {point.n} in lane {point.lane} of {point.licence}")
    with report.step("signature") as detail:
        is_proven = options.proof is not None
        key = receipts.check_signature(receipt, keyring, is_proven=is_proven)
        detail.append(key.name)
    with report.step("commitments") as detail:
        receipts.check_detail(receipt)
        detail.extend(["the detail record was erased"] if receipt.is_erased else [])
    if options.body is not None:
        with report.step("body"):
            receipts.check_body(receipt, read_file(options.body, BODY_BYTES_MAX))
    if options.proof is not None:
        origin = receipt.promise.origin
        found, index = _check_inclusion(report, options.proof, receipt.call.leaf, keyring)
        if found != origin:
            _check_follows(options, report, keyring, shards=(found, origin))
            index = WHOLE_MAX  # behind every end of a key of the promised shard
        receipts.check_key(keyring, key, index)


def _check_follows(
    options: argparse.Namespace, report: Report, keyring: Keyring, *, shards: tuple[str, str]
) -> None:
    """The shard that holds the leaf carries on the one that was promised, step by step."""
    found, promised = shards
    names = "succession" if options.opening else "checkpoint"
    with report.step(names) as detail:
        reason = f"another log than promised: {found}, not {promised}"
        for path in options.opening:
            later, earlier = check_opening(
                read_file(path, LINKS_BYTES_MAX), lambda data: open_checkpoint(data, keyring)
            )
            require(later == found, SUCCESSION, reason)
            found = earlier
        require(found == promised, SUCCESSION if options.opening else "checkpoint", reason)
        detail.append(f"{shards[0]} carries on {promised}")


def _check_inclusion(report: Report, path: Path, leaf: Leaf, keyring: Keyring) -> tuple[str, int]:
    with report.together("proof", "checkpoint", "inclusion") as details:
        proof = parse_proof(read_file(path, NOTE_BYTES_MAX))
        checkpoint = prove(proof, leaf.hash, keyring)
        details["checkpoint"].append(_describe(checkpoint))
        details["inclusion"].append(f"leaf {proof.index:,}")
    return checkpoint.origin, proof.index


class _Headed(Protocol):
    @property
    def checkpoint(self) -> bytes: ...
    @property
    def predecessors(self) -> tuple[Link, ...]: ...


def _open_heads(
    report: Report, evidence: _Headed, keyring: Keyring
) -> tuple[Checkpoint, dict[str, Head]]:
    """The evidence's checkpoint, and the heads of earlier shards that it leads to."""
    with report.step("checkpoint") as detail:
        checkpoint = open_checkpoint(evidence.checkpoint, keyring)
        detail.append(_describe(checkpoint))
    if not evidence.predecessors:
        return checkpoint, {}
    with report.step(SUCCESSION) as detail:
        earlier = check_links(
            checkpoint, evidence.predecessors, lambda data: open_checkpoint(data, keyring)
        )
        detail.append(f"carries on {', '.join(earlier)}")
    return checkpoint, earlier


def _describe(checkpoint: Checkpoint) -> str:
    seen = f", witnessed by {', '.join(checkpoint.witnesses)}" if checkpoint.witnesses else ""
    return f"{checkpoint.origin}, size {checkpoint.head.tree_size:,}{seen}"


def check_proof(options: argparse.Namespace, report: Report) -> None:
    """A ledger proof for a leaf given by its bytes or inside its usage receipt."""
    keyring = _keyring(options, report)
    with report.step("leaf") as detail:
        leaf = _read_leaf(read_file(options.entry, 2 * receipts.RECEIPT_BYTES_MAX))
        detail.append(f"{leaf.type}, {leaf.hash.hex()}")
    _check_inclusion(report, options.file, leaf, keyring)


def _read_leaf(data: bytes) -> Leaf:
    if len(data) <= LEAF_BYTES_MAX and receipts.FORMAT.encode() not in data:
        try:
            return parse_leaf(data)
        except Rejected:
            if data.startswith(b"{"):
                raise
    return receipts.parse_receipt(data, is_strict=False).call.leaf


def check_invoice(options: argparse.Namespace, report: Report) -> None:
    """Invoice evidence: signature, two leaves a lane under a checkpoint, differences and sums."""
    keyring = _keyring(options, report)
    with report.step("format") as detail:
        data = read_file(options.file, invoices.EVIDENCE_BYTES_MAX)
        evidence = invoices.parse_invoice(data, is_strict=False)
        detail.append(evidence.invoice.invoice_id)
    checkpoint, earlier = _open_heads(report, evidence, keyring)
    with report.step("signature") as detail:
        origin = checkpoint.origin
        detail.append(invoices.check_signature(evidence, keyring, origin, earlier).name)
    with report.step("inclusion") as detail:
        count = invoices.check_inclusions(evidence, checkpoint.head, earlier)
        detail.append(f"{count} leaves")
    with report.step("lanes") as detail:
        invoices.check_lanes(evidence)
        detail.append(f"{len(evidence.lanes)} lanes")
    with report.step("sums") as detail:
        total = invoices.check_sums(evidence)
        sign, units = "-" if total < 0 else "", abs(total)
        text = f"{sign}{units // 10**8}.{units % 10**8:08d}"
        detail.append(f"{text} {evidence.invoice.currency}")


def check_credit_note(options: argparse.Namespace, report: Report) -> None:
    """Credit note evidence: signature, every credit of the licence up to it, and the sums."""
    keyring = _keyring(options, report)
    with report.step("format") as detail:
        data = read_file(options.file, credit_notes.EVIDENCE_BYTES_MAX)
        evidence = credit_notes.parse_credit_note(data, is_strict=False)
        detail.append(f"credit {evidence.note.n} of {evidence.note.licence}")
    checkpoint, earlier = _open_heads(report, evidence, keyring)
    with report.step("signature") as detail:
        origin = checkpoint.origin
        detail.append(credit_notes.check_signature(evidence, keyring, origin, earlier).name)
    with report.step("inclusion") as detail:
        count = credit_notes.check_inclusions(evidence, checkpoint.head, earlier)
        detail.append(f"{count} leaves")
    with report.step("credits") as detail:
        credit_notes.check_credits(evidence)
        detail.append(f"1 to {evidence.note.n}, none missing")
    with report.step("note"):
        credit_notes.check_note(evidence)
    with report.step("sums") as detail:
        amount = credit_notes.check_sums(evidence)
        text = f"{amount // 10**8}.{amount % 10**8:08d}"
        detail.append(f"{text} {evidence.note.currency}")


def check_statement(options: argparse.Namespace, report: Report) -> None:
    """Statement evidence: a supplier's whole statement, or one licence's row with its path."""
    keyring = _keyring(options, report)
    with report.step("format") as detail:
        data = read_file(options.file, statements.EVIDENCE_BYTES_MAX)
        evidence = statements.parse_statement(data, is_strict=False)
        is_whole = evidence.shown is None
        detail.append("a whole statement" if is_whole else f"the row of {evidence.rows[0].key}")
    checkpoint, earlier = _open_heads(report, evidence, keyring)
    with report.step("signature") as detail:
        origin = checkpoint.origin
        detail.append(statements.check_signature(evidence, keyring, origin, earlier).name)
    with report.step("inclusion") as detail:
        detail.append(f"leaf {statements.check_leaf(evidence, checkpoint.head, earlier):,}")
    with report.step("statement") as detail:
        statements.check_statement(evidence)
        detail.append(evidence.document.text("settlement"))
    with report.step("rows" if is_whole else "path") as detail:
        top = statements.check_rows(evidence)
        count = 0 if evidence.tree is None else evidence.tree.row_count
        detail.append(f"{count:,} rows" if is_whole else f"one of {count:,} rows")
    with report.step("sums") as detail:
        detail.append(_totals(evidence, statements.check_sums(evidence, top)))


def _totals(evidence: statements.StatementEvidence, totals: Sums) -> str:
    sums = [("", *totals)]
    if evidence.shown is not None:
        sums = [("row: ", *evidence.rows[0].sums), ("; all: ", *totals)]
    currency = evidence.document.text("currency")
    return "".join(
        f"{name}charged {_money(charged)}, credited {_money(credited)} {currency}"
        for name, _, charged, credited in sums
    )


def _money(amount: int) -> str:
    return f"{amount // 10**8}.{amount % 10**8:08d}"


def check_log(options: argparse.Namespace, report: Report) -> None:
    """The whole log from its address, a folder or a bundle; progress goes to stderr."""
    source = _kept(options, open_source(options.place, vault_commands.read_token(options)))
    keyring = _log_keyring(options, source, report)
    with report.step("checkpoint") as detail:
        checkpoint = read_checkpoint(source, keyring)
        detail.append(_describe(checkpoint))
    kept = _earlier(options, keyring, checkpoint)
    with report.together(*AUDIT_STEPS, SUCCESSION) as details:
        shards = _shards(options, source, keyring, checkpoint)
        facts = audit_shards(
            shards,
            sizes=[head.tree_size for head in kept],
            has_tiles=lambda _source: not options.without_tiles,
            progress=_progress(),
        )
        for head in kept:
            same = facts.roots.get((checkpoint.origin, head.tree_size)) == head.root_hash
            require(same, "root", f"the log had another root hash at size {head.tree_size}")
        _detail_audit(details, facts)
        details[SUCCESSION].append(_told_shards(shards))
    report.counts["leaves"] = facts.leaves
    report.facts["types"] = dict(facts.types)
    report.facts["unknown_types"] = sorted(name for name in facts.types if not is_known(name))
    report.facts["incomplete"] = dict(facts.incomplete)


def _shards(
    options: argparse.Namespace, source: Source, keyring: Keyring, checkpoint: Checkpoint
) -> list[Shard]:
    """The shards to audit, newest first: all that the log carries on, or the newest alone."""
    if options.this_shard:
        return [Shard(source, checkpoint, first_leaf(source, checkpoint))]
    return open_shards(source, checkpoint, lambda data: open_checkpoint(data, keyring))


def _told_shards(shards: list[Shard]) -> str:
    earlier = [shard.checkpoint.origin for shard in shards[1:]]
    unseen = shards[-1].predecessor
    if unseen is not None:
        return f"what it carries on was not looked at: {unseen.origin}"
    return f"carries on {', '.join(earlier)}" if earlier else "the first shard"


def _earlier(options: argparse.Namespace, keyring: Keyring, newest: Checkpoint) -> list[Head]:
    if options.since is None:
        return []
    earlier = open_checkpoint(read_file(options.since, NOTE_BYTES_MAX), keyring)
    require(earlier.origin == newest.origin, "checkpoint", "the earlier one is of another log")
    is_earlier = earlier.head.tree_size <= newest.head.tree_size
    require(is_earlier, "checkpoint", "the log is smaller than it was")
    return [earlier.head]


def _detail_audit(details: dict[str, list[str]], facts: ShardedFacts) -> None:
    details["entries"].append(describe_types(facts.types))
    details["entries"].extend(describe_strange(facts.types, facts.incomplete))
    details["tiles"].append(f"{facts.tiles:,} tiles")
    carried = facts.lanes.carried_count
    seen = f", {carried:,} of them from before, unseen" if carried else ""
    details["lanes"].append(f"{len(facts.lanes):,} lanes{seen}")
    details["revocations"].append(f"{facts.lanes.revoked_count:,} licences revoked")


def _progress() -> Callable[[int, int], None]:
    """A line on stderr each second, with the speed since the start."""
    started = shown = time.monotonic()

    def show(done: int, size: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= PROGRESS_SECONDS or done == size:
            shown = now
            speed = done / max(now - started, 1e-9)
            print(f"{done:,} of {size:,} leaves, {speed:,.0f} a second", file=sys.stderr)

    return show


def check_chain(options: argparse.Namespace, report: Report) -> None:
    """What the anchor contract says against a checkpoint."""
    source = _kept(options, open_source(options.log)) if options.log else None
    keyring = _log_keyring(options, source, report) if source else _keyring(options, report)
    contract = parse_address(options.contract, "contract")
    with report.step("checkpoint") as detail:
        checkpoint = open_checkpoint(read_file(options.checkpoint, NOTE_BYTES_MAX), keyring)
        detail.append(_describe(checkpoint))
    chain = _kept(options, Chain(options.rpc))
    with report.step("chain") as detail:
        detail.append(f"chain {chain.chain_id()}")
    with report.step("anchored head") as detail:
        head = chain.head(contract)
        require(head.tree_size, "anchored head", "the contract holds no head yet")
        detail.append(f"size {head.tree_size:,}")
    with report.step("agreement") as detail:
        announced = chain.anchored(contract, checkpoint.head.tree_size)
        detail.append(_agree(checkpoint.head, head, announced, source))


def _agree(ours: Head, newest: Head, announced: Head | None, source: Source | None) -> str:
    step = "agreement"
    if ours.tree_size == newest.tree_size:
        require(ours == newest, step, f"fork: the chain has another root for {ours.tree_size}")
        return "the newest anchor is this checkpoint"
    if announced is not None:
        require(ours == announced, step, f"fork: the chain had another root for {ours.tree_size}")
        return "an earlier anchor is this checkpoint"
    if source is None:
        raise NotChecked(step, "the sizes differ: give --log so that consistency can be proven")
    first, second = sorted((ours, newest), key=lambda head: head.tree_size)
    path = TilePaths(source, second.tree_size).consistency(first.tree_size)
    check_consistency(first, second, path)
    return f"size {second.tree_size:,} extends size {first.tree_size:,}"


def check_bundle(options: argparse.Namespace, report: Report) -> None:
    """An evidence bundle in ten steps."""
    with report.step(bundles.CONTAINER) as detail:
        container = Container.open(options.file)
        detail.append(f"{len(container):,} files")
    given = _given_keys(options)
    if given is not None:
        report.show_keys(given)
    chain = _kept(options, Chain(options.rpc)) if options.rpc else None
    bundles.check_bundle(container, given, report, chain=chain)


def check_contradiction(options: argparse.Namespace, report: Report) -> None:
    """Two signed statements that cannot both be true: passes when they contradict each other."""
    keyring = _keyring(options, report)
    found = []
    for name, path in (("first", options.first), ("second", options.second)):
        with report.step(f"{name} signature") as detail:
            signed = contradictions.read_signed(
                read_file(path, invoices.EVIDENCE_BYTES_MAX), keyring
            )
            detail.append(signed.kind)
            found.append(signed.statement)
    with report.step(contradictions.STEP) as detail:
        reason = contradictions.find_contradiction(*found)
        detail.append(f"two contradicting signatures: {reason}")
    report.facts["contradiction"] = reason


def use_vault(options: argparse.Namespace, report: Report) -> None:
    """One action on a buyer's vault, under the trusted keys."""
    vault = _kept(options, ReceiptVault(options.vault, _keyring(options, report)))
    options.act(vault, options, report)


def check_acknowledgement(options: argparse.Namespace, report: Report) -> None:
    """A buyer's acknowledgement, and the part of an invoice that it leaves open."""
    vault_commands.check_acknowledgement_file(options, _keyring(options, report), report)


def check_report(options: argparse.Namespace, report: Report) -> None:
    """A report of an earlier check, under the auditor's signature."""
    with report.step("format") as detail:
        found = parse_report_signature(read_file(options.signature, SIGNATURE_BYTES_MAX))
        detail.append(found.key.name)
    with report.step("signature") as detail:
        auditor = parse_vkey(options.auditor)
        check_signed_report(read_file(options.file, REPORT_BYTES_MAX), found, auditor)
        detail.append(auditor.fingerprint)
