"""One report of an import: for each file its rows, what became of them, and what a review needs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.canonical import digest_hex
from listings.imports.tables import ImportedDraft, RejectedRow
from listings.offers.plan_terms import plan_hash, plan_terms
from listings.versions.content_rules import missing_parts
from listings.versions.dossier import build_dossier
from listings.versions.record_rules import record_faults

FORMAT = "counterfoil-import-report/1"
SHOWN_MAX = 15


@dataclass(frozen=True)
class RuleRun:
    """What the rules said of one draft: rule id -> outcome, and which of them block."""

    outcomes: Mapping[str, str]
    blocking: Sequence[str]


def prospective_dossier(draft: ImportedDraft, *, supplier_id: str) -> dict[str, Any]:
    """The dossier that the draft would be handed in as today, without entering it anywhere."""
    name = f"{supplier_id}:{draft.row_number}"
    identity = {
        "product_id": name,
        "version_id": name,
        "version_number": 1,
        "supplier_id": supplier_id,
        "listing_code": None,
    }
    plans = [
        {"plan_id": "", "offer_id": "", "plan_hash": plan_hash(terms), "terms": terms}
        for terms in _terms(draft)
    ]
    offers = [{"offer_id": "", "name": offer["name"]} for offer in draft.offers]
    return build_dossier(identity=identity, content=draft.content, offers=offers, plans=plans)


def file_report(
    source: str,
    drafts: Sequence[ImportedDraft],
    rejected: Sequence[RejectedRow],
    runs: Sequence[RuleRun],
    *,
    supplier_id: str,
) -> dict[str, Any]:
    """What became of one file; ``runs`` are those of the drafts, in their order."""
    shown = [
        _draft_report(draft, run, supplier_id) for draft, run in zip(drafts, runs, strict=True)
    ]
    return {
        "source": source,
        "row_count": len(drafts) + len(rejected),
        "draft_count": len(drafts),
        "rejected_count": len(rejected),
        "rejected_rows": [
            {"row": each.row_number, "field": each.field, "reason": each.reason}
            for each in rejected
        ],
        "missing": _counted(pointer for each in shown for pointer in each["missing"]),
        "contradictions": _counted(pointer for each in shown for pointer in each["contradictions"]),
        "rule_outcomes": _rule_counts(runs),
        "blocked_draft_count": sum(bool(run.blocking) for run in runs),
        "drafts": shown,
    }


def whole_report(files: Sequence[Mapping[str, Any]], *, rule_set_hash: str) -> dict[str, Any]:
    """The reports of all files under one head with their sums."""
    sums = ("row_count", "draft_count", "rejected_count", "blocked_draft_count")
    rules = {rule for each in files for rule in each["rule_outcomes"]}
    return {
        "format": FORMAT,
        "rule_set_hash": rule_set_hash,
        **{name: sum(each[name] for each in files) for name in sums},
        "missing": _summed(each["missing"] for each in files),
        "contradictions": _summed(each["contradictions"] for each in files),
        "rule_outcomes": {
            rule: _summed(each["rule_outcomes"].get(rule, {}) for each in files)
            for rule in sorted(rules)
        },
        "files": list(files),
    }


def render_report(report: Mapping[str, Any]) -> str:
    """The report as text: a head, then each file with its reasons, gaps and rules."""
    lines = [_head(report), ""]
    for each in report["files"]:
        lines += [f"{each['source']}: {_head(each)}"]
        reasons = _counted(f"{row['field']}: {row['reason']}" for row in each["rejected_rows"])
        lines += _table("refused because", reasons)
        lines += _table("missing before a review", each["missing"])
        lines += _table("contradicting themselves", each["contradictions"])
        lines += [""]
    lines += ["rules over all drafts"]
    lines += [
        f"  {rule:<12} " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        for rule, counts in report["rule_outcomes"].items()
    ]
    return "\n".join(lines)


def _head(counts: Mapping[str, Any]) -> str:
    return (
        f"{counts['row_count']} rows, {counts['draft_count']} drafts,"
        f" {counts['rejected_count']} refused; a rule blocks {counts['blocked_draft_count']} drafts"
    )


def _table(title: str, counts: Mapping[str, int]) -> list[str]:
    rows = [f"    {count:>6}  {name}" for name, count in list(counts.items())[:SHOWN_MAX]]
    left = len(counts) - SHOWN_MAX
    more = [f"            and {left} more, in the JSON report"] if left > 0 else []
    return [f"  {title}", *rows, *more] if rows else []


def _draft_report(draft: ImportedDraft, run: RuleRun, supplier_id: str) -> dict[str, Any]:
    missing = missing_parts(draft.content, _terms(draft))
    faults = record_faults(draft.content, supplier_id=supplier_id)
    return {
        "row": draft.row_number,
        "name": draft.name,
        "content_hash": digest_hex(dict(draft.content)),
        "missing": sorted({fault.pointer for fault in missing}),
        "contradictions": sorted({fault.pointer for fault in faults}),
        "rule_outcomes": dict(run.outcomes),
        "blocked_by": list(run.blocking),
    }


def _terms(draft: ImportedDraft) -> list[dict[str, Any]]:
    return [plan_terms(plan) for offer in draft.offers for plan in offer["plans"]]


def _rule_counts(runs: Sequence[RuleRun]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for run in runs:
        for rule, outcome in run.outcomes.items():
            counts.setdefault(rule, Counter())[outcome] += 1
    return {rule: dict(sorted(found.items())) for rule, found in sorted(counts.items())}


def _counted(names: Iterable[str]) -> dict[str, int]:
    return _ordered(Counter(names))


def _summed(tables: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for table in tables:
        total.update(table)
    return _ordered(total)


def _ordered(counts: Mapping[str, int]) -> dict[str, int]:
    """The most frequent first, and by name among equals."""
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
