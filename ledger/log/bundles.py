"""Evidence bundles: a zip file with one possible form, so that any changed byte shows."""

import io
import zipfile
from collections.abc import Mapping

from app.core.canonical import base64_text, canonical_bytes, sha256_hex
from app.core.signing import Signer

FORMAT = "counterfoil-bundle/1"
DOMAIN = b"counterfoil/bundle/v1\x00"
MANIFEST = "manifest.json"
MANIFEST_SIGNATURE = "manifest.sig"

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o644 << 16


def canonical_zip(files: Mapping[str, bytes]) -> bytes:
    """The files in the one form of an archive: sorted, stored, without dates or extra fields."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, date_time=_EPOCH)
            member.create_system = _UNIX
            member.external_attr = _MODE
            archive.writestr(member, files[name])
    return target.getvalue()


def seal_bundle(
    files: Mapping[str, bytes], *, origin: str, created_at: str, signer: Signer
) -> bytes:
    """The archive of the files under a signed manifest that names each by its SHA-256."""
    manifest = canonical_bytes(
        {
            "format": FORMAT,
            "origin": origin,
            "created_at": created_at,
            "files": {name: sha256_hex(data) for name, data in files.items()},
        }
    )
    signature = base64_text(signer.sign(DOMAIN + manifest)).encode()
    return canonical_zip({**files, MANIFEST: manifest, MANIFEST_SIGNATURE: signature})
