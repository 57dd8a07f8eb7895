"""The commands of a buyer's vault: take receipts, watch the log, hold the exchange to its word."""

import argparse
import datetime as dt
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from counterfoil_verify import receipts
from counterfoil_verify.acknowledgements import (
    BYTES_MAX,
    check_acknowledgement,
    parse_acknowledgement,
    sign_acknowledgement,
    unacknowledged,
)
from counterfoil_verify.commands.inputs import kept, trusted_keys
from counterfoil_verify.errors import NotChecked, Rejected, require
from counterfoil_verify.held import HeldReceipt
from counterfoil_verify.keys import named_key
from counterfoil_verify.log.sources import CHECKPOINT, SiteSource, open_source, read_file
from counterfoil_verify.log.tiles import Source
from counterfoil_verify.money.invoices import EVIDENCE_BYTES_MAX, parse_invoice
from counterfoil_verify.money.whole_invoices import check_invoice
from counterfoil_verify.notes import NOTE_BYTES_MAX, open_checkpoint
from counterfoil_verify.report import Report
from counterfoil_verify.transport import Site
from counterfoil_verify.vault import STEP, ReceiptVault

KEY_BYTES_MAX = 16_384
BODY_BYTES_MAX = 1 << 28
TOKEN_BYTES_MAX = 8_192
ENVIRONMENT_NAME = "COUNTERFOIL_TOKEN"
MICROSECONDS = 1_000_000
FAULTS_SHOWN = 10


def use_vault(options: argparse.Namespace, report: Report) -> None:
    """One action on a buyer's vault, under the trusted keys."""
    vault = kept(options, ReceiptVault(options.vault, trusted_keys(options, report)))
    try:
        options.act(vault, options, report)
    except sqlite3.Error as error:
        raise NotChecked(STEP, f"{options.vault}: {error}") from error


def take(vault: ReceiptVault, options: argparse.Namespace, report: Report) -> None:
    """Each file is a usage receipt: JSON, or the value of the answer's header."""
    body = None if options.body is None else read_file(options.body, BODY_BYTES_MAX)
    with report.step("receipts") as detail:
        for path in options.files:
            try:
                vault.take(read_file(path, 2 * receipts.RECEIPT_BYTES_MAX), body)
            except Rejected as error:
                raise error.within("receipts", path.name) from error
        detail.append(f"{len(options.files)} kept")


def watch(vault: ReceiptVault, options: argparse.Namespace, report: Report) -> None:
    """The log's newest checkpoint must extend the last one that the vault accepted."""
    with report.step("checkpoint") as detail, closing(open_source(options.place)) as source:
        data = source.read(CHECKPOINT, NOTE_BYTES_MAX)
        if data is None:
            raise NotChecked("checkpoint", f"{options.place} serves no checkpoint")
        checkpoint = vault.watch(data, source)
        detail.append(f"{checkpoint.origin}, size {checkpoint.head.tree_size:,}")
        if vault.reopened_count:
            detail.append(
                f"the log gave leaves up: {vault.reopened_count} receipts need new proofs"
            )


def promises(vault: ReceiptVault, options: argparse.Namespace, report: Report) -> None:
    """Fetch a ledger proof for each receipt without one; a promise past its time is broken."""
    now = int(dt.datetime.now(dt.UTC).timestamp() * MICROSECONDS)  # noqa: TID251 -- no clock is injected here
    proven, waiting = 0, 0
    faults: list[str] = []
    with report.step("promises") as detail:
        with closing(SiteSource(Site(options.place), read_token(options))) as source:
            log = source.shard("log")
            for held in vault.unproven():
                proof = source.read(f"v1/ledger-proofs/{held.leaf.hex()}", NOTE_BYTES_MAX)
                if proof is None and held.due_at >= now:
                    waiting += 1
                    continue
                fault = _unkept(vault, held, proof, log)
                proven += not fault
                faults.extend([fault] if fault else [])
        report.counts |= {"proven": proven, "waiting": waiting, "broken": len(faults)}
        told = f"{proven} proven, {waiting} not due yet"
        more = f", and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        require(not faults, "promises", f"{'; '.join(faults[:FAULTS_SHOWN])}{more} ({told})")
        detail.append(told)


