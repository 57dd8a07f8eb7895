"""Calls that a buyer signs (RFC 9421): making the signature, and checking what became of it.

`RequestSigner` is what a buyer's program uses; the checks are anybody's.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil_verify import canonical
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import Record
from counterfoil_verify.keys import BUYERS_SUFFIX, Key, named_key, parse_vkey
from counterfoil_verify.leaves import SIGNED
from counterfoil_verify.receipts import UsageReceipt

FORMAT_STEP, SIGNATURE_STEP, REQUEST_STEP = "format", "signature", "request"
COMMITMENT_STEP = "commitment"
FORMAT = "counterfoil-signed-request/1"
BYTES_MAX = 65_536
TAG = "counterfoil:"
LABEL = "buyer"
WINDOW_SECONDS = 600
"""How long before its leaf a request may have been signed: 300 for its arrival, the rest to end."""
AHEAD_SECONDS = 60
MICROSECONDS = 1_000_000
_PARAMETERS = '"@signature-params": '


def signature_base(covered: Iterable[tuple[str, str]], parameters: str) -> str:
    """The text that is signed (RFC 9421, section 2.5), from each component and its value."""
    lines = [f'"{name}": {value.strip()}' for name, value in covered]
    return "\n".join([*lines, _PARAMETERS + parameters])


class RequestSigner:
    """Signs the calls of one licence with one registered key."""

    def __init__(self, licence: str, *, name: str, key: Ed25519PrivateKey) -> None:
        """``name`` is the registered key's: ``<organisation>/acknowledgements``."""
        require(name.endswith(BUYERS_SUFFIX), SIGNATURE_STEP, f"not a key's name: …{BUYERS_SUFFIX}")
        self._licence = licence
        self._key = key
        self._vkey = named_key(name, key).text

    @property
    def vkey(self) -> str:
        """The public half, as `POST /v1/acknowledgement-keys` takes it."""
        return self._vkey

    def headers(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        *,
        purpose: str | None = None,
        created: int | None = None,
        nonce: str | None = None,
    ) -> dict[str, str]:
        """The header fields to send with a call; a retry is signed anew.

        ``url`` as it is sent, its query percent-encoded; ``purpose`` is what the call says that it
        is for, if it does; ``created`` in seconds since 1970.
        """
        parts = urlsplit(url)
        covered = [("@method", method), ("@path", parts.path), ("@query", f"?{parts.query}")]
        sent = {}
        if method == "POST":
            encoded = base64.b64encode(hashlib.sha256(body).digest()).decode()
            sent["Content-Digest"] = f"sha-256=:{encoded}:"
        if purpose is not None:
            sent["Purpose"] = purpose
        covered += [(name.lower(), value) for name, value in sent.items()]
        names = " ".join(f'"{name}"' for name, _ in covered)
        at = int(time.time()) if created is None else created  # noqa: TID251 -- no clock is injected here
        parameters = (
            f'({names});created={at};keyid="{self._vkey}"'
            f';nonce="{nonce or secrets.token_urlsafe(24)}";tag="{TAG}{self._licence}"'
        )
        signature = self._key.sign(signature_base(covered, parameters).encode())
        return {
            **sent,
            "Signature-Input": f"{LABEL}={parameters}",
            "Signature": f"{LABEL}=:{base64.b64encode(signature).decode()}:",
        }


@dataclass(frozen=True)
class SignedRequest:
    """What a buyer signed, as read; only `check_signature` makes it evidence."""

    base: str
    key: Key
    signature: bytes
    components: Mapping[str, str]
    parameters: str

    @property
    def document(self) -> dict[str, canonical.Json]:
        """What the call's leaf commits to."""
        encoded = base64.b64encode(self.signature).decode()
        return {"base": self.base, "key": self.key.text, "signature": encoded}

    def parameter(self, name: str) -> str:
        """A parameter of the signature, as its text; empty where it is not given."""
        given = f";{name}="
        start = self.parameters.rfind(given, self.parameters.index(")"))
        if start < 0:
            return ""
        return self.parameters[start + len(given) :].partition(";")[0].strip('"')


