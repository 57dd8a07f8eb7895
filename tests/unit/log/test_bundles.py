"""The archive has one form."""

import hashlib
import io
import json
import zipfile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.log.bundles import canonical_zip, seal_bundle
from ledger.log.tree.notes import from_base64
from tests.unit.log.log_factory import AT, ORIGIN, log_keys

FILES = {"b.txt": b"two", "a/1.json": b"{}", "checkpoint.txt": b"one"}


def sealed():
    return seal_bundle(FILES, origin=ORIGIN, created_at=AT, signer=log_keys().statements)


def test_the_order_in_which_files_are_given_does_not_matter():
    assert canonical_zip(FILES) == canonical_zip(dict(reversed(FILES.items())))


def test_members_are_sorted_stored_and_dateless():
    with zipfile.ZipFile(io.BytesIO(sealed())) as archive:
        members = archive.infolist()
    assert [member.filename for member in members] == sorted(m.filename for m in members)
    for member in members:
        assert member.compress_type == zipfile.ZIP_STORED
        assert member.date_time == (1980, 1, 1, 0, 0, 0)
        assert (member.create_system, member.external_attr) == (3, 0o644 << 16)
        assert member.extra == b""


def test_the_manifest_names_every_file_by_its_hash_under_the_statement_key():
    with zipfile.ZipFile(io.BytesIO(sealed())) as archive:
        manifest = archive.read("manifest.json")
        signature = from_base64(archive.read("manifest.sig").decode())
    assert json.loads(manifest) == {
        "format": "counterfoil-bundle/1",
        "origin": ORIGIN,
        "created_at": AT,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()},
    }
    key = Ed25519PublicKey.from_public_bytes(log_keys().statements.public_key)
    key.verify(signature, b"counterfoil/bundle/v1\x00" + manifest)


def test_every_changed_byte_shows_when_the_archive_is_rebuilt():
    data = sealed()
    for at in range(len(data)):
        tampered = data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]
        assert not survives(tampered, data), f"byte {at}"


def survives(tampered, original):
    """Whether an archive that was changed rebuilds to itself and still carries the same files."""
    try:
        with zipfile.ZipFile(io.BytesIO(tampered)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError, EOFError):
        return False
    rebuilt = canonical_zip(files)
    return rebuilt == tampered and rebuilt == original
