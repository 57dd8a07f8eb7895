"""Evidence bundles: everything about a licence in one canonical zip file, checked in ten steps."""

from collections import Counter
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from counterfoil_verify import canonical, receipts
from counterfoil_verify.anchors import (
    ANCHORS_BYTES_MAX,
    NO_REGISTRY,
    Registry,
    check_anchors,
    check_on_chain,
    describe_registries,
)
from counterfoil_verify.anchors import parse_anchors as read_anchors
from counterfoil_verify.bundle.leaves import read_leaves
from counterfoil_verify.bundle.log import audit_export, count_untied
from counterfoil_verify.bundle.manifest import Manifest, check_files, check_manifest, unread_files
from counterfoil_verify.bundle.requests import SignedCalls
from counterfoil_verify.canonical import Json
from counterfoil_verify.container import Container
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import WHOLE_MAX, Record
from counterfoil_verify.held import HeldReceipt, check_lanes, check_waiting, hold
from counterfoil_verify.keys import COMPARE, KEYS_BYTES_MAX, Key, Keyring, parse_keyring
from counterfoil_verify.leaves import Leaf
from counterfoil_verify.log.audit import describe_types
from counterfoil_verify.log.heads import HeadBook
from counterfoil_verify.log.shards import ShardedFacts
from counterfoil_verify.log.succession import LINKS_BYTES_MAX, Link, check_links, parse_links
from counterfoil_verify.merkle import Head, check_inclusion
from counterfoil_verify.money import invoices
from counterfoil_verify.money.invoice_succession import check_succession
from counterfoil_verify.money.whole_invoices import check_invoice
from counterfoil_verify.notes import NOTE_BYTES_MAX, Checkpoint
from counterfoil_verify.proofs import parse_proof
from counterfoil_verify.report import Report

CONTAINER, MANIFEST, FILES, CHECKPOINT, RECEIPTS, INCLUSION, LANES, INVOICES, ANCHORS, LOG = (
    "container", "manifest", "files", "checkpoint", "receipts",
    "inclusion", "lanes", "invoices", "anchors", "log",
)  # fmt: skip
STEPS = (
    CONTAINER, MANIFEST, FILES, CHECKPOINT, RECEIPTS, INCLUSION, LANES, INVOICES, ANCHORS, LOG,
)  # fmt: skip

CONSISTENCY_BYTES_MAX = 1_048_576
CONSISTENCIES_MAX = 1_024
PREDECESSORS = "predecessors.json"
PATH_MAX = 128
OWN_KEYS = f"the bundle: {COMPARE}"


@dataclass
class Bundle:
    """A bundle in the course of its check: each step leaves what the next ones need."""

    container: Container
    keyring: Keyring
    heads: HeadBook
    manifest: Manifest
    checkpoint: Checkpoint | None = None
    held: list[HeldReceipt] = field(default_factory=list)
    bounded: dict[bytes, Key] = field(default_factory=dict)
    """Leaves whose receipts a key signed that is not valid everywhere."""
    billed: list[invoices.InvoiceEvidence] = field(default_factory=list)
    facts: ShardedFacts | None = None
    links: tuple[Link, ...] = ()
    earlier: dict[str, Head] = field(default_factory=dict)
    """Heads of the shards that this one carries on, newest first."""
    promised: dict[bytes, str] = field(default_factory=dict)
    """Leaves of receipts, and the shard that was promised."""
    leaves: dict[bytes, Leaf] = field(default_factory=dict)
    """Leaves that are shown by themselves, by their hashes."""
    unproven: AbstractSet[bytes] = frozenset()
    """Those of them that nothing proves to be in the log."""
    signed: SignedCalls = field(default_factory=SignedCalls)
    counts: Counter[str] = field(default_factory=Counter)
    _by_licence: dict[str, list[HeldReceipt]] = field(default_factory=dict)

    @property
    def head(self) -> Head:
        """The bundle's own checkpoint."""
        assert self.checkpoint is not None, "steps run in order"
        return self.checkpoint.head

    def held_of(self, licence: str) -> list[HeldReceipt]:
        """The receipts of a licence; complete once the step of receipts has passed."""
        if not self._by_licence:
            for receipt in self.held:
                self._by_licence.setdefault(receipt.point.licence, []).append(receipt)
        return self._by_licence.get(licence, [])

    @property
    def origins(self) -> list[str]:
        """The shards of the log, newest first."""
        return [self.manifest.origin, *self.earlier]


def keyring_inside(container: Container) -> Keyring:
    """The keys that the bundle itself carries."""
    return parse_keyring(container.read("keys.json", KEYS_BYTES_MAX), OWN_KEYS)


