"""Addresses of files: sealed for one licence, delivery and file, and good for a bounded time.

An address opens nothing by itself: whoever asks brings a key of the licence that it was made for.
"""

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import NamedTuple

from app.core.canonical import canonical_bytes
from app.core.cipher import CannotDecrypt, Cipher
from app.core.clock import iso_instant
from metering.packages.errors import FileAddressLapsed, FileAddressUnknown
from metering.packages.files import PackageFile, manifest_entry

PREFIX = "/files/"
VALID = timedelta(hours=24)
"""As long as a retry gets the same manifest again."""
TOKEN_CHARACTERS_MAX = 1024


class Addressee(NamedTuple):
    """Whom a manifest is for, and of what."""

    licence_id: str
    listing_code: str
    version_id: str


class FileAddresses:
    """Makes and opens addresses."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def manifest(
        self,
        to: Addressee,
        delivery_id: str,
        files: list[PackageFile],
        at: datetime,
        *,
        purpose: str | None,
    ) -> dict[str, object]:
        """What a call for a package is answered; the delivery stands in it and in each address."""
        until = iso_instant(at + VALID)
        named = {"delivery_id": delivery_id, "purpose": purpose, "until": until}
        entries = [manifest_entry(each, self._address(to, each, named)) for each in files]
        return {
            "delivery_id": delivery_id,
            "listing_code": to.listing_code,
            "version_id": to.version_id,
            "valid_until": until,
            "files": entries,
        }

    def _address(self, to: Addressee, file: PackageFile, named: dict[str, str | None]) -> str:
        sealed = self._cipher.encrypt(canonical_bytes(named), context=_context(to, file))
        token = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
        return f"{PREFIX}{to.listing_code}/{token}/{file.name}"

    def check(self, to: Addressee, token: str, file: PackageFile, at: datetime) -> str | None:
        """What the call was for that the address belongs to, where that is known.

        Raises `FileAddressUnknown` for one that was made for another licence, version or file, and
        `FileAddressLapsed`.
        """
        try:
            padded = token + "=" * (-len(token) % 4)
            sealed = base64.b64decode(padded, altchars=b"-_", validate=True)
            opened = self._cipher.decrypt(sealed, context=_context(to, file))
        except (CannotDecrypt, binascii.Error):
            raise FileAddressUnknown from None
        named = json.loads(opened)
        if iso_instant(at) >= named["until"]:
            raise FileAddressLapsed(named["until"])
        purpose: str | None = named.get("purpose")
        return purpose


def _context(to: Addressee, file: PackageFile) -> str:
    return f"file:{to.licence_id}:{to.version_id}:{file.sha256}:{file.name}"
