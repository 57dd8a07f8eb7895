"""What a buyer signed that it asks, against the request that the call's leaf commits to.

The signed query, or the signed body of a POST, has the parameters as they were sent; the commitment
has them typed as the listing's fields are. Each value has few types that it can have, so that the
commitment opens to one of few spellings, or to another request than was signed.
"""

import base64
import hashlib
import json
import re
from decimal import Decimal
from itertools import islice, product
from math import isfinite, prod
from typing import Any
from urllib.parse import parse_qsl

from counterfoil_verify.canonical import Json
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.receipts import UsageReceipt, check_request
from counterfoil_verify.signed_requests import REQUEST_STEP, SignedRequest

PARAMETERS_MAX = 100
SPELLINGS_MAX = 4_096
CONTENT_DIGEST = "content-digest"
_WHOLE = re.compile(r"-?[0-9]{1,16}")
_SHA_256 = re.compile(r"(?:^|,\s*)sha-256=:([A-Za-z0-9+/]{43}=):(?=\s*(?:,|$))")


def check_parameters(
    request: SignedRequest,
    receipt: UsageReceipt,
    *,
    parameters: dict[str, Json] | None = None,
    body: bytes | None = None,
) -> str:
    """What was compared; Rejected where the leaf commits to other parameters than were signed.

    ``parameters`` are the buyer's own note of them, typed; ``body`` is what a POST sent.
    """
    if receipt.is_erased:
        return "the detail was erased"
    sent = _sent(request, body)
    if parameters is not None:
        if sent is not None:
            _compare(sent, parameters)
        check_request(receipt, parameters)
    if sent is None:
        return "the signed body stays closed without --sent"
    if parameters is not None:
        return "with the parameters given"
    if prod(len(each) for each in sent.values()) > SPELLINGS_MAX:
        return "the parameters can be typed in too many ways: give --parameters"
    _open(sent, receipt)
    return "with the parameters signed"


def _sent(request: SignedRequest, body: bytes | None) -> dict[str, list[Json]] | None:
    """Each signed parameter with what it can stand for; None where no body is at hand."""
    if CONTENT_DIGEST not in request.components:
        require(body is None, REQUEST_STEP, "no body was signed")
        return {name: _typed(value) for name, value in _query(request).items()}
    if body is None:
        return None
    found = _SHA_256.search(request.components[CONTENT_DIGEST])
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    require(found and found[1] == digest, REQUEST_STEP, "another body was signed")
    return {name: _typed(value) for name, value in _document(body).items()}


def _query(request: SignedRequest) -> dict[str, str]:
    query = request.components.get("@query", "").removeprefix("?")
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX
        )
    except ValueError as error:
        raise Rejected(REQUEST_STEP, "the signed query is none") from error
    return _each_once(pairs)


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise Rejected(REQUEST_STEP, "the signed body is no JSON") from error
    is_set = isinstance(found, dict) and len(found) <= PARAMETERS_MAX
    require(is_set, REQUEST_STEP, "the signed body is no object of parameters")
    return dict(found)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    require(len(members) == len(pairs), REQUEST_STEP, "a parameter is signed twice")
    return members


def _typed(value: Any) -> list[Json]:
    """What a field may have made of it: text, a whole number, truth, the text of a decimal."""
    if isinstance(value, str):
        numbers: list[Json] = [int(value)] if _WHOLE.fullmatch(value) else []
        return [value, *numbers, *([value == "true"] if value in {"true", "false"} else [])]
    if type(value) is int:
        return [value, str(value)]
    if type(value) is float and isfinite(value):
        return [format(Decimal(repr(value)), "f")]
    return [value] if isinstance(value, bool) else []


def _compare(sent: dict[str, list[Json]], parameters: dict[str, Json]) -> None:
    # True equals 1 in Python, and is another parameter here.
    typed = {name: [(type(each), each) for each in values] for name, values in sent.items()}
    same = {name for name, of in parameters.items() if (type(of), of) in typed.get(name, [])}
    other = sorted({*sent, *parameters} - same)
    told = ", ".join(name[:50] for name in other[:5])
    require(not other, REQUEST_STEP, f"it was signed with other parameters: {told}")


def _open(sent: dict[str, list[Json]], receipt: UsageReceipt) -> None:
    """Rejected unless the commitment opens to the signed parameters, in one of their spellings."""
    refused: Rejected | None = None
    for values in islice(product(*sent.values()), SPELLINGS_MAX):
        try:
            check_request(receipt, dict(zip(sent, values, strict=True)))
        except Rejected as error:
            refused = error
        else:
            return
    told = "the leaf commits to another request than was signed"
    raise Rejected(REQUEST_STEP, told) from refused
