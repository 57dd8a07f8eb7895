"""Passports and travel permits: shapes without a check, so only a column's name convicts."""

import re

from compliance.scanner.patterns.spans import shape_spans

_SHAPE = re.compile(
    r"(?<![0-9A-Za-z])(?:[DEGPS]\d{8}|[DPS]E\d{7}|E[A-HJ-NP-Z]\d{7}|[CHMTW]\d{8}(?:\d{2})?"
    r"|K\d{7,8})(?![0-9A-Za-z])",
    re.ASCII | re.IGNORECASE,
)

spans = shape_spans(_SHAPE)
