"""Refusals about the files of a package; a class a slug, explained in docs/problems.md."""

from app.core.errors import CounterfoilError, ErrorKind


class FileAddressUnknown(CounterfoilError):
    """The exchange made no such address for this licence, its version and one of its files."""

    kind = ErrorKind.NOT_FOUND
    slug = "file-address-unknown"
    title = "No such file address"

    def __init__(self) -> None:
        super().__init__("Take the address from a manifest of this licence, unchanged.")


class FileAddressLapsed(CounterfoilError):
    """The address was good for a bounded time, which is over."""

    kind = ErrorKind.FORBIDDEN
    slug = "file-address-lapsed"
    title = "The file address has lapsed"

    def __init__(self, valid_until: str) -> None:
        super().__init__("Call the listing again for new addresses.", valid_until=valid_until)


class RangeNotSatisfiable(CounterfoilError):
    """The range lies outside the file."""

    kind = ErrorKind.RANGE_NOT_SATISFIABLE
    slug = "range-not-satisfiable"
    title = "The file has no such range"

    def __init__(self, size_bytes: int) -> None:
        super().__init__("Ask for bytes that the file has.", size_bytes=size_bytes)
        self.size_bytes = size_bytes


class DownloadsBusy(CounterfoilError):
    """The licence has as many downloads at once as it may."""

    kind = ErrorKind.RATE_LIMITED
    slug = "downloads-busy"
    title = "Too many downloads at once"

    def __init__(self, downloads_max: int) -> None:
        super().__init__(
            "Wait until another download of this licence has ended.",
            retry_after_seconds=5,
            downloads_max=downloads_max,
        )
