"""Files of a package on their way to a buyer: each request decided anew, bounded, checked.

A download is no call: it is free, and belongs to the call whose manifest named its address. What
the supplier's system serves is held against the length and the hash that the version declares.
"""

import hashlib
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

import psycopg

from app.core.clock import Clock
from app.core.errors import CounterfoilError
from metering.calls.decisions import CallFacts, Refused, decide
from metering.calls.replies import Header, Reply, StreamCut
from metering.calls.requests import NoSuchAddress, UnknownMethod
from metering.delivery.bulkheads import Bulkheads
from metering.delivery.errors import DeliveryFailed, FailureKind, FileNotServed
from metering.errors import CallKeyUnknown
from metering.packages.addresses import PREFIX, TOKEN_CHARACTERS_MAX, Addressee, FileAddresses
from metering.packages.errors import DownloadsBusy, FileAddressUnknown
from metering.packages.files import PackageFile
from metering.packages.ranges import ByteRange, etag_of, read_range
from metering.ports import FileReader, SupplierFiles, UpstreamFailed
from metering.views import KeyView
from metering.waiting import Waiting

DOWNLOADS_MAX = 32
"""At once in a process, and never more than half of its places; suppliers share them."""
LICENCE_DOWNLOADS_MAX = 4
DOWNLOAD_SECONDS_MAX = 3_600.0
"""Longer than this no request lasts: the next one resumes."""
RECHECK_SECONDS = 5.0
"""How often one that goes on is decided again."""
_PATH = re.compile(
    rf"{PREFIX}([A-Za-z0-9-]{{1,64}})/([A-Za-z0-9_-]{{1,{TOKEN_CHARACTERS_MAX}}})/([!-~]{{1,128}})",
    re.ASCII,
)


class Asked(NamedTuple):
    """A request for a file, permitted."""

    key: KeyView
    facts: CallFacts
    """With the purpose of the call whose manifest named the address."""
    file: PackageFile
    wanted: ByteRange

    @property
    def is_whole(self) -> bool:
        """Whether every byte is asked for, so that the hash can be told."""
        return self.wanted.length == self.file.size_bytes


