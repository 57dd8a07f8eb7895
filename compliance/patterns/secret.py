"""Secrets that must never be in a sample: private keys, cloud keys, tokens, passwords."""

import re

_SHAPES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"-----BEGIN (?:[A-Z]{2,10} )?PRIVATE KEY-----",
        r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])",  # Amazon access key ids
        r"(?<![A-Za-z0-9])LTAI[A-Za-z0-9]{12,24}(?![A-Za-z0-9])",  # Alibaba access key ids
        r"(?<![A-Za-z0-9])AKID[A-Za-z0-9]{32}(?![A-Za-z0-9])",  # Tencent secret ids
        r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}",  # Google API keys
        r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36}",  # GitHub tokens
        r"(?<![A-Za-z0-9])[sr]k_live_[A-Za-z0-9]{16,}",  # Stripe live keys
        r"(?<![A-Za-z0-9])cfk_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}",  # this exchange's own call keys
        r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}",  # JWT
        r"[a-z][a-z0-9+.-]{1,15}://[^\s/:@]{1,64}:[^\s/:@]{3,128}@",  # address with a password
    )
)


def count(text: str) -> int:
    """How many secrets the text holds."""
    return sum(len(shape.findall(text)) for shape in _SHAPES)
