"""Whether a version's content agrees with itself, and whether it is complete for a review."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from app.core.canonical import canonical_bytes
from app.core.delivery import CALLED
from listings.errors import Fault
from listings.versions.field_rules import fields_faults
from listings.versions.field_values import value_fault

SAMPLE_ROWS_MAX = 200
SAMPLE_BYTES_MAX = 256 * 1024
KEYWORDS_LENGTH_MAX = 30
FAULTS_MAX = 50
"""Nobody reads more in one answer."""

Content = Mapping[str, Any]

NEEDED = (
    "name",
    "summary",
    "product_kind",
    "sectors",
    "topic",
    "description",
    "delivery_mode",
    "update_frequency",
    "coverage",
    "source_types",
    "source_statement",
    "rights",
    "evidence",
    "pi_level",
    "grade",
    "allowed_purposes",
    "regions",
    "retention",
    "transfer_rule",
    "fields_out",
    "sample",
)
"""What every dossier carries (COMPLIANCE 5a, column R)."""


def content_faults(content: Content) -> list[Fault]:
    """Contradictions in what is there; what is missing is no fault of a draft."""
    faults = fields_faults(content.get("fields_in", ()), "#/fields_in")
    faults += fields_faults(content.get("fields_out", ()), "#/fields_out")
    if not faults:
        faults += _sample_faults(content)
    faults += _keyword_faults(content)
    faults += _purpose_faults(content)
    faults += _period_faults(content)
    faults += upstream_faults(content.get("upstream"))
    faults += _file_faults(content)
    return faults[:FAULTS_MAX]


def missing_parts(content: Content, plans: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Everything that a submission still needs."""
    faults = [
        Fault(f"#/{name}", "Needed before a review.") for name in NEEDED if not content.get(name)
    ]
    if content.get("delivery_mode") in CALLED and not content.get("upstream"):
        faults.append(Fault("#/upstream", "Calls are answered by an upstream."))
    if not plans:
        faults.append(Fault("#/offers", "At least one plan is needed."))
    return faults + counting_faults(content, plans)


COUNTED = {"row": "rows", "unit": "units"}
"""Units of plans that only the listing's rule can count -> the member that says how."""


def counting_faults(content: Content, plans: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """Plans by rows or units of answers in which nothing says where they are."""
    rule = content.get("outcome_rule", {})
    wanted = {plan["unit"] for plan in plans} & COUNTED.keys()
    return [
        Fault(f"#/outcome_rule/{COUNTED[unit]}", f"A plan is by the {unit}; say how to count them.")
        for unit in sorted(wanted)
        if COUNTED[unit] not in rule
    ]


def _sample_faults(content: Content) -> list[Fault]:
    rows = content.get("sample", ())
    if len(rows) > SAMPLE_ROWS_MAX:
        return [Fault("#/sample", f"At most {SAMPLE_ROWS_MAX} rows.")]
    declared = {field["name"]: field for field in content.get("fields_out", ())}
    faults: list[Fault] = []
    for at, row in enumerate(rows):
        faults += _row_faults(declared, row, f"#/sample/{at}")
        if len(faults) >= FAULTS_MAX:
            return faults
    if not faults and len(canonical_bytes(list(rows))) > SAMPLE_BYTES_MAX:
        return [Fault("#/sample", f"At most {SAMPLE_BYTES_MAX // 1024} KiB.")]
    return faults


def _row_faults(
    declared: Mapping[str, Mapping[str, Any]], row: Mapping[str, object], pointer: str
) -> list[Fault]:
    if set(row) - set(declared):
        return [Fault(pointer, "The row has a field that fields_out does not declare.")]
    faults = []
    for name, field in declared.items():
        value = row.get(name)
        fault = _presence_fault(field) if value is None else value_fault(field, value)
        if fault:
            faults.append(Fault(f"{pointer}/{name}", fault))
    return faults


def _presence_fault(field: Mapping[str, Any]) -> str | None:
    return None if field.get("nullable") else "The field is not nullable."


def _file_faults(content: Content) -> list[Fault]:
    counted = Counter(file["name"] for file in content.get("files", ()))
    return [
        Fault("#/files", f"The file {name} stands twice.")
        for name, count in counted.items()
        if count > 1
    ]


def _keyword_faults(content: Content) -> list[Fault]:
    keywords = content.get("keywords", ())
    faults = []
    if sum(map(len, keywords)) > KEYWORDS_LENGTH_MAX:
        faults.append(
            Fault("#/keywords", f"At most {KEYWORDS_LENGTH_MAX} characters over all keywords.")
        )
    if any(count > 1 for count in Counter(keywords).values()):
        faults.append(Fault("#/keywords", "A keyword stands twice."))
    return faults


def _purpose_faults(content: Content) -> list[Fault]:
    both = set(content.get("allowed_purposes", ())) & set(content.get("forbidden_purposes", ()))
    if both:
        return [Fault("#/forbidden_purposes", f"Allowed as well: {', '.join(sorted(both))}.")]
    return []


def _period_faults(content: Content) -> list[Fault]:
    periods = [
        (f"#/rights/{at}/to", right.get("from"), right.get("to"))
        for at, right in enumerate(content.get("rights", ()))
    ]
    periods += [
        (f"#/evidence/{at}/valid_to", proof.get("valid_from"), proof.get("valid_to"))
        for at, proof in enumerate(content.get("evidence", ()))
    ]
    periods += [
        (f"#/authorisation_chain/{at}/to", link.get("from"), link.get("to"))
        for at, link in enumerate(content.get("authorisation_chain", ()))
    ]
    covered = content.get("period") or {}
    periods.append(("#/period/to", covered.get("from"), covered.get("to")))
    # ISO 8601 dates of one length compare as text.
    return [
        Fault(pointer, "The end is before the start.")
        for pointer, start, end in periods
        if start and end and end < start
    ]


_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", re.ASCII)
"""A field name of HTTP (RFC 9110 section 5.1)."""
_RESERVED_HEADERS = frozenset(
    {"connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"}
)


def upstream_faults(upstream: Mapping[str, Any] | None) -> list[Fault]:
    """What is wrong with an upstream's address and credential header.

    Whether the address may be called is decided at review and again at connect time, by resolved
    address; here only its form.
    """
    if upstream is None:
        return []
    faults = []
    if not _is_address(upstream["url"]):
        faults.append(
            Fault("#/upstream/url", "An http or https address without user part and fragment.")
        )
    header = upstream.get("credential_header")
    if header is not None and (
        not _HEADER.fullmatch(header) or header.lower() in _RESERVED_HEADERS
    ):
        faults.append(Fault("#/upstream/credential_header", "Not a header name for a credential."))
    return faults


def _is_address(url: str) -> bool:
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and parts.username is None
        and parts.password is None
        and not parts.fragment
        and port != 0
    )