def read_path(environment: Mapping[str, Any]) -> tuple[str, str, str]:
    """Listing code, token and file name; raises `NoSuchAddress` and `UnknownMethod`."""
    match = _PATH.fullmatch(environment.get("PATH_INFO", ""))
    if match is None:
        raise NoSuchAddress
    if environment["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        raise UnknownMethod
    return match.group(1), match.group(2), match.group(3)


class Downloads:
    """``/files/…`` of one process."""

    def __init__(
        self,
        *,
        clock: Clock,
        addresses: FileAddresses,
        files: SupplierFiles,
        look: Callable[[str], KeyView | None],
        failed: Callable[[KeyView, DeliveryFailed], None],
        waiting: Waiting,
        places: int = DOWNLOADS_MAX,
    ) -> None:
        """``look`` finds a key as it stands now, ``failed`` counts a failure for its supplier."""
        self._clock = clock
        self._addresses = addresses
        self._files = files
        self._look = look
        self._failed = failed
        self._waiting = waiting
        self._bulkheads = Bulkheads(places, waiting)
        self._licences: Counter[str] = Counter()
        self._lock = threading.Lock()

    def permit(self, environment: Mapping[str, Any], key: KeyView) -> Asked:
        """What is asked for, if it may be had.

        Raises `CallRefused`, `FileAddressUnknown`, `FileAddressLapsed`, `RangeNotSatisfiable`.
        """
        code, token, name = read_path(environment)
        facts = CallFacts(self._clock.now(), code, environment.get("REMOTE_ADDR", ""))
        _demand(key, facts)
        licence = key.licence
        file = next((each for each in licence.route.files or () if each.name == name), None)
        if file is None:
            raise FileAddressUnknown
        to = Addressee(licence.licence_id, code, licence.version_id)
        facts = facts._replace(purpose=self._addresses.check(to, token, file, facts.at))
        _demand(key, facts)
        wanted = read_range(
            file.size_bytes,
            file.sha256,
            asked=environment.get("HTTP_RANGE"),
            if_range=environment.get("HTTP_IF_RANGE"),
        )
        return Asked(key, facts, file, wanted)

    async def open(self, asked: Asked) -> Reply:
        """The file's first piece is there when this answers; raises what a download may meet."""
        status = HTTPStatus.PARTIAL_CONTENT if asked.wanted.is_partial else HTTPStatus.OK
        upstream = asked.key.licence.route.upstream
        await self._waiting.aside(partial(self._demand_still, asked))
        leave = self._enter_licence(asked.key.licence.licence_id)
        try:
            await self._bulkheads.enter(upstream)
        except BaseException:
            leave()
            raise

        def ended() -> None:
            leave()
            self._bulkheads.leave(upstream)

        stream = FileStream(
            asked,
            waiting=self._waiting,
            recheck=partial(self._recheck, asked),
            failed=self._failed,
            ended=ended,
        )
        try:
            await stream.begin(self._files)
        except BaseException:
            stream.close()
            raise
        length = asked.wanted.length
        return Reply(status, file_headers(asked), b"", stream=stream, length=length)

    def _enter_licence(self, licence_id: str) -> Callable[[], None]:
        with self._lock:
            if self._licences[licence_id] >= LICENCE_DOWNLOADS_MAX:
                raise DownloadsBusy(LICENCE_DOWNLOADS_MAX)
            self._licences[licence_id] += 1
        return partial(self._leave_licence, licence_id)

    def _leave_licence(self, licence_id: str) -> None:
        with self._lock:
            self._licences[licence_id] -= 1
            if not self._licences[licence_id]:
                del self._licences[licence_id]

    def _recheck(self, asked: Asked) -> None:
        """Raises `StreamCut` where the licence does not permit any more what goes on."""
        try:
            self._demand_still(asked)
        except (CounterfoilError, psycopg.Error) as error:
            raise StreamCut from error  # who cannot be asked permits nothing

    def _demand_still(self, asked: Asked) -> None:
        """Decide by what stands now: no commit will look again, as it does for calls."""
        key = self._look(asked.key.secret_hash)
        if key is None or key.is_ended(self._clock.now()):
            raise CallKeyUnknown
        _demand(key, asked.facts._replace(at=self._clock.now()))


def _demand(key: KeyView, facts: CallFacts) -> None:
    decision = decide(key, facts)
    if isinstance(decision, Refused):
        raise decision.as_error()


def file_headers(asked: Asked) -> list[Header]:
    """Of the file, or of the range of it; its length is the reply's."""
    file, wanted = asked.file, asked.wanted
    headers = [
        ("Content-Type", file.media_type),
        ("ETag", etag_of(file.sha256)),
        ("Accept-Ranges", "bytes"),
        ("Content-Disposition", f'attachment; filename="{file.name}"'),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if wanted.is_partial:
        headers.append(("Content-Range", f"bytes {wanted.first}-{wanted.last}/{file.size_bytes}"))
    return headers


class FileStream:
    """One download: a piece in memory, the next one read when that is sent."""

    def __init__(
        self,
        asked: Asked,
        *,
        waiting: Waiting,
        recheck: Callable[[], None],
        failed: Callable[[KeyView, DeliveryFailed], None],
        ended: Callable[[], None],
    ) -> None:
        self._asked = asked
        self._waiting = waiting
        self._recheck = recheck
        self._failed = failed
        self._ended = ended
        self._reader: FileReader | None = None
        self._first = b""
        self._left = asked.wanted.length
        self._hash = hashlib.sha256()
        self._until = time.monotonic() + DOWNLOAD_SECONDS_MAX
        self._recheck_at = time.monotonic() + RECHECK_SECONDS
        self._is_closed = False
        self._lock = threading.Lock()

    async def begin(self, files: SupplierFiles) -> None:
        """Open the file and read its first piece; raises `FileNotServed`."""
        self._first = await self._waiting.at_length(lambda: self._open(files))

    def _open(self, files: SupplierFiles) -> bytes:
        file, wanted = self._asked.file, self._asked.wanted
        try:
            self._reader = files.open(
                self._asked.key.licence.route.target,
                name=file.name,
                size_bytes=file.size_bytes,
                first=wanted.first,
                last=wanted.last,
            )
        except UpstreamFailed as failed:
            raise FileNotServed(FailureKind(failed.reason), str(failed)) from None
        return self._read(self._reader)

    def _read(self, reader: FileReader) -> bytes:
        """The next piece; the last one of a whole file only if the file is what was declared."""
        try:
            piece = reader.read()
        except UpstreamFailed as failed:
            raise FileNotServed(FailureKind(failed.reason), str(failed)) from None
        self._left -= len(piece)
        if self._asked.is_whole:
            self._hash.update(piece)
            if not self._left and self._hash.hexdigest() != self._asked.file.sha256:
                raise FileNotServed(FailureKind.HASH_DIFFERS, self._asked.file.name)
        return piece

    async def piece(self) -> bytes:
        """The next piece, nothing at the end; raises `StreamCut`."""
        if self._first:
            piece, self._first = self._first, b""
            return piece
        if not self._left:
            return b""
        return await self._waiting.at_length(self._next)

    def _next(self) -> bytes:
        now = time.monotonic()
        if now >= self._until or self._is_closed or self._reader is None:
            raise StreamCut
        if now >= self._recheck_at:
            self._recheck()
            self._recheck_at = time.monotonic() + RECHECK_SECONDS
        try:
            return self._read(self._reader)
        except FileNotServed as failed:
            self._failed(self._asked.key, failed)
            raise StreamCut from failed

    def close(self) -> None:
        """Close the supplier's connection and give the places back, once."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        if self._reader is not None:
            self._reader.close()
        self._ended()
