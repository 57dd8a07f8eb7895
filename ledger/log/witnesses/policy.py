"""Which outsiders are asked to cosign, and how many of them a head needs to count as witnessed."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.core.json_text import load_json
from ledger.log.errors import refuse
from ledger.log.witnesses.cosignatures import WitnessKey, parse_witness_key

WITNESSES_MAX = 16
INTERVAL_SECONDS = 5
PAUSE_MAX_SECONDS = 300
_MEMBERS = {"needed", "interval_seconds", "witnesses"}
_URL = re.compile(r"[\x21-\x7e]{1,2000}")


@dataclass(frozen=True)
class Witness:
    """An outside party: what its cosignatures are verified with, and where it is asked."""

    key: WitnessKey
    url: str

    @property
    def name(self) -> str:
        """Its key's name."""
        return self.key.name


@dataclass(frozen=True)
class WitnessPolicy:
    """The witnesses, and how many must have cosigned; none needed means that none is promised."""

    witnesses: tuple[Witness, ...] = ()
    needed: int = 0
    interval_seconds: int = INTERVAL_SECONDS

    def is_met_by(self, keys: Collection[str]) -> bool:
        """Whether cosignatures of these keys (vkey lines) make a head a witnessed one."""
        counted = {witness.key.text for witness in self.witnesses} & set(keys)
        return self.needed > 0 and len(counted) >= self.needed


NO_WITNESSES = WitnessPolicy()


def read_policy(data: bytes, *, allows_http: bool) -> WitnessPolicy:
    """The policy of a witness file; raises `EvidenceRefused`.

    ``{"needed": 2, "witnesses": [{"key": "<vkey>", "url": "https://…"}], "interval_seconds": 5}``
    """
    try:
        document = load_json(data)
    except ValueError:
        refuse("the witness file is not JSON")
    if not isinstance(document, dict) or not document.keys() <= _MEMBERS:
        refuse("the witness file has other members than needed, interval_seconds, witnesses")
    listed = document.get("witnesses")
    if not isinstance(listed, list) or not 1 <= len(listed) <= WITNESSES_MAX:
        refuse(f"the witness file lists 1 to {WITNESSES_MAX} witnesses")
    witnesses = tuple(_witness(each, allows_http=allows_http) for each in listed)
    if len({witness.key.public_key for witness in witnesses}) != len(witnesses):
        refuse("two witnesses have one key")
    needed = _whole(document, "needed", 1, len(witnesses))
    return WitnessPolicy(witnesses, needed, _whole(document, "interval_seconds", 1, 3_600))


def _whole(document: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = document.get(name, INTERVAL_SECONDS if name == "interval_seconds" else None)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        refuse(f"{name} in the witness file is no number from {low} to {high}")
    return int(value)


def _witness(value: object, *, allows_http: bool) -> Witness:
    if not isinstance(value, dict) or value.keys() != {"key", "url"}:
        refuse("a witness has a key and a url")
    key, url = value["key"], value["url"]
    if not isinstance(key, str) or not isinstance(url, str) or not _URL.fullmatch(url):
        refuse("a witness's key and url are texts")
    if not _is_address(url, {"https", "http"} if allows_http else {"https"}):
        refuse("a witness's url is an https address without query and fragment")
    return Witness(parse_witness_key(key), url.rstrip("/"))


def _is_address(url: str, schemes: Collection[str]) -> bool:
    try:
        parts = urlsplit(url)
        is_readable = parts.hostname is not None and parts.port != 0
    except ValueError:
        return False
    return is_readable and parts.scheme in schemes and not (parts.query or parts.fragment)


def pause_seconds(policy: WitnessPolicy, failures_count: int) -> int:
    """Until a witness is asked again: the interval, doubled with each failure, capped."""
    doubled: int = policy.interval_seconds << min(failures_count, 16)
    return min(doubled, PAUSE_MAX_SECONDS)
