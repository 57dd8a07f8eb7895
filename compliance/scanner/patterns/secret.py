"""Secrets that must never be in a sample: private keys, cloud keys, tokens, passwords."""

import re

from compliance.scanner.patterns.spans import Span

_NAMES = "password|passwd|secret|api_?key|access_?key|密码|口令"
_VALUE = r"(?=[^\s\"'*]{0,255}\d)[^\s\"'*]{6,128}"
"""What stands beside such a name is a secret if there is a digit in it and no star.

The digit is looked for as far as a secret reaches: without a bound a cell of names and no digit is
read to its end once for each of them.
"""
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
        r"(?<![A-Za-z0-9])xox[abprs]-[A-Za-z0-9-]{10,72}",  # Slack tokens
        r"(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20}",  # GitLab tokens
        rf"(?i:(?<![a-z0-9])(?:{_NAMES})[\"']?\s?[:=：]\s?[\"']?{_VALUE})",
        r"[a-z][a-z0-9+.-]{1,15}://[^\s/:@]{1,64}:[^\s/:@]{3,128}@",  # address with a password
    )
)


def spans(text: str) -> list[Span]:
    """Where the text holds a secret."""
    return [match.span() for shape in _SHAPES for match in shape.finditer(text)]


def count(text: str) -> int:
    """How many secrets the text holds."""
    return len(spans(text))