def check_bundle(
    container: Container, given: Keyring | None, report: Report, *, registry: Registry = NO_REGISTRY
) -> Bundle:
    """Steps 2 to 10 of a canonical container; without given keys, with those it carries."""
    with report.step(MANIFEST) as detail:
        keyring = given or keyring_inside(container)
        manifest = check_manifest(container, keyring)
        detail.append(f"signed by {manifest.origin}/statements, made at {manifest.made_at}")
    if given is None:
        report.show_keys(keyring)
    bundle = Bundle(container, keyring, HeadBook(keyring, manifest.origin), manifest)
    steps: dict[str, Callable[[Bundle], str]] = {
        FILES: check_digests,
        CHECKPOINT: check_checkpoint,
        RECEIPTS: check_receipts,
        INCLUSION: check_inclusions,
        LANES: check_chains,
        INVOICES: check_invoices,
        ANCHORS: lambda bundle: check_anchoring(bundle, registry),
        LOG: check_log,
    }
    for name, check in steps.items():
        with report.step(name) as detail:
            detail.append(check(bundle))
    report.counts |= bundle.counts
    return bundle


def check_digests(bundle: Bundle) -> str:
    """Every file is the one whose digest was signed, and none is missing or added."""
    count, unread = check_files(bundle.container, bundle.manifest), unread_files(bundle.container)
    bundle.counts["unread_files"] = len(unread)
    return f"{count:,} digests" + (f", not read: {', '.join(unread[:5])}" if unread else "")


def check_checkpoint(bundle: Bundle) -> str:
    """The checkpoint is signed by the log that the manifest names."""
    data = bundle.container.read("checkpoint.txt", NOTE_BYTES_MAX)
    bundle.checkpoint = bundle.heads.open(data)
    is_own = bundle.checkpoint.origin == bundle.manifest.origin
    require(is_own, CHECKPOINT, "the checkpoint is of another log than the manifest")
    if PREDECESSORS in bundle.container:
        bundle.links = parse_links(bundle.container.read(PREDECESSORS, LINKS_BYTES_MAX))
        bundle.earlier = check_links(bundle.checkpoint, bundle.links, bundle.heads.open)
    witnesses = len(bundle.checkpoint.witnesses)
    behind = f", carries on {', '.join(bundle.earlier)}" if bundle.earlier else ""
    return f"size {bundle.head.tree_size:,}, {witnesses} witnesses{behind}"


def check_receipts(bundle: Bundle) -> str:
    """Each receipt is signed, its leaf is canonical, and its commitments open."""
    for name in bundle.container.below("receipts/"):
        try:
            held = _check_receipt(bundle, name)
        except Rejected as error:
            raise error.within(RECEIPTS, name) from error
        bundle.held.append(held)
    signed = bundle.signed
    told = signed.finish(bundle.container)
    bundle.counts["receipts"] = len(bundle.held)
    bundle.counts["signed"], bundle.counts["disputed"] = signed.signed_count, signed.disputed_count
    return f"{len(bundle.held):,} receipts{told}"


def _check_receipt(bundle: Bundle, name: str) -> HeldReceipt:
    receipt = receipts.parse_receipt(bundle.container.read(name, receipts.RECEIPT_BYTES_MAX))
    is_own = receipt.promise.origin in bundle.origins
    require(is_own, RECEIPTS, "a receipt of another log")
    bundle.promised[receipt.call.leaf.hash] = receipt.promise.origin
    key = receipts.check_signature(receipt, bundle.keyring, is_proven=True)
    if key in bundle.keyring.ends or key in bundle.keyring.starts:
        bundle.bounded[receipt.call.leaf.hash] = key
    receipts.check_detail(receipt)
    bundle.signed.check(bundle.container, receipt, bundle.keyring)
    point = receipt.call.point
    due = f"receipts/{point.licence}-{point.lane}-{point.n}.json"
    require(name == due, RECEIPTS, "the name is not licence, lane and number")
    return hold(receipt)


def check_inclusions(bundle: Bundle) -> str:
    """Each proof leads to a signed head, and each receipt whose leaf is due has a proof."""
    proven = {}
    for name in bundle.container.below("proofs/"):
        try:
            leaf, index, origin = _check_proof(bundle, name)
            _check_promise(bundle, leaf, origin)
            # A place in a later shard is behind every end of a key of the promised one.
            is_there = bundle.promised.get(leaf, origin) == origin
            proven[leaf] = index if is_there else WHOLE_MAX
        except Rejected as error:
            raise error.within(INCLUSION, name) from error
    bundle.counts["inclusion_proofs"] = len(proven)
    bundle.leaves = read_leaves(bundle.container)
    bundle.unproven = bundle.leaves.keys() - proven.keys()
    waiting = [receipt for receipt in bundle.held if receipt.leaf not in proven]
    for leaf, key in bundle.bounded.items():
        receipts.check_key(bundle.keyring, key, proven.get(leaf))
    check_waiting(waiting, bundle.manifest.created_at, INCLUSION)
    shown = f", {len(bundle.leaves):,} leaves" if bundle.leaves else ""
    lacking = f", {len(bundle.unproven):,} of them without proof" if bundle.unproven else ""
    return f"{len(proven):,} proofs, {len(waiting)} receipts not yet due{shown}{lacking}"


