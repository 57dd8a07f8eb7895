"""The files of a listing's version, which of them a call is for, and the manifest of those."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.core.errors import InvalidFields

LISTED = ","
"""Between several names, or several parts, in one parameter."""


class PackageFile(NamedTuple):
    """A file as its version declares it."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str
    part: str | None
    rows_count: int | None


def read_files(declared: Iterable[Mapping[str, Any]]) -> tuple[PackageFile, ...]:
    """The files of a delivery definition; raises KeyError and ValueError."""
    return tuple(
        PackageFile(
            name=str(each["name"]),
            media_type=str(each.get("media_type") or "application/octet-stream"),
            size_bytes=int(each["size_bytes"]),
            sha256=str(each["sha256"]),
            part=each.get("part"),
            rows_count=each.get("rows_count"),
        )
        for each in declared
    )


def choose(files: Sequence[PackageFile], parameters: Mapping[str, Any]) -> list[PackageFile]:
    """The files of the named parts and those named themselves; all where nothing is named.

    Raises `InvalidFields` for a part or name that no file has.
    """
    wanted = {name: _listed(parameters.get(name)) for name in ("part", "name")}
    parts = {each.part for each in files if each.part is not None}
    known = {"part": parts, "name": {each.name for each in files}}
    faults = [
        {"pointer": f"#/{name}", "detail": f"The package has no {name} {value[:128]}."}
        for name, values in wanted.items()
        for value in sorted(values - known[name])
    ]
    if faults:
        raise InvalidFields(faults)
    if not wanted["part"] and not wanted["name"]:
        return list(files)
    return [each for each in files if each.part in wanted["part"] or each.name in wanted["name"]]


def _listed(value: str | None) -> set[str]:
    return set() if value is None else set(value.split(LISTED))


def manifest_entry(file: PackageFile, address: str) -> dict[str, Any]:
    """What the manifest says of a file; what its version leaves out is left out."""
    entry = {**file._asdict(), "address": address}
    return {name: value for name, value in entry.items() if value is not None}
