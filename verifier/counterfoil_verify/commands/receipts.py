"""The commands about one leaf: a usage receipt, and a ledger proof."""

import argparse
from contextlib import suppress
from pathlib import Path

from counterfoil_verify import canonical, receipts, signed_requests
from counterfoil_verify.commands.inputs import describe_head, trusted_keys
from counterfoil_verify.errors import NotChecked, Rejected, require
from counterfoil_verify.fields import HASH_SIZE, WHOLE_MAX, Record
from counterfoil_verify.keys import Keyring
from counterfoil_verify.leaves import LEAF_BYTES_MAX, Leaf, parse_leaf
from counterfoil_verify.log.sources import read_file
from counterfoil_verify.log.succession import LINKS_BYTES_MAX, check_opening
from counterfoil_verify.log.succession import STEP as SUCCESSION
from counterfoil_verify.notes import NOTE_BYTES_MAX, Checkpoint, open_checkpoint
from counterfoil_verify.proofs import check_proof as prove
from counterfoil_verify.proofs import parse_proof
from counterfoil_verify.report import Report
from counterfoil_verify.signed_parameters import check_parameters

BODY_BYTES_MAX = 1 << 28


def check_receipt(options: argparse.Namespace, report: Report) -> None:
    """A usage receipt: format, signature, commitments, then request, body, proof where given."""
    if options.opening and options.proof is None:
        raise NotChecked(SUCCESSION, "--opening leads to a proof: give --proof")
    keyring = trusted_keys(options, report)
    with report.step("format") as detail:
        data = read_file(options.file, 2 * receipts.RECEIPT_BYTES_MAX)
        receipt = receipts.parse_receipt(data, is_strict=False)
        point = receipt.call.point
        detail.append(f"call {point.n} in lane {point.lane} of {point.licence}")
        detail.append(f"leaf {receipt.call.leaf.hash.hex()}")
    with report.step("signature") as detail:
        is_proven = options.proof is not None
        key = receipts.check_signature(receipt, keyring, is_proven=is_proven)
        detail.append(key.name)
    with report.step("commitments") as detail:
        receipts.check_detail(receipt)
        detail.extend(["the detail record was erased"] if receipt.is_erased else [])
        is_opened = receipt.is_erased or receipt.names_request or options.parameters is not None
        detail.extend([] if is_opened else ["the request stays closed without --parameters"])
    _check_opened(options, report, receipt)
    if options.proof is not None:
        origin = receipt.promise.origin
        checkpoint, index = check_inclusion(report, options.proof, receipt.call.leaf, keyring)
        if checkpoint.origin != origin:
            _check_follows(options, report, keyring, shards=(checkpoint.origin, origin))
            index = WHOLE_MAX  # behind every end of a key of the promised shard
        receipts.check_key(keyring, key, index)


def _check_opened(
    options: argparse.Namespace, report: Report, receipt: receipts.UsageReceipt
) -> None:
    """What only the buyer has, where it is given: what was asked, and the answer."""
    if options.parameters is not None:
        with report.step("request"):
            receipts.check_request(receipt, _read_parameters(options.parameters))
    if options.body is not None:
        with report.step("body"):
            receipts.check_body(receipt, read_file(options.body, BODY_BYTES_MAX))


def _read_parameters(path: Path) -> dict[str, canonical.Json]:
    """The buyer's own note of what it asked, in whatever spelling."""
    data = read_file(path, receipts.RECEIPT_BYTES_MAX)
    try:
        found = canonical.parse_json(data)
    except Rejected as error:
        raise NotChecked("request", f"{path.name}: {error.reason}") from error
    if not isinstance(found, dict):
        raise Rejected("request", "the parameters are not an object")
    return found


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


def check_inclusion(
    report: Report, path: Path, leaf: Leaf, keyring: Keyring
) -> tuple[Checkpoint, int]:
    """Where the proof in a file shows the leaf to be: under which checkpoint, at which index."""
    with report.together("proof", "checkpoint", "inclusion") as details:
        proof = parse_proof(read_file(path, NOTE_BYTES_MAX))
        checkpoint = prove(proof, leaf.hash, keyring)
        details["checkpoint"].append(describe_head(checkpoint))
        details["inclusion"].append(f"leaf {proof.index:,}")
    return checkpoint, proof.index


def check_signed_request(options: argparse.Namespace, report: Report) -> None:
    """What a buyer signed for a call, against the call's receipt: nobody else can have made it."""
    keyring = trusted_keys(options, report)
    with report.step("format") as detail:
        request = signed_requests.parse_signed_request(
            read_file(options.file, signed_requests.BYTES_MAX)
        )
        receipt = receipts.parse_receipt(
            read_file(options.receipt, 2 * receipts.RECEIPT_BYTES_MAX), is_strict=False
        )
        point = receipt.call.point
        detail.append(f"call {point.n} in lane {point.lane} of {point.licence}")
    with report.step("signature") as detail:
        receipts.check_signature(receipt, keyring)
        receipts.check_detail(receipt)
        detail.append(signed_requests.check_signature(request, keyring.buyers).name)
    with report.step("request") as detail:
        signed_requests.check_request(request, receipt)
        asked = None if options.parameters is None else _read_parameters(options.parameters)
        body = None if options.sent is None else read_file(options.sent, BODY_BYTES_MAX)
        told = check_parameters(request, receipt, parameters=asked, body=body)
        detail.append(told)
    with report.step("commitment") as detail:
        signed_requests.check_commitment(request, receipt)
        detail.append(f"nonce {request.parameter('nonce')}")
    report.facts["nonce"] = request.parameter("nonce")


def check_proof(options: argparse.Namespace, report: Report) -> None:
    """A ledger proof for a leaf given by its bytes or inside its usage receipt."""
    keyring = trusted_keys(options, report)
    with report.step("leaf") as detail:
        leaf = read_leaf(read_file(options.entry, 2 * receipts.RECEIPT_BYTES_MAX))
        detail.append(f"{leaf.type}, {leaf.hash.hex()}")
    check_inclusion(report, options.file, leaf, keyring)


def read_leaf(data: bytes) -> Leaf:
    """A leaf from its bytes, from its usage receipt, or from the entry as the exchange shows it."""
    value = None
    with suppress(Rejected):
        value = canonical.parse_json(data)
    if isinstance(value, dict) and isinstance(value.get("leaf"), dict):
        return _from_entry(Record("leaf", value))
    if len(data) <= LEAF_BYTES_MAX and receipts.FORMAT.encode() not in data:
        try:
            return parse_leaf(data)
        except Rejected:
            if data.startswith(b"{"):
                raise
    return receipts.parse_receipt(data, is_strict=False).call.leaf


def _from_entry(entry: Record) -> Leaf:
    """`GET /v1/log-entries/{leaf hash}`: the leaf's members, and the hash that they must have."""
    leaf = parse_leaf(canonical.encode(dict(entry.record("leaf").members)))
    same = entry.hexadecimal("leaf_hash", HASH_SIZE) == leaf.hash
    require(same, "leaf", "the members are not those of the leaf hash")
    return leaf
