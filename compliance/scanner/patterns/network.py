"""What points at a device: network addresses, hardware addresses and device numbers."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from compliance.scanner.patterns.luhn import passes_luhn
from compliance.scanner.patterns.spans import Span, shape_spans, spans_where

_V4 = re.compile(r"(?<![0-9A-Za-z.])(?:\d{1,3}\.){3}\d{1,3}(?![0-9A-Za-z]|\.\d)", re.ASCII)
_V6 = re.compile(
    r"(?<![0-9A-Za-z:.])(?=[0-9A-Fa-f:]{0,40}:[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{6,39}(?![0-9A-Za-z:])",
    re.ASCII,
)
_MAC = re.compile(
    r"(?<![0-9A-Za-z:-])(?:(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}"
    r"|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})(?![0-9A-Za-z:-])",
    re.ASCII,
)
_IMEI = re.compile(r"(?<![0-9A-Za-z.])\d{15}(?![0-9A-Za-z]|\.\d)", re.ASCII)
_TYPE_BODIES = frozenset(
    (
        "01",
        "10",
        "30",
        "33",
        "35",
        "44",
        "45",
        "49",
        "50",
        "51",
        "52",
        "53",
        "54",
        "86",
        "91",
        "98",
        "99",
    )
)
_LARGE_OCTET = 64
"""Versions (3.5.2.1) have the form of an address but hardly a part this large."""

mac_spans = shape_spans(_MAC)


def _is_v4(text: str) -> bool:
    try:
        return max(IPv4Address(text).packed) >= _LARGE_OCTET
    except AddressValueError:
        return False


def _is_v6(text: str) -> bool:
    try:
        return bool(IPv6Address(text).packed)
    except AddressValueError:
        return False


def ip_spans(text: str) -> list[Span]:
    """Where the text holds an address of version 4 or 6."""
    return spans_where(_V4, _is_v4, text) + spans_where(_V6, _is_v6, text)


def is_imei(digits: str) -> bool:
    """Whether 15 digits start with a reporting body and end in their check digit."""
    return digits[:2] in _TYPE_BODIES and passes_luhn(digits)


def imei_spans(text: str) -> list[Span]:
    """Where the text holds a device number; of random 15 digits 1.7 % pass."""
    return spans_where(_IMEI, is_imei, text)


def imei_candidates(text: str) -> list[Span]:
    """Where the text holds 15 digits."""
    return spans_where(_IMEI, bool, text)