def _check_promise(bundle: Bundle, leaf: bytes, origin: str) -> None:
    """A leaf stands in the shard that its receipt promised, or in one that carries it on."""
    promised = bundle.promised.get(leaf, origin)
    is_kept = bundle.origins.index(origin) <= bundle.origins.index(promised)
    require(is_kept, INCLUSION, f"promised for {promised}, found before it in {origin}")


def _check_proof(bundle: Bundle, name: str) -> tuple[bytes, int, str]:
    leaf_hex = name.removeprefix("proofs/").removesuffix(".txt")
    leaf = Record(INCLUSION, {"name": leaf_hex}).hexadecimal("name", 32)
    proof = parse_proof(bundle.container.read(name, NOTE_BYTES_MAX))
    checkpoint = bundle.heads.open(proof.checkpoint)
    require(checkpoint.origin in bundle.origins, INCLUSION, "a checkpoint of another log")
    check_inclusion(leaf, proof.index, proof.path, checkpoint.head)
    return leaf, proof.index, checkpoint.origin


def check_chains(bundle: Bundle) -> str:
    """The receipts of a lane follow one another: numbers, hashes, running totals."""
    count = check_lanes(bundle.held, LANES)
    return f"{count} lanes"


def check_invoices(bundle: Bundle) -> str:
    """Each invoice is closing minus opening, and no receipt contradicts it."""
    for name in bundle.container.below("invoices/"):
        try:
            bundle.billed.append(_check_invoice(bundle, name))
        except Rejected as error:
            raise error.within(INVOICES, name) from error
    bundle.counts["invoices"] = len(bundle.billed)
    check_succession(evidence.invoice for evidence in bundle.billed)
    return f"{len(bundle.billed)} invoices"


def _check_invoice(bundle: Bundle, name: str) -> invoices.InvoiceEvidence:
    data = bundle.container.read(name, invoices.EVIDENCE_BYTES_MAX)
    evidence = invoices.parse_invoice(data)
    is_named = name == f"invoices/{evidence.invoice.invoice_id}.json"
    require(is_named, INVOICES, "the name is not the invoice's id")
    checkpoint = bundle.heads.open(evidence.checkpoint)
    require(checkpoint.origin in bundle.origins, INVOICES, "a checkpoint of another log")
    check_invoice(evidence, bundle.keyring, bundle.heads.open)
    for receipt in bundle.held_of(evidence.invoice.licence):
        fault = receipt.contradicts(evidence)
        require(not fault, INVOICES, f"{receipt.name}: {fault}")
    return evidence


def check_anchoring(bundle: Bundle, registry: Registry) -> str:
    """Anchors name heads of this log; consistency proofs tie them to the checkpoint."""
    anchors = []
    if "anchors.json" in bundle.container:
        anchors = read_anchors(bundle.container.read("anchors.json", ANCHORS_BYTES_MAX))
    check_anchors(anchors, bundle.head, bundle.heads, registry.contract)
    bundle.counts["anchors"] = len(anchors)
    linked = _check_consistency(bundle) if "consistency.json" in bundle.container else 0
    told = f"{len(anchors)} anchors{describe_registries(anchors)}, {linked} consistency proofs"
    if registry.chain is None:
        return f"{told}, not asked of a chain"
    return f"{told}, {check_on_chain(anchors, registry.chain, registry.finality)}"


def _check_consistency(bundle: Bundle) -> int:
    data = bundle.container.read("consistency.json", CONSISTENCY_BYTES_MAX)
    value = canonical.parse(data, bytes_max=CONSISTENCY_BYTES_MAX)
    proofs: Json = value if isinstance(value, list) else [value]
    listed = Record(ANCHORS, {"proofs": proofs}).records("proofs", CONSISTENCIES_MAX)
    for record in listed:
        path = record.hashes("hashes", PATH_MAX)
        bundle.heads.link(record.whole("from"), record.whole("to"), path)
    return len(listed)


def check_log(bundle: Bundle) -> str:
    """The whole log, when it was exported: rebuilt, replayed, and compared with all the rest."""
    assert bundle.checkpoint is not None, "steps run in order"
    facts = audit_export(bundle.container, bundle.checkpoint, bundle.heads, bundle.billed)
    heads = {bundle.manifest.origin: bundle.head, **bundle.earlier}
    untied = bundle.counts["untied_heads"] = count_untied(bundle.heads, heads, facts)
    loose = f", {untied} heads that nothing here ties to the checkpoint" if untied else ""
    if facts is None:
        return f"no export{loose}"
    bundle.facts, bundle.counts["leaves"] = facts, facts.leaves
    carried = facts.lanes.carried_count
    seen = f", {carried} lanes from a shard that is not here" if carried else ""
    return f"{facts.leaves:,} leaves: {describe_types(facts.types)}{seen}{loose}"