def parse_signed_request(data: bytes) -> SignedRequest:
    """A signed request from JSON, as the exchange shows it."""
    try:
        value = canonical.parse(data.removesuffix(b"\n"), bytes_max=BYTES_MAX, is_strict=False)
        record = Record(FORMAT_STEP, value, "the signed request")
        record.only("format", "base", "key", "signature")
        require(record.text("format") == FORMAT, FORMAT_STEP, f"the format is not {FORMAT}")
        key = parse_vkey(record.text("key"))
    except Rejected as error:
        raise error.within(FORMAT_STEP) from error
    base = record.text("base")
    *lines, last = base.split("\n")
    require(last.startswith(_PARAMETERS + "("), FORMAT_STEP, "the base ends in no parameters")
    parameters = last.removeprefix(_PARAMETERS)
    components = dict(_component(line) for line in lines)
    names = " ".join(f'"{name}"' for name in components)
    is_whole = len(components) == len(lines) and parameters.startswith(f"({names});")
    require(is_whole, FORMAT_STEP, "the base does not have the components that it names")
    return SignedRequest(base, key, record.base64("signature", 64), components, parameters)


def _component(line: str) -> tuple[str, str]:
    name, colon, value = line.partition('": ')
    require(name.startswith('"') and colon, FORMAT_STEP, "a line of the base names no component")
    return name[1:], value


def check_signature(request: SignedRequest, buyers: Iterable[Key]) -> Key:
    """The buyer's key; Rejected unless it is trusted, named in the base, and made the signature."""
    key = request.key
    require(key in tuple(buyers), SIGNATURE_STEP, f"no trusted buyer's key is {key.name[:200]!r}")
    require(request.parameter("keyid") == key.text, SIGNATURE_STEP, "the base names another key")
    key.verify(request.base.encode(), request.signature, SIGNATURE_STEP)
    return key


def check_request(request: SignedRequest, receipt: UsageReceipt) -> None:
    """Rejected unless the request was for this licence and listing, just before the call."""
    point = receipt.call.point
    tag, created = request.parameter("tag"), request.parameter("created")
    require(tag == TAG + point.licence, REQUEST_STEP, "it was signed for another licence")
    require(created.isdecimal() and len(created) < 15, REQUEST_STEP, "it says no time")  # noqa: PLR2004 -- as many digits as RFC 8941 has
    age = point.at // MICROSECONDS - int(created)
    require(-AHEAD_SECONDS <= age <= WINDOW_SECONDS, REQUEST_STEP, "it is of another time")
    if receipt.detail is None:
        return
    method, path = (request.components.get(name, "") for name in ("@method", "@path"))
    listing, of_call = path.rpartition("/")[2], receipt.detail
    require(method == of_call.text("method"), REQUEST_STEP, "it has another method")
    require(listing == of_call.text("listing"), REQUEST_STEP, "it is for another listing")
    purpose = request.components.get("purpose")
    is_kept = purpose is None or purpose == of_call.members.get("purpose")
    require(is_kept, REQUEST_STEP, "it was signed for another purpose")


def check_commitment(request: SignedRequest, receipt: UsageReceipt) -> None:
    """Rejected unless the call's leaf commits to exactly this signed request."""
    is_signed = SIGNED in receipt.call.leaf.record.members
    require(is_signed, COMMITMENT_STEP, "the leaf names no signature: the call is in dispute")
    require(not receipt.is_erased, COMMITMENT_STEP, "the key to the commitment was erased")
    message = SIGNED.encode() + b"\x00" + canonical.encode(request.document)
    computed = hmac.digest(receipt.detail_key, message, "sha256")
    stated = receipt.call.leaf.record.hexadecimal(SIGNED, 32)
    is_this = hmac.compare_digest(computed, stated)
    require(is_this, COMMITMENT_STEP, "the leaf commits to another request: the call is in dispute")
