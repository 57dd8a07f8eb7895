"""Usage receipts: the leaf's exact bytes, the exchange's signature, and the commitments inside."""

import base64
import hmac
from dataclasses import dataclass

from counterfoil_verify import canonical
from counterfoil_verify.canonical import Json
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import Record
from counterfoil_verify.keys import Key, Keyring, verify_named
from counterfoil_verify.leaves import Call, parse_call, parse_leaf

FORMAT_STEP = "format"
SIGNATURE_STEP = "signature"
COMMITMENTS_STEP = "commitments"
BODY_STEP = "body"
REQUEST_STEP = "request"

FORMAT = "counterfoil-usage-receipt/1"
DOMAIN = b"counterfoil/usage-receipt/v1\x00"
RECEIPT_BYTES_MAX = 65_536
MERGE_DELAY_MAX = 86_400
MICROSECONDS = 1_000_000
_REQUEST_MEMBERS = ("method", "listing", "parameters")


@dataclass(frozen=True)
class Promise:
    """What the exchange undertook: the leaf is in this log by this time."""

    origin: str
    issued_at: int
    merge_delay_seconds: int
    record: Record

    @property
    def due_at(self) -> int:
        """Microseconds since 1970 at which the leaf must be under a checkpoint."""
        return self.issued_at + self.merge_delay_seconds * MICROSECONDS


@dataclass(frozen=True)
class UsageReceipt:
    """A usage receipt as read; only `check_signature` makes it evidence."""

    call: Call
    promise: Promise
    detail: Record | None
    """None when the detail record was erased with its key; the leaf stays, unlinkable."""
    detail_key: bytes
    key: str
    signature: bytes

    @property
    def is_erased(self) -> bool:
        """Whether the commitments can no longer be opened."""
        return self.detail is None

    @property
    def names_request(self) -> bool:
        """Whether the detail record has what the commitment to the request opens to."""
        return self.detail is not None and set(_REQUEST_MEMBERS) <= self.detail.members.keys()


def parse_receipt(data: bytes, *, is_strict: bool = True) -> UsageReceipt:
    """A usage receipt from its canonical JSON, or from the value of the `Usage-Receipt` header.

    Not strictly, its JSON may be spelled in any way; the signature covers what it says.
    """
    data = data.removesuffix(b"\n")
    if not data.lstrip().startswith(b"{"):
        data, is_strict = _from_header(data), True
    try:
        value = canonical.parse(data, bytes_max=RECEIPT_BYTES_MAX, is_strict=is_strict)
    except Rejected as error:
        raise error.within(FORMAT_STEP) from error
    return _read(Record(FORMAT_STEP, value, "the usage receipt"))