def _unkept(vault: ReceiptVault, held: HeldReceipt, proof: bytes | None, log: Source) -> str:
    """Why a promise that is due, or has a proof, is not kept; one keeps no other from its proof."""
    if proof is None:
        return f"{held.name}: the promise is broken"
    try:
        vault.prove(held.leaf, proof, log)
    except Rejected as error:
        return f"{held.name}: {error.reason}"
    return ""


def show(vault: ReceiptVault, options: argparse.Namespace, report: Report) -> None:
    """What the vault holds of a licence, and everything that speaks against the exchange."""
    with report.step("lanes") as detail:
        for lane in vault.lanes(options.licence):
            amount = f"{lane.total_amount // 10**8}.{lane.total_amount % 10**8:08d}"
            detail.append(f"lane {lane.lane} up to {lane.n}: {lane.total_units} units, {amount}")
        detail.extend(
            f"lane {gap.lane}: no receipt for {gap.first} to {gap.last}"
            for gap in vault.gaps(options.licence)
        )
    with report.step("contradictions"):
        found = vault.contradictions()
        require(not found, "contradictions", "; ".join(each.reason for each in found[:10]))


def acknowledge(vault: ReceiptVault, options: argparse.Namespace, report: Report) -> None:
    """Sign the licence's running totals as far as the vault holds every receipt."""
    with report.step("acknowledgement") as detail:
        lanes = vault.lanes(options.licence)
        require(lanes, "acknowledgement", "the vault holds no receipt of this licence")
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 -- no clock is injected here
        data = sign_acknowledgement(
            options.licence,
            lanes,
            at=now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            name=options.name,
            key=read_private_key(options.signing_key),
        )
        _write(options.out, data)
        detail.append(f"{len(lanes)} lanes, {sum(lane.n for lane in lanes)} calls")


def show_buyer_key(options: argparse.Namespace, report: Report) -> None:
    """The public half of a signing key, as `POST /v1/acknowledgement-keys` takes it (`vkey`)."""
    with report.step("key") as detail:
        detail.append(named_key(options.name, read_private_key(options.signing_key)).text)


def check_acknowledgement_file(options: argparse.Namespace, report: Report) -> None:
    """An acknowledgement: format, the buyer's signature, and what a right invoice has beyond it."""
    keyring = trusted_keys(options, report)
    with report.step("format") as detail:
        found = parse_acknowledgement(read_file(options.file, BYTES_MAX))
        detail.append(f"{found.licence}, {len(found.lanes)} lanes")
    with report.step("signature") as detail:
        detail.append(check_acknowledgement(found, keyring.buyers).name)
    if options.invoice is not None:
        with report.step("tail") as detail:
            data = read_file(options.invoice, EVIDENCE_BYTES_MAX)
            evidence = parse_invoice(data, is_strict=False)
            check_invoice(evidence, keyring, lambda note: open_checkpoint(note, keyring))
            tails = unacknowledged(evidence, found)
            detail.extend(f"lane {lane}: {count} calls not acknowledged" for lane, count in tails)
            report.counts["unacknowledged"] = sum(count for _, count in tails)


def read_token(options: argparse.Namespace) -> str:
    """The bearer token from its file, the command line or the environment."""
    if options.token_file is None:
        return str(options.token or os.environ.get(ENVIRONMENT_NAME, ""))  # noqa: TID251 - no settings here
    return read_file(options.token_file, TOKEN_BYTES_MAX).decode("ascii", "replace").strip()


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """An Ed25519 private key from a PEM file (PKCS #8), as `openssl genpkey` writes it."""
    try:
        key = load_pem_private_key(read_file(path, KEY_BYTES_MAX), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotChecked("key", f"{path} is not an unencrypted PEM key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NotChecked("key", f"{path} is not an Ed25519 key")
    return key


def _write(path: Path | None, data: bytes) -> None:
    if path is None:
        sys.stdout.write(data.decode() + "\n")
        return
    try:
        path.write_bytes(data + b"\n")
    except OSError as error:
        raise NotChecked("acknowledgement", f"{path}: {error}") from error
