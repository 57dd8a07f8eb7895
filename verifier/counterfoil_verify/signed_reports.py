"""An auditor's signature under the machine-readable report: who checked, and what came of it."""

import base64
import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil_verify import canonical
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import HASH_SIZE, Record
from counterfoil_verify.keys import ED25519, REPORTS_SUFFIX, Key, named_key, parse_vkey

STEP = "signature"
FORMAT = "counterfoil-report-signature/1"
DOMAIN = b"counterfoil/report/v1\x00"
SIGNATURE_BYTES_MAX = 8_192
REPORT_BYTES_MAX = 16_777_216


@dataclass(frozen=True)
class ReportSignature:
    """A signature as read; only `check_report` makes it evidence."""

    report_hash: bytes
    key: Key
    signature: bytes


def sign_report(report: bytes, *, name: str, key: Ed25519PrivateKey) -> bytes:
    """The signature file of a report's exact bytes; the key's name ends in `/reports`."""
    require(name.endswith(REPORTS_SUFFIX), STEP, f"the key's name does not end in {REPORTS_SUFFIX}")
    digest = hashlib.sha256(report).digest()
    return canonical.encode(
        {
            "format": FORMAT,
            "report": digest.hex(),
            "key": named_key(name, key).text,
            "signature": base64.b64encode(key.sign(DOMAIN + digest)).decode(),
        }
    )


def parse_report_signature(data: bytes) -> ReportSignature:
    """A signature file; Rejected when it is none."""
    try:
        value = canonical.parse(
            data.removesuffix(b"\n"), bytes_max=SIGNATURE_BYTES_MAX, is_strict=False
        )
        record = Record(STEP, value, "the signature file")
    except Rejected as error:
        raise error.within(STEP) from error
    record.only("format", "report", "key", "signature")
    require(record.text("format") == FORMAT, STEP, f"the format is not {FORMAT}")
    return ReportSignature(
        record.hexadecimal("report", HASH_SIZE),
        parse_vkey(record.text("key")),
        record.base64("signature", 64),
    )


def stated(report: bytes) -> str:
    """Which command the report is of and what came of it: a signature makes no check pass."""
    try:
        record = Record("report", canonical.parse_json(report), "the report")
        return f"{record.text('command')}: {record.record('facts').text('verdict')}"
    except Rejected:
        return "it says nothing of a check"


def check_report(report: bytes, found: ReportSignature, auditor: Key) -> None:
    """Reject unless this auditor signed exactly these bytes."""
    same = found.key == auditor and auditor.algorithm == ED25519
    require(same, STEP, "another key than the auditor's")
    digest = hashlib.sha256(report).digest()
    require(digest == found.report_hash, STEP, "the report was changed after it was signed")
    auditor.verify(DOMAIN + digest, found.signature, STEP)
