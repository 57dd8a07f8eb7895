"""The command that writes a regulator's export into a folder, portion by portion."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app.accounts.models import Organisation, Person
from app.auditing.evidence import seal_documents
from app.auditing.exporting import SIZES, Portion, Sizes, export_whole
from app.auditing.rules import Scope
from app.commands.days import DAY
from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.durable_files import sync_folder, write_synced
from app.core.principals import Role
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.parts import Parts
from app.wiring.log import log_keys
from ledger.log.anchors.queries import StoredAnchors
from ledger.log.events import AuditorRead

FORMAT = "counterfoil-export/1"
MANIFEST = "manifest.zip"


def export_command(parts: Parts, *, sizes: Sizes = SIZES) -> click.Command:
    """Write every record of an organisation in a period."""

    @click.command("export-organisation")
    @click.argument("organisation_id")
    @click.argument("folder", type=click.Path(path_type=Path))
    @click.option("--from", "from_at", type=DAY, required=True, help="First day, in Shanghai.")
    @click.option("--until", "until_at", type=DAY, required=True, help="Day behind the last.")
    @click.option("--auditor", required=True, help="Id of the auditor who takes the export.")
    def export_organisation(
        organisation_id: str, folder: Path, *, from_at: datetime, until_at: datetime, auditor: str
    ) -> None:
        """Write all records of ORGANISATION_ID into FOLDER, which must not exist yet.

        The log notes the auditor's reading first. All portions are of one instant. FOLDER is there
        when it is whole, and not before.
        """
        if folder.exists():
            message = f"{folder} exists already."
            raise click.ClickException(message)
        if from_at >= until_at:
            message = "The period ends before it begins."
            raise click.ClickException(message)
        _note_reading(parts, organisation_id, auditor)
        scope = Scope(parts.clock.now(), from_at, until_at, organisation_id=organisation_id)
        written = _write_export(parts, folder, scope, sizes)
        click.echo(
            f"{len(written.portions)} portions, {written.records.total()} records,"
            f" {written.entry_count} entries of the log"
        )

    return export_organisation


@dataclass
class Written:
    """What stands in the folder so far: each portion's hash and length, and the sums."""

    portions: list[dict[str, Any]] = field(default_factory=list)
    records: Counter[str] = field(default_factory=Counter)
    entry_count: int = 0

    def add(self, name: str, portion: Portion) -> None:
        """Count a portion that was written."""
        length = len(portion.bundle.data)
        self.portions.append({"file": name, "sha256": portion.bundle.hash, "bytes": length})
        self.records.update(portion.records)
        self.entry_count += portion.entry_count

    @property
    def checksums(self) -> bytes:
        """The hashes as ``sha256sum --check`` reads them."""
        return "".join(f"{each['sha256']}  {each['file']}\n" for each in self.portions).encode()


def _note_reading(parts: Parts, organisation_id: str, auditor: str) -> None:
    with parts.units.begin(Reach.EXCHANGE) as uow:
        if uow.session.get(Organisation, organisation_id) is None:
            message = f"No organisation has the id {organisation_id}."
            raise click.ClickException(message)
        person = uow.session.get(Person, auditor)
        if person is None or not person.is_active or Role.AUDITOR not in person.roles:
            message = f"No active auditor has the id {auditor}."
            raise click.ClickException(message)
        read = AuditorRead(
            occurred_at=uow.now,
            principal_id=auditor,
            subject="audit-exports",
            opened_id=organisation_id,
        )
        uow.record(read)
        uow.commit()


def _write_export(parts: Parts, folder: Path, scope: Scope, sizes: Sizes) -> Written:
    """Write the portions of one instant and, last, the sealed manifest that names them."""
    engine = parts.engine.execution_options(isolation_level="REPEATABLE READ")
    units = UnitOfWorkFactory(engine, parts.clock, parts.ids)
    keys, anchors = log_keys(parts), StoredAnchors()
    with _made_whole(folder) as aside, units.begin(Reach.EXCHANGE) as uow:
        portions = export_whole(uow, scope, keys=keys, anchors=anchors, sizes=sizes)
        written = _write_portions(aside, portions)
        facts = {
            "format": FORMAT,
            "filters": scope.given,
            "exported_at": iso_instant(scope.now),
            "portions": written.portions,
            "records": written.records,
            "entry_count": written.entry_count,
        }
        documents = {"export.json": canonical_bytes(facts), "SHA256SUMS": written.checksums}
        manifest = seal_documents(uow, documents, [], keys=keys, anchors=anchors)
        write_synced(aside / MANIFEST, manifest.data)
    return written


@contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """A folder aside, which gets its name when the block ends and is gone when the block fails."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield aside
        sync_folder(aside)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside)
        raise
    sync_folder(folder.parent)


def _write_portions(folder: Path, portions: Iterable[Portion]) -> Written:
    written = Written()
    for portion in portions:
        name = f"portion-{portion.start.number:05}.zip"
        write_synced(folder / name, portion.bundle.data)
        written.add(name, portion)
    return written
