"""The command that enters other exchanges' listings as drafts, and reports what became of them."""

import csv
import json
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from app.accounts.models import Organisation
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.parts import Parts
from compliance.rules import rule_set
from compliance.rules.evaluation import evaluate_dossier
from compliance.scanner.dossiers import scan_facts
from compliance.services.evaluations.circumstances import prospective_circumstances
from listings.imports import tables
from listings.imports.errors import ImportUnreadable
from listings.imports.report import (
    RuleRun,
    file_report,
    prospective_dossier,
    render_report,
    whole_report,
)
from listings.imports.tables import ImportedDraft, RejectedRow
from listings.services import import_drafts

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def import_command(parts: Parts) -> click.Command:
    """Enter the rows of tables as drafts."""

    @click.command("import-listings")
    @click.argument("paths", type=FILE, nargs=-1, required=True)
    @click.option("--organisation", required=True, help="Id of the supplier who gets the drafts.")
    @click.option("--dry-run", is_flag=True, help="Enter nothing; only report.")
    @click.option("--report", type=click.Path(path_type=Path), help="Write the whole report here.")
    @click.option("--rejects", type=click.Path(path_type=Path), help="Write refused rows here.")
    def import_listings(
        paths: tuple[Path, ...],
        organisation: str,
        *,
        dry_run: bool,
        report: Path | None,
        rejects: Path | None,
    ) -> None:
        """Read CSVs of listings: every row becomes a draft or a named reason why not.

        All files are entered, or none. What the rules of the review would say of each draft, and
        what it still misses, is reported without opening a review.
        """
        started = time.perf_counter()
        _demand_supplier(parts, organisation)
        read = [(path.name, *_read_rows(path)) for path in paths]
        made = _report(read, _circumstances(parts, organisation), organisation)
        made["seconds"] = f"{time.perf_counter() - started:.1f}"
        made["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        if report:
            report.write_text(json.dumps(made, ensure_ascii=False, indent=1), encoding="utf-8")
        if rejects:
            _write_rejects(rejects, [(name, row) for name, _, rows in read for row in rows])
        # Last: whatever fails before has entered nothing, and may be repeated.
        if not dry_run:
            _enter(parts, organisation, [draft for _, drafts, _ in read for draft in drafts])
        click.echo(render_report(made))
        click.echo(f"{made['seconds']} s, at most {made['peak_memory_mib']} MiB")

    return import_listings


def _demand_supplier(parts: Parts, organisation: str) -> None:
    with parts.units.begin(Reach.EXCHANGE) as uow:
        found = uow.session.get(Organisation, organisation)
    if found is None or not found.is_supplier:
        message = f"No supplier has the id {organisation}."
        raise click.ClickException(message)


def _read_rows(path: Path) -> tuple[list[ImportedDraft], list[RejectedRow]]:
    try:
        return tables.read_listing_rows(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        message = f"{path.name}: byte {error.start + 1} is not UTF-8."
        raise click.ClickException(message) from None
    except ImportUnreadable as refusal:
        message = f"{path.name}: {refusal.detail}"
        raise click.ClickException(message) from None


def _enter(parts: Parts, organisation: str, drafts: Sequence[ImportedDraft]) -> None:
    principal = Principal("cli", organisation, frozenset({Role.SUPPLIER}))
    with parts.units.begin(Reach.organisation(organisation)) as uow:
        import_drafts(uow, principal, drafts)
        uow.commit()


def _circumstances(parts: Parts, organisation: str) -> dict[str, Any]:
    with parts.units.begin(Reach.EXCHANGE) as uow:
        return prospective_circumstances(uow, organisation)


def _report(
    read: Sequence[tuple[str, list[ImportedDraft], list[RejectedRow]]],
    circumstances: dict[str, Any],
    organisation: str,
) -> dict[str, Any]:
    rules = rule_set.current()
    files = [
        file_report(
            name,
            drafts,
            rejected,
            [_run(rules, draft, circumstances, organisation) for draft in drafts],
            supplier_id=organisation,
        )
        for name, drafts, rejected in read
    ]
    return {**whole_report(files, rule_set_hash=rules.hash), "at": circumstances["at"]}


def _run(
    rules: rule_set.RuleSet, draft: ImportedDraft, circumstances: dict[str, Any], organisation: str
) -> RuleRun:
    dossier = prospective_dossier(draft, supplier_id=organisation)
    known = {**circumstances, "scan": scan_facts(dossier)}
    evaluation = evaluate_dossier(rules, dossier, known)
    return RuleRun(
        {each.rule_id: each.outcome.value for each in evaluation.outcomes},
        [each.rule_id for each in evaluation.outcomes if each.blocks],
    )


def _write_rejects(path: Path, refused: Sequence[tuple[str, RejectedRow]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["source", "row_number", "field", "reason"])
        writer.writerows((name, row.row_number, row.field, row.reason) for name, row in refused)
