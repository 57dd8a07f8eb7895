"""A bundle's manifest: what the exchange signed, every other file by its digest."""

import hashlib
from dataclasses import dataclass

from counterfoil_verify import canonical
from counterfoil_verify.container import Container
from counterfoil_verify.errors import require
from counterfoil_verify.fields import Record, decode_base64
from counterfoil_verify.keys import Keyring, verify_named

STEP = "manifest"
FILES_STEP = "files"

FORMAT = "counterfoil-bundle/1"
DOMAIN = b"counterfoil/bundle/v1\x00"
NAME, SIGNATURE_NAME = "manifest.json", "manifest.sig"
BYTES_MAX = 16_777_216
READ = frozenset(
    {NAME, SIGNATURE_NAME, "keys.json", "checkpoint.txt", "anchors.json", "consistency.json",
     "predecessors.json"}
)  # fmt: skip
READ_BELOW = (
    "receipts/", "signed-requests/", "proofs/", "invoices/", "leaves/", "entries/", "tile/",
    "shards/",
)  # fmt: skip


@dataclass(frozen=True)
class Manifest:
    """What the exchange signed; the time in microseconds since 1970."""

    origin: str
    created_at: int
    made_at: str
    """The same time as it is written."""
    files: Record


def check_manifest(container: Container, keyring: Keyring) -> Manifest:
    """The manifest; Rejected unless a statement key of the origin that it names signed it."""
    data = container.read(NAME, BYTES_MAX)
    record = Record(STEP, canonical.parse(data, bytes_max=BYTES_MAX), NAME)
    record.only("format", "files", "origin", "created_at")
    require(record.text("format") == FORMAT, STEP, f"the format is not {FORMAT}")
    origin = record.text("origin")
    text = container.read(SIGNATURE_NAME, 200).decode(errors="replace")
    signature = decode_base64(text.removesuffix("\n"), STEP, SIGNATURE_NAME)
    name = f"{origin}/statements"
    keys = keyring.unspoilt(keyring.statements)
    verify_named(keys, name, DOMAIN + data, signature, step=STEP)
    made_at = record.text("created_at")
    return Manifest(origin, record.instant("created_at"), made_at, record.record("files"))


def unread_files(container: Container) -> list[str]:
    """Files that are sealed and that no step looks into: what they say was not checked."""
    return [name for name in container if name not in READ and not name.startswith(READ_BELOW)]


def check_files(container: Container, manifest: Manifest) -> int:
    """How many files there are: each the one whose digest was signed, none missing or added."""
    found = set(container) - {NAME, SIGNATURE_NAME}
    due = manifest.files.members.keys()
    require(found >= due, FILES_STEP, f"{len(due - found)} files of the manifest are missing")
    require(found <= due, FILES_STEP, f"{len(found - due)} files are not in the manifest")
    for name in sorted(found):
        digest = hashlib.sha256(container.view(name)).hexdigest()
        require(manifest.files.text(name) == digest, FILES_STEP, f"{name} has another digest")
    return len(found)
