"""What happens to samples and reports; hashes, counts and ratios, never a row."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class QualitySampleCommitted(Event):
    """A supplier bound itself to the rows of a file before anybody knew which are looked at."""

    sample_id: str
    version_id: str
    rows_root: str
    row_total: int
    declaration_hash: str
    attempt: int


@dataclass(frozen=True, kw_only=True)
class QualityReported(Event):
    """The drawn rows were measured and forgotten."""

    report_id: str
    sample_id: str
    version_id: str
    rows_root: str
    sampled_count: int
    drawn_root_hash: str
    grade: str
    values: dict[str, str]
    policy: str
    scanner_version: int
    report_hash: str


@dataclass(frozen=True, kw_only=True)
class QualitySampleLapsed(Event):
    """The drawn rows were not revealed in time."""

    sample_id: str
    version_id: str
    attempt: int


@dataclass(frozen=True, kw_only=True)
class ValuesShifted(Event):
    """Coded fields of a listing are distributed otherwise than in its report before."""

    report_id: str
    former_id: str
    listing_code: str
    supplier_id: str
    fields: tuple[str, ...]