def _from_header(data: bytes) -> bytes:
    try:
        decoded = base64.b64decode(data + b"=" * (-len(data) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise Rejected(FORMAT_STEP, "neither JSON nor a receipt header") from error
    again = base64.urlsafe_b64encode(decoded).rstrip(b"=")
    require(again == data, FORMAT_STEP, "the receipt header is not strict Base64")
    return decoded


def _read(record: Record) -> UsageReceipt:
    record.only("format", "entry", "detail", "detail_key", "promise", "key", "signature")
    require(record.text("format") == FORMAT, FORMAT_STEP, f"the format is not {FORMAT}")
    is_erased = record.members["detail"] is None and record.members["detail_key"] is None
    call = _read_call(record.base64("entry"))
    promise = _read_promise(record.record("promise"))
    is_of_call = promise.issued_at == call.point.at
    require(is_of_call, FORMAT_STEP, "the promise does not run from the call's own time")
    return UsageReceipt(
        call=call,
        promise=promise,
        detail=None if is_erased else record.record("detail"),
        detail_key=b"" if is_erased else record.hexadecimal("detail_key", 32),
        key=record.text("key"),
        signature=record.base64("signature", 64),
    )


def _read_call(entry: bytes) -> Call:
    try:
        return parse_call(parse_leaf(entry))
    except Rejected as error:
        raise error.within(FORMAT_STEP) from error


def _read_promise(record: Record) -> Promise:
    record.only("origin", "issued_at", "merge_delay_seconds")
    delay = record.whole("merge_delay_seconds")
    require(delay <= MERGE_DELAY_MAX, FORMAT_STEP, f"a merge delay above {MERGE_DELAY_MAX} seconds")
    return Promise(record.text("origin"), record.instant("issued_at"), delay, record)


def check_signature(receipt: UsageReceipt, keyring: Keyring, *, is_proven: bool = False) -> Key:
    """Reject unless a trusted receipt key of the promised log signed leaf hash and promise.

    A compromised key is Rejected, unless ``is_proven``: then `check_key` is the caller's to ask.
    """
    expected = f"{receipt.promise.origin}/receipts"
    require(receipt.key == expected, SIGNATURE_STEP, "the key is not named after the origin")
    promise = canonical.encode(dict(receipt.promise.record.members))
    message = DOMAIN + receipt.call.leaf.hash + promise
    key = verify_named(
        keyring.receipts, receipt.key, message, receipt.signature, step=SIGNATURE_STEP
    )
    if not is_proven:
        check_key(keyring, key, None)
    return key


def check_key(keyring: Keyring, key: Key, index: int | None) -> None:
    """Reject a receipt of a compromised key, unless its leaf stands before the key's end.

    ``index`` is where the leaf is proven to be, None where nothing proves it: a thief of the key
    can date a receipt as he likes, but not give it a place in the log. Nor stands a leaf before the
    size from which on its key is valid.
    """
    start = keyring.starts.get(key, 0)
    is_behind = index is None or index >= start
    require(is_behind, SIGNATURE_STEP, f"its key is valid from size {start}, its leaf is before it")
    end = keyring.end_of(key)
    if end is None or not end.is_compromised:
        return
    size = end.until_size
    require(index is not None, SIGNATURE_STEP, "its key was compromised: it needs a ledger proof")
    is_before = index is not None and index < size
    require(is_before, SIGNATURE_STEP, f"its key was compromised at size {size}, before its leaf")


def check_detail(receipt: UsageReceipt) -> None:
    """Reject a detail record other than the leaf's, or a request that differs in it.

    Nothing is left to check where the record was erased.
    """
    if receipt.detail is None:
        return
    detail = receipt.detail.members
    _commitment(receipt, "detail", canonical.encode(dict(detail)))
    if receipt.names_request:
        request: Json = {name: detail[name] for name in _REQUEST_MEMBERS}
        _commitment(receipt, "request", canonical.encode(request))


def check_request(receipt: UsageReceipt, parameters: dict[str, Json]) -> None:
    """Reject another request than the leaf commits to; its parameters are typed as it has them."""
    if receipt.detail is None:
        raise Rejected(REQUEST_STEP, "the key to the commitment was erased")
    detail = receipt.detail
    request: Json = {
        "method": detail.text("method"),
        "listing": detail.text("listing"),
        "parameters": parameters,
    }
    try:
        _commitment(receipt, "request", canonical.encode(request))
    except Rejected as error:
        raise error.within(REQUEST_STEP) from error


def check_body(receipt: UsageReceipt, body: bytes) -> None:
    """Reject a response body other than the one delivered, byte for byte."""
    require(not receipt.is_erased, BODY_STEP, "the key to the commitment was erased")
    try:
        _commitment(receipt, "response", body)
    except Rejected as error:
        raise error.within(BODY_STEP) from error


def _commitment(receipt: UsageReceipt, name: str, message: bytes) -> None:
    computed = hmac.digest(receipt.detail_key, name.encode() + b"\x00" + message, "sha256")
    stated = receipt.call.leaf.record.hexadecimal(name, 32)
    require(
        hmac.compare_digest(computed, stated),
        COMMITMENTS_STEP,
        f"the leaf commits to another {name}",
    )
