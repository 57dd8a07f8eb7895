"""Where a log is read from: its address, a folder, or the zip file of an export."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from counterfoil_verify.container import Container
from counterfoil_verify.errors import NotChecked, Rejected
from counterfoil_verify.keys import KEYS_BYTES_MAX
from counterfoil_verify.log.tiles import Source
from counterfoil_verify.notes import NOTE_BYTES_MAX
from counterfoil_verify.transport import OK, Answer, Site

STEP = "source"
ADDRESSES = ("http://", "https://")
CHECKPOINT = "checkpoint"
PAUSES_MAX = 30
_BUSY = frozenset({429, 503})
_NOT_THERE = frozenset({404, 410})
_CLOSED = frozenset({401, 403})
KEYS = "keys"
SHARDS = "shards"
"""The folder of an export that holds the earlier shards."""
_ALIASES: Mapping[str, str] = {
    "checkpoint": "checkpoint.txt", "keys": "keys.json", "tile/entries/": "entries/",
}  # fmt: skip


def _spellings(name: str) -> Iterator[str]:
    """The log's path and the shorter one that an export may use."""
    yield name
    for prefix, alias in _ALIASES.items():
        if name.startswith(prefix):
            yield alias + name.removeprefix(prefix)


class FolderSource:
    """A log's files in a folder."""

    is_remote = False

    def __init__(self, folder: Path, top: Path | None = None) -> None:
        """``top`` is what no link of the folder may lead out of; the folder unless given."""
        self._folder = folder
        self._top = (folder if top is None else top).resolve()

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """The file, or None where there is none; NotChecked where it is something else.

        Who made the folder may have put links, pipes and devices into it.
        """
        for spelling in _spellings(name):
            path = self._folder / spelling
            try:
                is_inside = path.resolve().is_relative_to(self._top)
            except (OSError, RuntimeError) as error:  # Python 3.11 tells of a loop of links so
                raise NotChecked(STEP, f"{spelling}: {error}") from error
            if not is_inside:
                raise NotChecked(STEP, f"{spelling} leads out of {self._top}")
            if path.exists() and not (path.is_file() or path.is_dir()):
                raise NotChecked(STEP, f"{spelling} is not a plain file")
            data = find_file(path, bytes_max)
            if data is not None:
                return data
        return None

    def shard(self, name: str) -> "FolderSource":
        """The folder of another shard: inside this one, as in an export."""
        return FolderSource(self._folder / SHARDS / name, self._top)

    def close(self) -> None:
        """Nothing stays open between files."""


class ContainerSource:
    """A log's files in an evidence bundle."""

    is_remote = False

    def __init__(self, container: Container, folder: str = "") -> None:
        self._container = container
        self._folder = folder

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """The file, or None where there is none."""
        for spelling in _spellings(name):
            path = self._folder + spelling
            if path in self._container:
                return self._container.read(path, bytes_max)
        return None

    def shard(self, name: str) -> "ContainerSource":
        """Another shard's files, in a folder of their own."""
        return ContainerSource(self._container, f"{SHARDS}/{name}/")

    @property
    def has_tiles(self) -> bool:
        """Whether hash tiles are here besides the entries."""
        entries = set(self._container.below(f"{self._folder}tile/entries/"))
        return bool(set(self._container.below(f"{self._folder}tile/")) - entries)

    def close(self) -> None:
        """The container belongs to whoever opened it."""


class SiteSource:
    """A log's files at its address, the entries with an auditor's token."""

    is_remote = True

    def __init__(
        self, site: Site, token: str = "", *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._site = site
        self._pause = pause
        self._shards: list[SiteSource] = []
        self._headers = {"Accept-Encoding": "gzip, identity"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """The file, or None where the server has none; NotChecked for any other refusal."""
        answer = self._get(name, bytes_max)
        if answer.status in _NOT_THERE:
            return None
        if answer.status != OK:
            hint = ": give --token-file" if answer.status in _CLOSED else ""
            raise NotChecked(STEP, f"the server answers {answer.status} for {name}{hint}")
        return answer.body

    def shard(self, name: str) -> "SiteSource":
        """Another shard of the log, in the folder of its year."""
        source = SiteSource(self._site.beside(name), pause=self._pause)
        source._headers = self._headers
        self._shards.append(source)
        return source

    def close(self) -> None:
        """Close the connections to the server."""
        for shard in self._shards:
            shard.close()
        self._site.close()

    def _get(self, name: str, bytes_max: int) -> Answer:
        """The answer, after as many pauses as the server asks for, within reason."""
        answer = self._site.get(name, self._headers, bytes_max=bytes_max)
        for _ in range(PAUSES_MAX):
            if answer.status not in _BUSY:
                break
            self._pause(answer.retry_after_seconds)
            answer = self._site.get(name, self._headers, bytes_max=bytes_max)
        return answer


def find_file(path: Path, bytes_max: int) -> bytes | None:
    """A file's bytes, or None where there is no file; Rejected when it is too long."""
    try:
        with path.open("rb") as file:
            data = file.read(bytes_max + 1)
    except (FileNotFoundError, IsADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise NotChecked(STEP, f"{path}: {error}") from error
    if len(data) > bytes_max:
        raise Rejected(STEP, f"{path.name} is longer than {bytes_max} bytes")
    return data


def read_file(path: Path, bytes_max: int) -> bytes:
    """A file's bytes; NotChecked when it cannot be read."""
    data = find_file(path, bytes_max)
    if data is None:
        raise NotChecked(STEP, f"{path} is not a file")
    return data


def read_place(place: str, bytes_max: int) -> bytes:
    """The bytes of a file or of an address; NotChecked when there are none."""
    if not place.startswith(ADDRESSES):
        return read_file(Path(place), bytes_max)
    folder, _, name = place.rpartition("/")
    with closing(SiteSource(Site(folder))) as source:
        data = source.read(name, bytes_max)
    if data is None:
        raise NotChecked(STEP, f"nothing at {place}")
    return data


def read_keys(source: Source) -> bytes:
    """The keys that a log serves or carries beside itself."""
    data = source.read(KEYS, KEYS_BYTES_MAX)
    if data is None:
        raise NotChecked(KEYS, "no trusted keys: give --keys or --key")
    return data


def _open_site(address: str, token: str) -> SiteSource:
    """The log at the address, or at its usual place below an exchange's address."""
    source = SiteSource(Site(address), token)
    if source.read(CHECKPOINT, NOTE_BYTES_MAX) is not None:
        return source
    source.close()
    return SiteSource(Site(f"{address.rstrip('/')}/log"), token)


def open_source(place: str, token: str = "") -> Source:
    """The source for an address, a folder or a zip file."""
    if place.startswith(ADDRESSES):
        return _open_site(place, token)
    path = Path(place)
    if path.is_dir():
        return FolderSource(path)
    if path.is_file():
        return ContainerSource(Container.open(path))
    raise NotChecked(STEP, f"{place} is neither an address, a folder nor a file")
